"""Overlap of two voxel sets, from counts alone, so that counts of slices and cases can be added before dividing."""

from __future__ import annotations

from dataclasses import dataclass


def ratio(numerator: float, denominator: float) -> float | None:
    """``numerator / denominator``, or None where the denominator is 0: an empty set has no ratio."""
    return float(numerator) / float(denominator) if denominator else None


@dataclass(frozen=True)
class Overlap:
    """Sizes of a measured set, a reference set and their intersection, in voxels.

    The measured set is the prediction (Dice, IoU) or the attention at a threshold (IoU, F1, precision, recall).
    Overlaps add: the sum over slices or cases is the ``pooled`` overlap.
    """

    measured: int
    reference: int
    common: int

    def __post_init__(self) -> None:
        if not 0 <= self.common <= min(self.measured, self.reference):
            raise ValueError(f"{self.common} common voxels in sets of {self.measured} and {self.reference}")

    def __add__(self, other: Overlap) -> Overlap:
        return Overlap(self.measured + other.measured, self.reference + other.reference, self.common + other.common)

    @property
    def dice(self) -> float | None:
        """2 |A n B| / (|A| + |B|); None only where both sets are empty."""
        return ratio(2 * self.common, self.measured + self.reference)

    @property
    def f1(self) -> float | None:
        """The Dice coefficient under its name in retrieval: 0 where the reference exists and nothing is measured."""
        return self.dice

    @property
    def iou(self) -> float | None:
        """|A n B| / |A u B|; None only where both sets are empty."""
        return ratio(self.common, self.measured + self.reference - self.common)

    @property
    def precision(self) -> float | None:
        """|A n B| / |A|; None where nothing is measured."""
        return ratio(self.common, self.measured)

    @property
    def recall(self) -> float | None:
        """|A n B| / |B|; None where the reference is empty."""
        return ratio(self.common, self.reference)
