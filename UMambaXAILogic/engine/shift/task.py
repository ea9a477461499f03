"""One case as a process computes it: read, intervened on, predicted, scored; values on disk as they come."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..case.input import CaseInput, read_case
from ..case.plan import ModelLoader, plan_case
from ..case.record import CaseRecord
from ..errors import InputError
from ..progress import Reporter
from ..request import Request
from ..volume import Geometry
from .case import CaseRun, ShiftCase
from .case_values import CaseValues
from .factor import CaseAnchors, Factor
from .grid_steps import BoolArray, Crop
from .network import Network
from .request import strength_of
from .scoring import Truth, annotated_box, centroid_mm


@dataclass(frozen=True)
class ShiftTask:
    """What travels to the process that computes a case.

    Args:
        request: of the case; it has a ground truth.
        factors: in their fixed order; none: the case is only predicted and scored.
        values: file of the case's values.
        explains, label_extent_mm, score_in_view, seed: as in ``ShiftRequest``.
        threads: CPU threads to compute with; None: as ``sharing`` says.
        sharing: workers on the same machine that share its cores; None: threads stay as the process was started with.
    """

    request: Request
    factors: tuple[Factor, ...]
    values: Path
    explains: bool
    label_extent_mm: tuple[float, float, float] | None
    score_in_view: bool
    seed: int
    threads: int | None = None
    sharing: int | None = None

    @property
    def case(self) -> str:
        """Name of the case."""
        assert self.request.case is not None  # it comes from a manifest
        return self.request.case

    @property
    def key(self) -> str:
        """Of the case among those of both cohorts, whose names may be the same."""
        return f"{self.values.parent.parent.name}/{self.case}"

    def fingerprint(self, request_fingerprint: str) -> str:
        """Of everything the values depend on.

        Args:
            request_fingerprint: of request, model and files.
        """
        body: dict[str, Any] = {
            "request": request_fingerprint,
            "factors": [strength_of(factor) for factor in self.factors],
            "explains": self.explains,
            "label_extent_mm": self.label_extent_mm,
            "score_in_view": self.score_in_view,
            "seed": self.seed,
        }
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def compute_values(
    task: ShiftTask,
    load: ModelLoader,
    reporter: Reporter,
    told: Callable[[float], None] = lambda seconds: None,
) -> CaseValues:
    """Compute what is not known yet of a case.

    Args:
        task: the case.
        load: keeps the model between cases.
        reporter: hears of warnings, and is asked whether to stop.
        told: called after every pass of the model with the seconds it took.

    Raises:
        InputError: the case cannot be read, has no ground truth where it is scored, or too little of it is left after
            an intervention.
        UMambaXAIError: as ``run_case``.
    """
    plan = plan_case(task.request, CaseRecord(Reporter()), load)
    fingerprint = task.fingerprint(plan.fingerprint)
    known = known_values(task, fingerprint)
    if known is not None and known.is_complete(task.factors):
        return known
    read = read_case(task.request, plan.model, plan.score.target, _OfOneCase(task.case, reporter))
    network = Network(plan, read.facts, task.explains, reporter)
    task.values.parent.mkdir(parents=True, exist_ok=True)
    return CaseRun(_shift_case(task, read), task.factors, network, task.values, fingerprint, told).run()


def known_values(task: ShiftTask, fingerprint: str) -> CaseValues | None:
    """What an earlier run left of a case with the same settings; None where it left nothing.

    Raises:
        InputError: the file is damaged.
    """
    if not task.values.exists():
        return None
    values = CaseValues.read(task.values)
    return values if values.fingerprint == fingerprint else None


def _shift_case(task: ShiftTask, read: CaseInput) -> ShiftCase:
    vessels, geometry = read.ground_truth, read.volume.geometry
    assert vessels is not None  # cases without are left out
    scored = vessels if read.region is None else vessels & read.region
    if not scored.any():
        where = "" if read.region is None else " inside the evaluation region"
        raise InputError(
            f"The ground truth of {task.case} has no voxel of the target{where}: there is no Dice to lose.",
            "Leave the case out, or name the labels that count with --gt-label.",
        )
    anchors = CaseAnchors(centroid_mm(scored, geometry), _noise_seed(task.seed, task.case))
    region = read.region
    if task.score_in_view:
        view = _view(task, geometry, anchors)
        region = view if region is None else region & view
    annotated = (
        None if task.label_extent_mm is None else annotated_box(geometry, anchors.centre_mm, task.label_extent_mm)
    )
    truth = Truth(vessels, region, task.request.reporting_threshold, annotated)
    return ShiftCase(task.case, read.volume, truth, anchors)


def _view(task: ShiftTask, geometry: Geometry, anchors: CaseAnchors) -> BoolArray:
    """What every coalition sees of the case's own grid."""
    view = np.ones(geometry.shape, dtype=bool)
    for factor in task.factors:
        step = factor.step(geometry, anchors)
        if isinstance(step, Crop):
            view = step.mask_back(step.mask_forth(view))
    return view


def _noise_seed(seed: int, case: str) -> int:
    """Another draw for every case, the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{case}".encode()).digest()[:8], "little")


class _OfOneCase(Reporter):
    """Says which case a warning is about."""

    def __init__(self, case: str, listener: Reporter) -> None:
        super().__init__()
        self._case, self._listener = case, listener

    def warning(self, code: str, message: str) -> None:
        """See ``Reporter.warning``."""
        self._listener.warning(code, f"{self._case}: {message}")
