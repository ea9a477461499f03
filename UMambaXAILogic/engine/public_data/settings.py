"""What a user chooses when importing a public data set."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import UsageError
from .label_sets import LABEL_KINDS
from .nnunet_raw import DATASET_NUMBERS


@dataclass(frozen=True)
class ImportSettings:
    """How a data set is imported.

    Args:
        output: folder to write to; created if missing.
        labels: ``binary`` (one label, vessel) or ``multiclass`` (the released labels, renumbered without gaps).
        dataset_id: number of nnU-Net's data set.
        hold_out: share of the cases, 0 to below 1, that is kept out of nnU-Net's training set.
    """

    output: Path
    labels: str = "binary"
    dataset_id: int = 501
    hold_out: float = 0.0

    def __post_init__(self) -> None:
        if self.labels not in LABEL_KINDS:
            raise UsageError(f"The kind of labels {self.labels!r} is not known.", f"Choose {' or '.join(LABEL_KINDS)}.")
        if self.dataset_id not in DATASET_NUMBERS:
            raise UsageError(
                f"The data set number {self.dataset_id} is not between {DATASET_NUMBERS[0]} and {DATASET_NUMBERS[-1]}.",
                "Choose one that is free in your nnU-Net folders.",
            )
        if not 0 <= self.hold_out < 1:
            raise UsageError(f"The held-out share {self.hold_out:g} is not in 0 to below 1.", "Give 0.2 for a fifth.")

    def is_held_out(self, case: str) -> bool:
        """Whether a case is kept for testing.

        The name alone decides, so that a case stays where it is when more cases are imported later.
        """
        digits = hashlib.sha256(f"held out: {case}".encode()).hexdigest()[:8]
        return int(digits, 16) / 16**8 < self.hold_out

    def to_json(self) -> dict[str, Any]:
        """Everything but the output folder."""
        return {name: value for name, value in asdict(self).items() if name != "output"}
