"""A volume in patient order, read one layer of blocks at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ..volume import Volume
from .blocks import BlockGrid
from .patient_axes import in_patient_order, patient_order


class Slabs:
    """Slabs of float32: what the compiled loops take, whatever type and order the volume is stored in.

    Args:
        volume: in any storage order.
        region: evaluation region on its grid, or None.
    """

    def __init__(self, volume: Volume, region: npt.NDArray[np.bool_] | None) -> None:
        order = patient_order(volume.geometry)
        self.geometry = in_patient_order(volume.geometry)
        self.grid = BlockGrid.over(self.geometry)
        self._array = order.apply(volume.array)
        self._region = None if region is None else order.apply(region)

    def __len__(self) -> int:
        return self.grid.counts[0]

    def slab(self, layer: int) -> npt.NDArray[np.float32]:
        """(slices, rows, columns), contiguous."""
        return np.ascontiguousarray(self._array[self.grid.slices(layer)], dtype=np.float32)

    def counted(self, layer: int, slab: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The values of a slab that belong to the region, (n,)."""
        if self._region is None:
            return slab.reshape(-1)
        return slab[self._region[self.grid.slices(layer)]]

    def __iter__(self) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        for layer in range(len(self)):
            yield layer, self.slab(layer)
