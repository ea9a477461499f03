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

from .export_volume import write_array
from .grid import Grid, local_grid, numpy_matrix, parent_to_world, world_to_local
from .label_export import label_volume_on_grid, segments_on_grid

Box = tuple[float, float, float, float, float, float]
_AXIS_TOLERANCE = 1e-6


def export_region(
    region_node: Any, volume_node: Any, mask_path: Path, segments: Sequence[str] | str | None = None
) -> Region:
    """The region on the volume's grid: six numbers where a box says it all, else a mask file.

    Args:
        region_node: a markups ROI, a segmentation or a label volume, under any linear transform.
        volume_node: the volume that is explained.
        mask_path: where a mask is written if one is needed.
        segments: which segments, where the node is a segmentation.

    Raises:
        InputError: another kind of node, a region that misses the volume, or labels on another grid.
    """
    grid = local_grid(volume_node)
    if region_node.IsA("vtkMRMLMarkupsROINode"):
        object_to_local = _roi_object_to_local(region_node, volume_node)
        half_size = np.asarray(region_node.GetSize()) / 2
        inside = _inside_box(grid, object_to_local, half_size)
        inverted = region_node.GetInsideOut()
        if inverted:
            inside = 1 - inside
        _check_not_empty(inside, region_node, volume_node)
        if _is_axis_aligned(object_to_local) and not inverted:
            return Region(box_mm_ras=_bounds(object_to_local, half_size))
    else:
        world_grid = grid.moved(parent_to_world(volume_node))
        inside = _labels(region_node, world_grid, segments)
        _check_not_empty(inside, region_node, volume_node)
    write_array(inside, grid, mask_path)
    return Region(mask=mask_path)


def _labels(region_node: Any, world_grid: Grid, segments: Sequence[str] | str | None) -> npt.NDArray[np.uint8]:
    if region_node.IsA("vtkMRMLSegmentationNode"):
        return segments_on_grid(region_node, segments, world_grid, "region")
    if region_node.IsA("vtkMRMLLabelMapVolumeNode"):
        return (label_volume_on_grid(region_node, world_grid, "region") > 0).astype(np.uint8)
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


def _inside_box(grid: Grid, object_to_local: npt.NDArray, half_size: npt.NDArray) -> npt.NDArray[np.uint8]:
    """1 where a voxel centre lies in the box; slice by slice, so that memory stays that of the mask."""
    to_object = np.linalg.inv(object_to_local) @ grid.ijk_to_ras
    columns, rows, slices = grid.size
    j, i = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    inside = np.empty((slices, rows, columns), dtype=np.uint8)
    limit = half_size + _AXIS_TOLERANCE
    for k in range(slices):
        inside[k] = 1
        for axis in range(3):
            weights = to_object[axis]
            inside[k] &= np.abs(weights[0] * i + weights[1] * j + weights[2] * k + weights[3]) <= limit[axis]
    return inside


def _check_not_empty(inside: npt.NDArray, region_node: Any, volume_node: Any) -> None:
    if not inside.any():
        raise InputError(
            f"The region '{region_node.GetName()}' holds no voxel of the volume '{volume_node.GetName()}'.",
            "Move it onto the volume, or choose another one.",
        )
