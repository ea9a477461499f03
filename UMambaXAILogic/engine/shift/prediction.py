"""What a model says about a volume, whichever model it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..volume import Volume
from .grid_steps import BoolArray, FloatMap


@dataclass(frozen=True)
class Prediction:
    """On the grid of the volume that was given.

    Args:
        pm: voxels of the target, bool (z, y, x).
        attention: float32 in [0, 1], (z, y, x); None where it was not asked for or there is none.
        warnings: codes of what the passes warned of.
    """

    pm: BoolArray
    attention: FloatMap | None
    warnings: tuple[str, ...] = ()


class Predict(Protocol):
    """A model, for those who need not know which."""

    def __call__(self, volume: Volume, region: BoolArray | None) -> Prediction:
        """Segment and explain a volume; the region, on its grid, limits what is explained."""
