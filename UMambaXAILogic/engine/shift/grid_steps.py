"""How a factor changes the grid, and how masks and maps go there and come back.

Grids before and after share their outer faces (slices) or their voxels (crop), so nothing has to be searched in
patient space and a way forth and back is exact wherever the grid allows it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..volume import Geometry
from .slice_weights import resample_slices

BoolArray = npt.NDArray[np.bool_]
FloatMap = npt.NDArray[np.float32]


class GridStep(Protocol):
    """One change of grid."""

    def new_geometry(self) -> Geometry:
        """The grid after the step."""

    def mask_forth(self, mask: BoolArray) -> BoolArray:
        """A mask of the grid before on the grid after."""

    def mask_back(self, mask: BoolArray) -> BoolArray:
        """A mask of the grid after on the grid before."""

    def map_forth(self, attention: FloatMap) -> FloatMap:
        """A map in [0, 1] of the grid before on the grid after."""

    def map_back(self, attention: FloatMap) -> FloatMap:
        """A map in [0, 1] of the grid after on the grid before, not normalised again."""


@dataclass(frozen=True)
class Crop:
    """A box of voxels is kept. What comes back is background outside the box.

    Args:
        before: the grid that is cropped.
        box: slices along (z, y, x), not empty.
    """

    before: Geometry
    box: tuple[slice, slice, slice]

    def new_geometry(self) -> Geometry:
        """See ``GridStep``."""
        first = [axis.start for axis in self.box[::-1]]
        origin = self.before.affine_lps @ (*first, 1.0)
        x, y, z = (axis.stop - axis.start for axis in self.box[::-1])
        return replace(self.before, size=(x, y, z), origin_mm=(float(origin[0]), float(origin[1]), float(origin[2])))

    def mask_forth(self, mask: BoolArray) -> BoolArray:
        """See ``GridStep``."""
        return mask[self.box]

    def mask_back(self, mask: BoolArray) -> BoolArray:
        """See ``GridStep``."""
        return self._placed(mask)

    def map_forth(self, attention: FloatMap) -> FloatMap:
        """See ``GridStep``."""
        return attention[self.box]

    def map_back(self, attention: FloatMap) -> FloatMap:
        """See ``GridStep``."""
        return self._placed(attention)

    def _placed(self, array: npt.NDArray) -> npt.NDArray:
        full = np.zeros(self.before.shape, dtype=array.dtype)
        full[self.box] = array
        return full


@dataclass(frozen=True)
class NewSlices:
    """Another number of slices over the same extent.

    A mask's voxel belongs to it on the other grid where at least half of it did, as when predictions return from the
    network's grid.

    Args:
        before: the grid before.
        slices: how many there are after, at least 1.
    """

    before: Geometry
    slices: int

    def new_geometry(self) -> Geometry:
        """See ``GridStep``."""
        column = 2 - self.before.superior_axis  # of the direction matrix, which counts x, y, z
        size, spacing = list(self.before.size), list(self.before.spacing_mm)
        old_mm = spacing[column]
        spacing[column] = old_mm * size[column] / self.slices
        size[column] = self.slices
        along = np.reshape(self.before.direction, (3, 3))[:, column]
        origin = np.asarray(self.before.origin_mm) + along * (spacing[column] - old_mm) / 2
        return replace(
            self.before,
            size=(size[0], size[1], size[2]),
            spacing_mm=(spacing[0], spacing[1], spacing[2]),
            origin_mm=(float(origin[0]), float(origin[1]), float(origin[2])),
        )

    def mask_forth(self, mask: BoolArray) -> BoolArray:
        """See ``GridStep``."""
        return self._mask(mask, self.slices)

    def mask_back(self, mask: BoolArray) -> BoolArray:
        """See ``GridStep``."""
        return self._mask(mask, self._old_slices)

    def map_forth(self, attention: FloatMap) -> FloatMap:
        """See ``GridStep``."""
        return self._map(attention, self.slices)

    def map_back(self, attention: FloatMap) -> FloatMap:
        """See ``GridStep``."""
        return self._map(attention, self._old_slices)

    @property
    def _old_slices(self) -> int:
        return self.before.shape[self.before.superior_axis]

    def _map(self, attention: FloatMap, slices: int) -> FloatMap:
        return np.clip(resample_slices(attention, self.before.superior_axis, slices), 0, 1)

    def _mask(self, mask: BoolArray, slices: int) -> BoolArray:
        share = resample_slices(mask.astype(np.float32), self.before.superior_axis, slices)
        return share >= np.float32(0.5 - 1e-6)  # an exact half, whichever way its weights were rounded
