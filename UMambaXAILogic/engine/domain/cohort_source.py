"""What a user names as a cohort -> its rows: a folder of volumes, a manifest, a stored profile, a cohort's results."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..cohort.manifest import ManifestCase, read_manifest
from ..errors import InputError, UsageError
from ..progress import Reporter
from ..volume_io.facts import InputWarning
from .folder_cases import find_cases, is_volume_file, match_masks
from .measure_cases import FailedCase, MeasuredCase, Measuring, measure_cases
from .profile import PROFILE_NAME, Profile, read_profile

_MANIFEST_NAME = "manifest.csv"
_MANIFEST_ENDINGS = (".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class CohortSource:
    """A cohort's rows, and what is missing from them.

    Args:
        profile: the rows of the cases that could be measured.
        failed: the others.
    """

    profile: Profile
    failed: tuple[FailedCase, ...] = ()


def is_stored(path: Path) -> bool:
    """Whether ``path`` is a profile, or a folder with one, rather than volumes."""
    return path.suffix.lower() == ".json" or (path / PROFILE_NAME).is_file()


def read_profile_source(
    path: Path,
    masks: Path | None = None,
    *,
    name: str | None = None,
    how: Measuring | None = None,
    workers: int = 1,
    reporter: Reporter | None = None,
) -> CohortSource:
    """Read or measure a cohort.

    Args:
        path: a stored profile; a cohort's result folder; a manifest, or a folder with ``manifest.csv``; a folder of
            volumes (see ``find_cases``); one volume.
        masks: vessel masks of a folder of volumes, or of a manifest that names none; matched by name.
        name: of the profile; None for the file's or the folder's.
        how: settings to measure with; None for the defaults. A stored profile keeps its own.
        workers: processes that measure at the same time.
        reporter: told of progress and warnings; may cancel.

    Raises:
        InputError: the path cannot be read, is ambiguous, or none of its cases can be measured.
        UsageError: masks were named beside what has its own.
        CancelledError: the reporter asked to stop.
    """
    reporter = reporter or Reporter()
    if not path.exists():
        raise InputError(f"{path} does not exist.", "Check the path.")
    if is_stored(path):
        return CohortSource(_stored(path, masks, name))
    cases, warnings = _cases(path, masks)
    for warning in warnings:
        reporter.warning(warning.code, warning.message)
    how = how or Measuring()
    measured = measure_cases(cases, how, workers, reporter)
    _tell(measured, reporter)
    rows = tuple(case.row for case in measured if case.row is not None)
    failed = tuple(case.failed for case in measured if case.failed is not None)
    if not rows:
        raise InputError(_failures(path, failed), "Correct these files.")
    return CohortSource(Profile(name or _name(path), how.settings, rows), failed)


def _stored(path: Path, masks: Path | None, name: str | None) -> Profile:
    if masks is not None:
        raise UsageError(
            f"Masks {masks} were named for {path}, which holds the figures of a cohort and not its volumes.",
            "Leave the masks out.",
        )
    if path.is_dir():
        _refuse_cases_beside(path)
        path = path / PROFILE_NAME
    profile = read_profile(path)
    return profile if name is None else replace(profile, name=name)


def _refuse_cases_beside(folder: Path) -> None:
    """A profile may be older than the cases it lies beside; no one but the user knows which are meant."""
    others = sorted(file.name for file in folder.iterdir() if file.name == _MANIFEST_NAME or is_volume_file(file))
    if others:
        raise InputError(
            f"{folder} holds a stored profile and {others[0]}.",
            f"Name {folder / PROFILE_NAME} to use the profile, or move it elsewhere to measure the volumes.",
        )


def _cases(path: Path, masks: Path | None) -> tuple[Sequence[ManifestCase], Sequence[InputWarning]]:
    if path.is_dir() and (path / _MANIFEST_NAME).is_file():
        path = path / _MANIFEST_NAME
    elif path.is_dir() and (path / "cases").is_dir() and (path / "summary.json").is_file():
        raise InputError(
            f"{path} is the result folder of a cohort, but has no {PROFILE_NAME}: no case of it is done.",
            "Let 'umamba-xai cohort' finish it.",
        )
    elif path.is_dir() or is_volume_file(path):
        found = find_cases(path, masks)
        return found.cases, found.warnings
    elif path.suffix.lower() not in _MANIFEST_ENDINGS:
        raise InputError(
            f"{path} is neither a folder, nor a manifest (CSV), nor a stored profile (JSON), nor a volume.",
            "Name one of these.",
        )
    manifest = read_manifest(path)
    warnings = [*manifest.warnings, *_domain_warnings(manifest.cases, path)]
    if masks is None:
        return manifest.cases, warnings
    if any(case.ground_truth is not None for case in manifest.cases):
        raise UsageError(
            f"Masks {masks} were named for {path}, whose column gt names them already.", "Leave the masks out."
        )
    matched = match_masks(manifest.cases, masks)
    return matched.cases, [*warnings, *matched.warnings]


def _domain_warnings(cases: Sequence[ManifestCase], path: Path) -> list[InputWarning]:
    domains = Counter(case.domain for case in cases if case.domain is not None)
    if len(domains) < 2:
        return []
    counts = ", ".join(f"{domain} ({count})" for domain, count in domains.items())
    return [
        InputWarning("several_domains", f"{path.name} names several domains: {counts}. They count as one cohort here.")
    ]


def _tell(measured: Sequence[MeasuredCase], reporter: Reporter) -> None:
    """Every failed case, and every kind of warning once: a cohort of hundreds often has the same one in all."""
    warnings: dict[str, list[str]] = {}
    for case in measured:
        if case.failed is not None:
            reporter.warning("case_failed", f"{case.failed.case} is left out: {case.failed.reason}")
        for warning in case.warnings:
            warnings.setdefault(warning.code, []).append(warning.message)
    for code, messages in warnings.items():
        where = f"In {len(messages)} of {len(measured)} cases, for example: " if len(messages) > 1 else ""
        reporter.warning(code, f"{where}{messages[0]}")


def _failures(path: Path, failed: Sequence[FailedCase]) -> str:
    listed = "".join(f"  {case.case}: {' '.join(case.reason.split())}\n" for case in failed)
    none = "The only case" if len(failed) == 1 else f"None of the {len(failed)} cases"
    return f"{none} of {path} could {'not ' if len(failed) == 1 else ''}be measured:\n{listed}"


def _name(path: Path) -> str:
    """The folder's name, or the file's unless it is only called a manifest."""
    path = path.resolve()
    if path.is_dir():
        return path.name
    return path.parent.name if path.name == _MANIFEST_NAME else path.name.partition(".")[0]
