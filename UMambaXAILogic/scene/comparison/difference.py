"""The difference of two maps as a volume, and its colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..colors import Color
from ..grid import Grid, image_data, vtk_matrix

#: Where B is stronger, where both are alike, where A is stronger. Grey, because slices draw no colour translucent by
#: itself; dark, so that the image behind keeps its contrast and a difference is what shines.
B_STRONGER: Color = (0.10, 0.45, 0.95)
ALIKE: Color = (0.25, 0.25, 0.25)
A_STRONGER: Color = (0.98, 0.55, 0.05)
_COUNT = 255  # odd, so that 0 has a colour of its own


def add_difference_volume(
    scene: Any, name: str, first: npt.NDArray[np.float32], second: npt.NDArray[np.float32], grid: Grid
) -> Any:
    """Add A - B as a float32 volume, shown over exactly [-1, 1]: a weak difference looks weak.

    Args:
        first, second: (k, j, i) in [0, 1], on ``grid``.
    """
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    display = scene.AddNewNodeByClass("vtkMRMLScalarVolumeDisplayNode", f"{name} display")
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(-1.0, 1.0)
    display.SetAutoThreshold(False)
    display.SetApplyThreshold(False)
    display.SetInterpolate(True)
    node.SetAndObserveDisplayNodeID(display.GetID())
    node.SetIJKToRASMatrix(vtk_matrix(grid.ijk_to_ras))
    node.SetAndObserveImageData(image_data(np.subtract(first, second, dtype=np.float32)))
    return node


def difference_colors() -> npt.NDArray[np.float64]:
    """(255, 3) RGB from ``B_STRONGER`` over ``ALIKE`` in the middle to ``A_STRONGER``, linear on either side."""
    positions = np.linspace(-1.0, 1.0, _COUNT)
    ends = np.array([B_STRONGER, ALIKE, A_STRONGER])
    return np.stack([np.interp(positions, (-1.0, 0.0, 1.0), ends[:, channel]) for channel in range(3)], axis=1)


def add_difference_colors(scene: Any, name: str) -> Any:
    """Add the colour table of differences over [-1, 1]."""
    node = scene.CreateNodeByClass("vtkMRMLColorTableNode")
    node.UnRegister(None)
    node.SetName(name)
    node.SetTypeToUser()
    node.SetHideFromEditors(True)
    colors = difference_colors()
    node.SetNumberOfColors(len(colors))
    for index, (color, value) in enumerate(zip(colors, np.linspace(-1.0, 1.0, _COUNT), strict=True)):
        node.SetColor(index, f"{value:+.3f}", *color, 1.0)
    node.GetLookupTable().SetTableRange(0, len(colors) - 1)
    return scene.AddNode(node)
