"""Slices as radiologists look at them: from the feet, patient's right on the left, front on top."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..grids import AxisOrder
from ..volume import Geometry


@dataclass(frozen=True)
class DisplayPlane:
    """How an array on a grid becomes a stack of pictures (slice, row, column), feet first.

    Args:
        order: of the array's axes.
        storage_slices: for each displayed slice, its index along ``Geometry.superior_axis``.
        spacing_mm: of slices, rows and columns.
        edges: letters at the left, right, top and bottom edge of a picture.
    """

    order: AxisOrder
    storage_slices: tuple[int, ...]
    spacing_mm: tuple[float, float, float]
    edges: tuple[str, str, str, str]

    def stack(self, array: npt.NDArray) -> npt.NDArray:
        """A view of an array (z, y, x) as (slice, row, column)."""
        return self.order.apply(array)


def display_plane(geometry: Geometry) -> DisplayPlane:
    """The plane of slices along ``geometry.superior_axis``; an oblique axis counts as the one it lies nearest to."""
    direction = np.reshape(geometry.direction, (3, 3))  # rows L, P, S; columns x, y, z
    superior = 2 - geometry.superior_axis
    first, second = (axis for axis in range(3) if axis != superior)
    in_line = abs(direction[0, first]) + abs(direction[1, second])
    crossed = abs(direction[0, second]) + abs(direction[1, first])
    left, posterior = (first, second) if in_line >= crossed else (second, first)
    backwards = (
        bool(direction[2, superior] < 0),
        bool(direction[1, posterior] < 0),
        bool(direction[0, left] < 0),
    )
    count = geometry.size[superior]
    slices = range(count - 1, -1, -1) if backwards[0] else range(count)
    return DisplayPlane(
        order=AxisOrder((2 - superior, 2 - posterior, 2 - left), backwards),
        storage_slices=tuple(slices),
        spacing_mm=(
            geometry.spacing_mm[superior],
            geometry.spacing_mm[posterior],
            geometry.spacing_mm[left],
        ),
        edges=("R", "L", "A", "P"),
    )
