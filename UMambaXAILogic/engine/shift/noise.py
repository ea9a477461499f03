"""Noise: added, or, toward a quieter scanner, taken off as far as that is possible."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter

from ..volume import Geometry, Volume
from .factor import CaseAnchors, Factor

#: Side of the square, in voxels of a slice, whose variance is taken for the local one when noise is taken off.
_NEIGHBOURHOOD = 7


@dataclass(frozen=True)
class Noise(Factor):
    """Adds white Gaussian noise; its variance adds to that of the noise there is.

    Taking noise off shrinks each voxel's deviation from the mean of its neighbourhood in the slice so that the local
    variance falls by ``std`` squared: flat regions end near the wanted level (from 10 to 8: 8.1; from 8 to 2.4: 3.1,
    for the neighbourhood's mean and variance are noisy themselves), edges keep their noise, fine detail goes. That is
    no inverse of adding noise.

    Args:
        std: in the volume's units, in quadrature; negative: taken off.
    """

    key = "noise"

    std: float

    def acts_on(self, geometry: Geometry, anchors: CaseAnchors) -> bool:
        """See ``Factor``."""
        return self.std != 0

    def approximate_on(self, geometry: Geometry, anchors: CaseAnchors) -> bool:
        """See ``Factor``."""
        return self.std < 0

    def change(self, volume: Volume, anchors: CaseAnchors) -> Volume:
        """See ``Factor``."""
        axis = volume.geometry.superior_axis
        result = np.empty(volume.array.shape, dtype=np.float32)
        planes, changed = np.moveaxis(volume.array, axis, 0), np.moveaxis(result, axis, 0)
        generator = np.random.Generator(np.random.PCG64(anchors.seed))
        for index, plane in enumerate(planes):
            if self.std > 0:
                drawn = generator.standard_normal(plane.shape, dtype=np.float32)
                changed[index] = plane + np.float32(self.std) * drawn
            else:
                changed[index] = _quieter(plane.astype(np.float64), self.std**2)
        return replace(volume, array=result)


def _quieter(plane: npt.NDArray[np.float64], variance: float) -> npt.NDArray[np.float64]:
    centred = plane - plane.mean()  # of large values, squares would cancel badly
    mean = uniform_filter(centred, _NEIGHBOURHOOD, mode="mirror")
    local = uniform_filter(centred**2, _NEIGHBOURHOOD, mode="mirror") - mean**2
    count = _NEIGHBOURHOOD**2
    local = np.maximum(local, 1e-12) * (count / (count - 1))
    return plane + (centred - mean) * (np.sqrt(np.maximum(1 - variance / local, 0)) - 1)
