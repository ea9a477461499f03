"""What may be chosen about the statistics of one case."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import UsageError

#: Of arXiv 2512.13977, table 1.
PAPER_WINDOW_HU = (0.0, 80.0)


@dataclass(frozen=True)
class DomainSettings:
    """Rows with the same settings can be compared and merged.

    Args:
        window_hu: of table 1, lowest and highest value, both included. Images in arbitrary units have no window.
        isotropic_mm: resample the vessel mask to cubes of this size before diameters are measured; None (default)
            measures on the grid it was drawn on.

    Raises:
        UsageError: a window that is empty or not finite; a voxel size that is not a number above 0.
    """

    window_hu: tuple[float, float] = PAPER_WINDOW_HU
    isotropic_mm: float | None = None

    def __post_init__(self) -> None:
        low, high = (float(value) for value in self.window_hu)
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise UsageError(
                f"The intensity window {low:g} to {high:g} HU is empty or not finite.",
                "Give the lower bound first, such as 0,80.",
            )
        object.__setattr__(self, "window_hu", (low, high))
        if self.isotropic_mm is not None and not 0 < self.isotropic_mm < math.inf:
            raise UsageError(
                f"The isotropic voxel size {self.isotropic_mm!r} mm is not a number above 0.",
                "Give millimetres, such as 0.5.",
            )
