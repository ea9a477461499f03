"""Labels onto the volume they belong to: the same voxels by position, or not at all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .. import grids
from ..volume import Geometry, Volume
from .box import Box, whole
from .sample import LeaveOut


def nearest_lps(volume: Volume) -> Volume:
    """The same voxels stored in the order whose axes point nearest to left, posterior, superior; nothing is resampled.

    Files in one order are read alike by every program, those that ignore orientation included.
    """
    code = grids.orientation_code(volume.geometry)
    if code == "LPS":
        return volume
    order = grids.order_towards(code, "LPS")
    array = np.ascontiguousarray(order.apply(volume.array))
    return Volume(array, grids.reordered(volume.geometry, order), volume.is_phantom)


def labels_onto(labels: Volume, geometry: Geometry) -> tuple[npt.NDArray, Box]:
    """Labels on a volume's grid, by position.

    The labels may be stored in another axis order and may cover fewer or more voxels than the volume, as long as
    their voxel centres are voxel centres of the volume (within ``grids.SAME_GRID_TOLERANCE_VOXELS``). Voxels that
    they do not cover get 0.

    Args:
        labels: as read.
        geometry: the volume's grid.

    Returns:
        Values (z, y, x) on ``geometry`` in the labels' type, and the box that the labels cover.

    Raises:
        LeaveOut: another lattice (``other_grid``), or labelled voxels outside the volume (``labels_outside``).
    """
    order = grids.order_towards(grids.orientation_code(labels.geometry), grids.orientation_code(geometry))
    array, placed = order.apply(labels.array), grids.reordered(labels.geometry, order)
    offset = _offset_voxels(placed, geometry)
    if offset is None:
        raise LeaveOut(
            "other_grid",
            "its mask lies on another grid than its image ('!' marks what differs):\n"
            + grids.side_by_side("image", geometry, "mask", placed),
        )
    z, y, x = (int(steps) for steps in offset)
    stretch = Box((z, y, x), (z + array.shape[0], y + array.shape[1], x + array.shape[2]))
    covered = stretch.within(whole(geometry.shape))
    inside = tuple(
        slice(low - start, high - start)
        for low, high, start in zip(covered.low, covered.high, stretch.low, strict=True)
    )
    kept = array[inside] if covered.voxels else array[:0, :0, :0]
    outside = int(np.count_nonzero(array)) - int(np.count_nonzero(kept))
    if outside:
        raise LeaveOut(
            "labels_outside",
            f"{outside} labelled voxels of its mask lie outside its image:\n"
            + grids.side_by_side("image", geometry, "mask", placed),
        )
    if covered == whole(geometry.shape):
        return np.ascontiguousarray(kept), covered
    result = np.zeros(geometry.shape, dtype=array.dtype)
    if covered.voxels:
        result[covered.slices] = kept
    return result, covered


def _offset_voxels(placed: Geometry, geometry: Geometry) -> npt.NDArray[np.int64] | None:
    """Where the first voxel of ``placed`` lies on ``geometry`` (z, y, x); None where the lattices differ."""
    # Positions are affine in the index, so the largest misfit is found at a corner.
    indices = np.linalg.solve(
        geometry.affine_lps[:3, :3], (grids.corners_mm(placed) - np.asarray(geometry.origin_mm)).T
    ).T
    first = np.rint(indices[0])
    steps = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * (np.array(placed.size) - 1)
    if np.abs(indices - (first + steps)).max() > grids.SAME_GRID_TOLERANCE_VOXELS:
        return None
    return first[::-1].astype(np.int64)
