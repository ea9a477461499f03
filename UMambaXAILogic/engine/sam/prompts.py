"""The slices that are prompted, each with the box of the region in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..embedding.box import PromptBox, bounding_box
from ..grids import AxisOrder, order_towards, orientation_code, reordered
from ..volume import Volume
from .placement import Placement, place

#: How slices are shown to the network whatever the storage order: axial, front up, the patient's right on the left.
DISPLAY_ORIENTATION = "LPS"


@dataclass(frozen=True)
class PromptedSlices:
    """Axial slices of a volume that hold some of the region.

    Args:
        order: from the volume's storage to axial slices as they are displayed.
        values: (all slices, rows, columns) of the volume in that order.
        numbers: of the prompted slices.
        boxes: of each prompted slice, in pixels.
        placement: of every slice in the network's frame.
    """

    order: AxisOrder
    values: npt.NDArray
    numbers: tuple[int, ...]
    boxes: tuple[PromptBox, ...]
    placement: Placement

    def to_input(self, prompted: npt.NDArray) -> npt.NDArray:
        """(prompted slices, rows, columns) -> the volume's grid, 0 in all other slices."""
        full = np.zeros(self.values.shape, dtype=prompted.dtype)
        full[list(self.numbers)] = prompted
        return np.ascontiguousarray(self.order.inverse.apply(full))

    @property
    def covered(self) -> npt.NDArray[np.bool_]:
        """The prompted slices as a mask on the volume's grid."""
        shape = (len(self.numbers), *self.values.shape[1:])
        return self.to_input(np.ones(shape, dtype=bool))

    @property
    def boxed(self) -> npt.NDArray[np.bool_]:
        """The boxes as a mask on the volume's grid."""
        return self.to_input(np.stack([box.mask(self.values.shape[1:]) for box in self.boxes]))


def prompt_slices(volume: Volume, region: npt.NDArray[np.bool_], frame: int) -> PromptedSlices:
    """Find slices and boxes.

    Args:
        volume: as read.
        region: (z, y, x) on its grid, with at least one True voxel.
        frame: side of the network's image.
    """
    order = order_towards(orientation_code(volume.geometry), DISPLAY_ORIENTATION)
    geometry = reordered(volume.geometry, order)
    values, inside = order.apply(volume.array), order.apply(region)
    numbers = tuple(int(number) for number in np.flatnonzero(inside.any(axis=(1, 2))))
    boxes = tuple(bounding_box(inside[number]) for number in numbers)
    rows, columns = geometry.shape[1:]
    spacing_x, spacing_y, _ = geometry.spacing_mm
    return PromptedSlices(order, values, numbers, boxes, place((rows, columns), (spacing_y, spacing_x), frame))
