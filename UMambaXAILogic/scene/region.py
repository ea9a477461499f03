"""A ROI node or a segment -> the region in which targets are looked for and metrics are counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import vtk

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.request import Region

from .grid import Grid, local_grid, numpy_matrix, parent_to_world, world_to_local
from .in_pieces import SMALL_PIECE_VOXELS, Pieces, holds_any, positive, share, slabs
from .label_export import label_volume_in_pieces, segments_in_pieces
from .nrrd_output import write_in_pieces
from .stepwise import do_all

Box = tuple[float, float, float, float, float, float]
_AXIS_TOLERANCE = 1e-6


def export_region(
    region_node: Any, volume_node: Any, mask_path: Path, segments: Sequence[str] | str | None = None
) -> Region:
    """The region at once; see ``region_in_pieces``."""
    return do_all(region_in_pieces(region_node, volume_node, mask_path, segments))


def region_in_pieces(
    region_node: Any, volume_node: Any, mask_path: Path, segments: Sequence[str] | str | None = None
) -> Pieces[Region]:
    """The region on the volume's grid: six numbers where a box says it all, else a mask file.

    Args:
        region_node: a markups ROI, a segmentation or a label volume, under any linear transform.
        volume_node: the volume that is explained.
        mask_path: where a mask is written if one is needed.
        segments: which segments, where the node is a segmentation.

    Raises:
        InputError: another kind of node, a region without extent or that misses the volume, or labels on another grid.
    """
    grid = local_grid(volume_node)
    misses = InputError(
        f"The region '{region_node.GetName()}' holds no voxel of the volume '{volume_node.GetName()}'.",
        "Move it onto the volume, or choose another one.",
    )
    if region_node.IsA("vtkMRMLMarkupsROINode"):
        object_to_local = _roi_object_to_local(region_node, volume_node)
        half_size = np.asarray(region_node.GetSize()) / 2
        if not (half_size > 0).all():
            raise InputError(
                f"The region '{region_node.GetName()}' has no extent: it has not been placed.",
                "Place it (click two opposite corners of the box in a slice view), or choose another one.",
            )
        inverted = bool(region_node.GetInsideOut())
        is_box = _is_axis_aligned(object_to_local) and not inverted
        yield 0.0
        inside = yield from share(_inside_box(grid, object_to_local, half_size, inverted), 0.0, 0.5)
    else:
        is_box = False
        inside = yield from share(_labels(region_node, grid.moved(parent_to_world(volume_node)), segments), 0.0, 0.5)
    if not (yield from share(holds_any(inside), 0.5, 0.1)):
        raise misses
    if is_box:
        return Region(box_mm_ras=_bounds(object_to_local, half_size))
    yield from share(write_in_pieces(inside, grid, mask_path), 0.6, 0.4)
    return Region(mask=mask_path)


def _labels(region_node: Any, world_grid: Grid, segments: Sequence[str] | str | None) -> Pieces[npt.NDArray[np.uint8]]:
    if region_node.IsA("vtkMRMLSegmentationNode"):
        return (yield from segments_in_pieces(region_node, segments, world_grid, "region"))
    if region_node.IsA("vtkMRMLLabelMapVolumeNode"):
        values = yield from share(label_volume_in_pieces(region_node, world_grid, "region"), 0.0, 0.7)
        return (yield from share(positive(values), 0.7, 0.3))
    raise InputError(
        f"'{region_node.GetName()}' is a {region_node.GetClassName().removeprefix('vtkMRML')}, not a region.",
        "Choose a ROI, a segmentation or a label volume.",
    )


def _roi_object_to_local(roi_node: Any, volume_node: Any) -> npt.NDArray[np.float64]:
    object_to_node = vtk.vtkMatrix4x4()
    object_to_node.DeepCopy(roi_node.GetObjectToNodeMatrix())
    return world_to_local(volume_node) @ parent_to_world(roi_node) @ numpy_matrix(object_to_node)


def _is_axis_aligned(object_to_local: npt.NDArray[np.float64]) -> bool:
    axes = np.abs(object_to_local[:3, :3])
    return bool((np.sort(axes, axis=0)[:2] <= _AXIS_TOLERANCE * axes.max(axis=0)).all())


def _bounds(object_to_local: npt.NDArray[np.float64], half_size: npt.NDArray) -> Box:
    reach = np.abs(object_to_local[:3, :3]) @ half_size
    center = object_to_local[:3, 3]
    (x0, y0, z0), (x1, y1, z1) = (center - reach).tolist(), (center + reach).tolist()
    return x0, x1, y0, y1, z0, z1


def _inside_box(
    grid: Grid, object_to_local: npt.NDArray, half_size: npt.NDArray, inverted: bool
) -> Pieces[npt.NDArray[np.uint8]]:
    """1 where a voxel centre lies in the box, or outside of it where that is inverted.

    Along each axis of the box, a centre's place is a plane's, the same for every slice, and a shift by the slice.
    """
    to_object = np.linalg.inv(object_to_local) @ grid.ijk_to_ras
    columns, rows, slices = grid.size
    j, i = np.arange(rows)[:, None], np.arange(columns)
    in_plane = [weights[0] * i + weights[1] * j + weights[3] for weights in to_object[:3]]
    inside = np.empty((slices, rows, columns), dtype=np.uint8)
    limit = half_size + _AXIS_TOLERANCE
    for piece in slabs(inside.shape, SMALL_PIECE_VOXELS):
        yield piece.start / slices
        for k in range(piece.start, piece.stop):
            found = np.ones((rows, columns), dtype=bool)
            for axis in range(3):
                found &= np.abs(in_plane[axis] + to_object[axis, 2] * k) <= limit[axis]
            inside[k] = found != inverted
    return inside
