"""The predicted vessels as a surface coloured by the attention found on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from .grid import Grid
from .heat_map import ATTENTION_ARRAY, add_attention_model
from .segments import CLOSED_SURFACE


def add_attention_surface(
    scene: Any, name: str, segmentation_node: Any, segment_ids: Sequence[str], attention: Any, grid: Grid
) -> Any:
    """Add the segments' surface, coloured by attention over [0, 1]; a segmentation itself cannot be.

    Args:
        attention: a vtkImageData with unit spacing, the map's voxels on ``grid``, in the segmentation's local
            coordinates.
    """
    surface = segment_surface(segmentation_node, segment_ids)
    color_by_attention(surface, attention, grid)
    node = add_attention_model(scene, name, surface)
    display = node.GetDisplayNode()
    display.SetVisibility2D(False)
    # Bright enough that shading does not turn low attention into the dark of the background.
    display.SetAmbient(0.25)
    display.SetDiffuse(0.85)
    display.SetSpecular(0.15)
    display.SetPower(20)
    return node


def segment_surface(segmentation_node: Any, segment_ids: Sequence[str]) -> Any:
    """The closed surfaces of segments in one vtkPolyData, in the segmentation's local coordinates."""
    segmentation = segmentation_node.GetSegmentation()
    segmentation.CreateRepresentation(CLOSED_SURFACE)
    together = vtk.vtkAppendPolyData()
    for segment_id in segment_ids:
        together.AddInputData(segmentation.GetSegment(segment_id).GetRepresentation(CLOSED_SURFACE))
    together.Update()
    return together.GetOutput()


def color_by_attention(surface: Any, attention: Any, grid: Grid) -> None:
    """Add the point array ``Attention``: the map interpolated linearly at every point.

    The outermost half voxel of a surface at the volume's border lies outside the voxel centres; it takes the value
    of the nearest voxel.

    Args:
        attention: see ``add_attention_surface``.
    """
    points = vtk_to_numpy(surface.GetPoints().GetData()).astype(float)
    to_ijk = np.linalg.inv(grid.ijk_to_ras)
    indices = np.clip(points @ to_ijk[:3, :3].T + to_ijk[:3, 3], 0, np.asarray(grid.size) - 1)
    probe_points = vtk.vtkPoints()
    probe_points.SetData(numpy_to_vtk(np.ascontiguousarray(indices), deep=True))
    at = vtk.vtkPolyData()
    at.SetPoints(probe_points)
    probe = vtk.vtkProbeFilter()
    probe.SetInputData(at)
    probe.SetSourceData(attention)
    probe.Update()
    values = vtk.vtkFloatArray()
    values.DeepCopy(probe.GetOutput().GetPointData().GetArray("ImageScalars"))
    values.SetName(ATTENTION_ARRAY)
    surface.GetPointData().AddArray(values)
