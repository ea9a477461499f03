"""Where a map has certain levels: iso-surfaces, of which slice views show the lines in which they are cut."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import vtk

from .grid import Grid, bounding_box, image_data, vtk_matrix
from .heat_map import ATTENTION_ARRAY, add_attention_model

CONTOUR_LEVELS = (0.3, 0.5, 0.7, 0.9)
#: Between two turns of the event loop: 0.1 s where few of them are near a level, several times that where all are.
PIECE_VOXELS = 2**23


def add_contours(scene: Any, name: str, lines: Any) -> Any:
    """Add iso-surfaces (see ``lines_in_pieces``) that are shown as lines on slices only, coloured by their level."""
    node = add_attention_model(scene, name, lines)
    display = node.GetDisplayNode()
    display.SetVisibility2D(True)
    display.SetVisibility3D(False)
    display.SetSliceIntersectionThickness(2)
    return node


def lines_in_pieces(
    attention: npt.NDArray[np.float32], grid: Grid, levels: Sequence[float] = CONTOUR_LEVELS
) -> Generator[None, None, Any]:
    """Compute the iso-surfaces of a map in steps of a fraction of a second: the generator yields between them.

    Args:
        attention: (k, j, i) on ``grid``.

    Returns:
        A vtkPolyData in ``grid``'s RAS mm, with the point array ``Attention``.
    """
    together = vtk.vtkAppendPolyData()
    slices = max(PIECE_VOXELS // attention[0].size, 1)
    for first in range(0, max(len(attention) - 1, 1), slices):
        if first:
            yield
        piece = slice(first, first + slices + 1)  # pieces share a slice
        part = grid.part((piece, slice(0, grid.size[1]), slice(0, grid.size[0])))
        together.AddInputData(_lines(attention[piece], part, levels))
    together.Update()
    return together.GetOutput()


def _lines(attention: npt.NDArray[np.float32], grid: Grid, levels: Sequence[float]) -> Any:
    """Of a piece that lies on ``grid``, which may end later."""
    box = bounding_box(attention, margin=1, at_least=min(levels))
    image = image_data(attention[box])
    contours = vtk.vtkFlyingEdges3D()
    contours.SetInputData(image)
    contours.ComputeScalarsOn()
    contours.ComputeNormalsOff()
    for index, level in enumerate(levels):
        contours.SetValue(index, level)
    to_ras = vtk.vtkTransform()
    to_ras.SetMatrix(vtk_matrix(grid.part(box).ijk_to_ras))
    placed = vtk.vtkTransformPolyDataFilter()
    placed.SetTransform(to_ras)
    placed.SetInputConnection(contours.GetOutputPort())
    if min(image.GetDimensions()) > 1:  # a volume of one slice has no surfaces, and the filter refuses it
        placed.Update()
    lines = placed.GetOutput()
    values = lines.GetPointData().GetScalars() or vtk.vtkFloatArray()
    values.SetName(ATTENTION_ARRAY)
    lines.GetPointData().SetScalars(values)
    return lines
