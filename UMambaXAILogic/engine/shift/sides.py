"""The two cohorts of a shift attribution: their cases, and how far the one is from the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..cohort.manifest import Manifest, ManifestCase, read_manifest
from ..domain.cohort_source import is_stored, read_profile_source
from ..domain.measure_cases import Measuring, measure_cases
from ..domain.profile import Profile
from ..domain.settings import DomainSettings
from ..errors import InputError
from ..progress import Reporter
from .estimate import estimate_factors
from .goal import is_cohort_folder
from .request import ShiftRequest
from .strength import NOT_IN_PROFILES, ChosenFactor, choose_factors

_MANIFEST_NAME = "manifest.csv"


@dataclass(frozen=True)
class Side:
    """Cases of one cohort that can be scored.

    Args:
        manifest: that names them.
        cases: those with a ground truth, as many as wanted.
        without_truth: how many were left out for lack of one.
    """

    manifest: Manifest
    cases: tuple[ManifestCase, ...]
    without_truth: int


def start_side(request: ShiftRequest, reporter: Reporter) -> Side:
    """The cases that are intervened on.

    Raises:
        InputError: the manifest cannot be used, or none of its cases has a ground truth.
    """
    side = _side(request.cases, request.count, reporter)
    if not side.cases:
        raise InputError(
            f"No case of {side.manifest.path} has a ground truth: there is no Dice to lose.", "Fill the column gt."
        )
    return side


def goal_side(request: ShiftRequest, reporter: Reporter) -> Side | None:
    """The cases of the other cohort that are predicted here, so that the cohort gap is known; None without a manifest.

    Raises:
        InputError: the manifest cannot be used.
    """
    path = request.goal
    is_manifest = path.suffix.lower() == ".csv" or (path / _MANIFEST_NAME).is_file()
    if not is_manifest or is_stored(path) or is_cohort_folder(path):
        return None
    return _side(path, request.count, reporter)


def find_strengths(
    request: ShiftRequest, start: Side, goal: Side | None, reporter: Reporter
) -> tuple[ChosenFactor, ...]:
    """The five factors with their strengths; images are measured only where a strength has to be estimated.

    Raises:
        InputError: a profile cannot be read, or no case of a cohort can be measured.
        CancelledError: the reporter asked to stop.
    """
    unknown = set(request.factors) - set(request.strengths) - set(NOT_IN_PROFILES)
    if not unknown:
        return choose_factors(request.factors, request.strengths, {})
    # What is stored comes first: volumes are then measured with the settings it was made with.
    here = None if request.cases_profile is None else read_profile_source(request.cases_profile).profile
    settings = here.settings if here is not None else None
    if goal is not None and goal.cases:
        there = _measured(goal, request, settings, reporter)
    else:
        how = Measuring(settings or DomainSettings())
        there = read_profile_source(request.goal, how=how, reporter=reporter).profile
    if here is None:
        here = _measured(start, request, there.settings, reporter)
    estimates = estimate_factors(here, there, request.toward_source)
    return choose_factors(request.factors, request.strengths, estimates)


def _side(path: Path, count: int | None, reporter: Reporter) -> Side:
    manifest = read_manifest(path / _MANIFEST_NAME if path.is_dir() else path)
    for warning in manifest.warnings:
        reporter.warning(warning.code, warning.message)
    scored = [case for case in manifest.cases if case.ground_truth is not None]
    return Side(manifest, tuple(scored[:count]), len(manifest.cases) - len(scored))


def _measured(side: Side, request: ShiftRequest, settings: DomainSettings | None, reporter: Reporter) -> Profile:
    """Domain statistics of the cases that are used; those that cannot be measured are left out here and told."""
    how = Measuring(settings or DomainSettings(), resample_masks=request.template.resample_ground_truth)
    measured = measure_cases(side.cases, how, reporter=reporter)
    failed = [case.failed for case in measured if case.failed is not None]
    for case in failed:
        reporter.warning("case_not_measured", f"{case.case} is left out of the strengths: {case.reason}")
    rows = tuple(case.row for case in measured if case.row is not None)
    if not rows:
        raise InputError(
            f"No case of {side.manifest.path} could be measured; the first: {failed[0].reason}", "Correct these files."
        )
    return Profile(side.manifest.path.stem, how.settings, rows)
