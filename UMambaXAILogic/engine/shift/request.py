"""What is asked of a shift attribution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ..cohort.request import CohortRequest
from ..errors import UsageError
from ..request import Request
from .factor import Factor
from .strength import ORDER


@dataclass(frozen=True)
class ShiftRequest:
    """Interventions on the cases of one cohort toward another.

    Args:
        cases: manifest of the cases that are intervened on; those with a ground truth are used.
        goal: where they are moved: a stored profile, a manifest, a folder of volumes, or a cohort's result folder. The
            cohort gap is known where the goal's cases are scored (result folder), or can be (manifest with masks).
        output: folder for the results; created if missing. A run that was stopped goes on where it was.
        template: settings of every case, as for a cohort. Predictions are explained, never one kind of error.
        toward_source: the goal is the source: a direction that is approximate.
        count: use the first so many cases with a ground truth, of either side; None: all.
        factors: keys of the factors to intervene on; the others have no strength.
        strengths: factors whose strength is given, by key; the others' is estimated.
        explains: measure attention as well as Dice; takes about three times as long.
        cases_profile: stored profile of the cohort that ``cases`` belongs to; None: measure the cases used.
        label_extent_mm: right-left, anterior-posterior, superior-inferior extent of a smaller annotation, centred on
            the vessels; None: label extent is not asked about.
        label_extent_is_factor: it takes part as a sixth factor; else it is reported apart.
        score_in_view: score every coalition inside the smaller field of view only: what lies outside it, no model can
            find, and the other cohort's ground truth ends with its images.
        seed: of the noise, and of the bootstrap.
        workers, threads, scheduler: as for a cohort; no workers and no scheduler: in this process.
        restart: values that were computed with other settings are computed again instead of refused.
    """

    cases: Path
    goal: Path
    output: Path
    template: Request
    toward_source: bool = False
    count: int | None = None
    factors: tuple[str, ...] = ORDER
    strengths: Mapping[str, Factor] = field(default_factory=dict)
    explains: bool = True
    cases_profile: Path | None = None
    label_extent_mm: tuple[float, float, float] | None = None
    label_extent_is_factor: bool = False
    score_in_view: bool = False
    seed: int = 0
    workers: int | None = None
    threads: int | None = None
    scheduler: str | None = None
    restart: bool = False

    def __post_init__(self) -> None:
        if self.template.target.kind != "prediction":
            raise UsageError(
                f"Shift attribution was asked to explain the {self.template.target.kind.upper()} voxels.",
                "Explain the prediction: which voxels are errors differs between coalitions.",
            )
        if self.count is not None and self.count < 1:
            raise UsageError(f"{self.count} cases were asked for.", "Ask for at least 1.")
        if self.seed < 0:
            raise UsageError(f"The seed {self.seed} is negative.", "Give 0 or a positive whole number.")
        if not self.factors:
            raise UsageError("No factor was named.", f"Name one or more of: {', '.join(ORDER)}.")
        unused = [key for key in self.strengths if key not in self.factors]
        if unused:
            raise UsageError(
                f"A strength was given for {', '.join(unused)}, which is not among the factors "
                f"{', '.join(self.factors)}.",
                "Add it to the factors, or leave its strength out.",
            )
        if self.label_extent_mm is not None:
            if len(self.label_extent_mm) != 3 or not all(0 < mm < math.inf for mm in self.label_extent_mm):
                raise UsageError(
                    f"The label extent {self.label_extent_mm} is not three numbers above 0.",
                    "Give R-L, A-P, S-I in mm.",
                )
        elif self.label_extent_is_factor:
            raise UsageError(
                "Label extent was asked for as a factor without its size.", "Give one with --label-extent."
            )
        self.cohort_of(self.cases)  # refuses what a cohort refuses

    def cohort_of(self, manifest: Path) -> CohortRequest:
        """The cohort request with the same settings for the cases of a manifest."""
        return CohortRequest(
            manifest,
            self.output,
            replace(self.template, volume=manifest),
            workers=self.workers,
            threads=self.threads,
            scheduler=self.scheduler,
            restart=self.restart,
        )


def strength_of(factor: Factor) -> dict[str, Any]:
    """A factor's key and strength, JSON-ready."""
    return {"key": factor.key, **asdict(factor)}
