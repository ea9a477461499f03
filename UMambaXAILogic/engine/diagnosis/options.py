"""What can be chosen in a diagnosis."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from typing import Any

from ..errors import UsageError
from ..request import JOINT_DICE_CUTOFF, JOINT_F1_CUTOFF, VerdictCutoffs


@dataclass(frozen=True)
class DiagnosisOptions:
    """Choices that do not need the cases to be computed again.

    Args:
        source_name: how the report calls the source cohort; None: its folder's name.
        target_name: likewise.
        threshold: attention threshold that is reported and judged; None: the cohorts' own. Slices, table 11 and excess
            alignment exist only at the cohorts' own.
        cutoffs: of the verdict.
        joint_dice_cutoff: table 11 calls a slice's Dice good from here on.
        joint_f1_cutoff: table 11 calls a slice's XAI-GT F1 good from here on.
        fold_false_positive: count slices with prediction but no truth as ``worst`` in table 8, as the paper seems to.
        exclude_false_positive: leave such slices out of table 11, where they otherwise count as bad and bad.
        paired: the cohorts hold the same cases (two models, two reconstructions): compare case by case.
        anonymise: replace case names by hashes; None: those that look like DICOM identifiers.
        paper: put the published numbers beside the tables.
        examples: how many cases of each kind to look at, per cohort.
        seed: of bootstraps and permutation tests.

    Raises:
        UsageError: a value that is impossible.
    """

    source_name: str | None = None
    target_name: str | None = None
    threshold: float | None = None
    cutoffs: VerdictCutoffs = field(default_factory=VerdictCutoffs)
    joint_dice_cutoff: float = JOINT_DICE_CUTOFF
    joint_f1_cutoff: float = JOINT_F1_CUTOFF
    fold_false_positive: bool = False
    exclude_false_positive: bool = False
    paired: bool = False
    anonymise: bool | None = None
    paper: bool = False
    examples: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        values = {
            "threshold": self.threshold,
            "joint Dice cut-off": self.joint_dice_cutoff,
            "joint F1 cut-off": self.joint_f1_cutoff,
            "verdict cut-off 'high'": self.cutoffs.high,
            "verdict cut-off 'low'": self.cutoffs.low,
            "verdict cut-off 'gap'": self.cutoffs.gap,
        }
        for name, value in values.items():
            if value is not None and not (math.isfinite(value) and 0 <= value <= 1):
                raise UsageError(f"The {name} {value!r} is not between 0 and 1.")
        if self.cutoffs.low > self.cutoffs.high:
            raise UsageError(
                f"The verdict's cut-off 'low' {self.cutoffs.low:g} is above 'high' {self.cutoffs.high:g}.",
                "Low attention must be less than high attention.",
            )
        if self.examples < 0:
            raise UsageError(f"{self.examples} cases to look at is not a number of at least 0.")

    def to_json(self) -> dict[str, Any]:
        """Field ``options`` of report.json."""
        return dataclasses.asdict(self)
