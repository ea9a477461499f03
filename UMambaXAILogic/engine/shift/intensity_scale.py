"""Intensity scale: another contrast phase, tube voltage or calibration, as one affine map of all values."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..volume import Geometry, Volume
from .factor import CaseAnchors, Factor


@dataclass(frozen=True)
class IntensityScale(Factor):
    """x -> scale x + shift.

    Args:
        scale: above 0; 1 leaves differences as they are.
        shift: in the volume's units.
    """

    key = "intensity_scale"
    rounds = True

    scale: float
    shift: float

    def acts_on(self, geometry: Geometry, anchors: CaseAnchors) -> bool:
        """See ``Factor``."""
        return (self.scale, self.shift) != (1.0, 0.0)

    def approximate_on(self, geometry: Geometry, anchors: CaseAnchors) -> bool:
        """See ``Factor``."""
        return False

    def change(self, volume: Volume, anchors: CaseAnchors) -> Volume:
        """See ``Factor``."""
        return replace(volume, array=volume.array * np.float32(self.scale) + np.float32(self.shift))

    def at_zero_strength(self, volume: Volume) -> Volume:
        """See ``Factor``: mapped forth and back."""
        mapped = volume.array * np.float32(self.scale) + np.float32(self.shift)
        return replace(volume, array=(mapped - np.float32(self.shift)) / np.float32(self.scale))
