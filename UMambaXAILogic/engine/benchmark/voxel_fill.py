"""What takes the place of single voxels, wherever a map puts them.

The fills of regions (``intervention.fills``) have one value for one region. The voxels that a map ranks first are a
scattered set, so each of them gets a value of its own, by the same rule: tissue within 3 mm that is neither removed nor
target; the mean of the volume; or the image blurred with 3 mm.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..alignment.shell import bounding_box
from ..intervention import FillSource, make_fill
from ..intervention.fills import SHELL_MM

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.floating]

#: Below this weight a box mean over floats is rounding, not tissue.
_LEAST_WEIGHT = 1e-6


class VoxelFill:
    """Values for any set of voxels.

    Args:
        kind: ``shell``, ``mean`` or ``blur``.
        source: the image on the network grid, and the target that must not enter a mean.
    """

    def __init__(self, kind: str, source: FillSource) -> None:
        self._source = source
        self._other = None if kind == "shell" else make_fill(kind, source)

    def filled(self, selected: BoolArray) -> FloatArray:
        """The image with these voxels filled: (channels, z, y, x), a copy.

        Args:
            selected: (z, y, x).
        """
        image = self._source.data.copy()
        box = bounding_box(selected)
        if box is None:
            return image
        if self._other is not None:
            values = np.broadcast_to(self._other(selected[box], box), image[(slice(None), *box)].shape)
        else:
            values, box = self._tissue_around(selected, box)
        image[:, selected] = values[:, selected[box]]
        return image

    def erased(self) -> FloatArray:
        """The image with every voxel filled: what is left when nothing of the target, or nothing at all, is shown."""
        if self._other is not None:
            values = self._other(np.ones(self._source.target.shape, bool), self._everywhere)
            return np.broadcast_to(values, self._source.data.shape).astype(self._source.data.dtype)
        values, _ = self._means(np.zeros_like(self._source.target), self._everywhere)
        return values.astype(self._source.data.dtype)

    @property
    def _everywhere(self) -> tuple[slice, ...]:
        return tuple(slice(0, size) for size in self._source.target.shape)

    def _tissue_around(self, selected: BoolArray, box: tuple[slice, ...]) -> tuple[FloatArray, tuple[slice, ...]]:
        """Values in a box that holds the selected voxels and the tissue near them."""
        wide = tuple(
            slice(max(0, part.start - reach), min(size, part.stop + reach))
            for part, reach, size in zip(box, self._reach, selected.shape, strict=True)
        )
        return self._means(selected[wide], wide)

    @property
    def _reach(self) -> list[int]:
        """Voxels on either side, per axis; at least the neighbour."""
        return [max(1, round(SHELL_MM / spacing)) for spacing in self._source.spacing_mm]

    def _means(self, selected: BoolArray, box: tuple[slice, ...]) -> tuple[FloatArray, tuple[slice, ...]]:
        """Mean of what is neither selected nor target around each voxel of the box; else the nearest such voxel."""
        source = self._source
        data = source.data[(slice(None), *box)].astype(np.float64)
        tissue = ~(selected | source.target[box])
        if not tissue.any():
            means = source.data.reshape(len(source.data), -1).mean(axis=1, dtype=np.float64)
            return np.broadcast_to(means[:, None, None, None], data.shape), box
        size: list[int] = [2 * reach + 1 for reach in self._reach]
        weight = ndimage.uniform_filter(tissue.astype(np.float64), size, mode="constant")
        values = np.stack([ndimage.uniform_filter(channel * tissue, size, mode="constant") for channel in data])
        lonely = weight < _LEAST_WEIGHT
        values /= np.where(lonely, 1.0, weight)
        if lonely.any():
            nearest = ndimage.distance_transform_edt(
                ~tissue, sampling=source.spacing_mm, return_distances=False, return_indices=True
            )
            values[:, lonely] = data[(slice(None), *nearest[:, lonely])]
        return values, box
