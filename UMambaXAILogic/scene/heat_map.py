"""Attention as a scalar volume: its display, the overlay on slices, what models are coloured by, and the legend."""

from __future__ import annotations

from typing import Any

import slicer
import vtk

from .colors import attention_color_node
from .comparison.layout_description import COMPARISON_VIEWS
from .grid import Grid, vtk_matrix

DEFAULT_OPACITY = 0.55


def add_attention_volume(scene: Any, name: str, image: Any, grid: Grid, threshold: float) -> Any:
    """Add the map as a float32 volume, shown in its own colours over exactly [0, 1] and hidden below ``threshold``.

    Automatic window and level stay off: they would stretch a flat map until it looks like a strong one.

    Args:
        image: a vtkImageData with unit spacing, float32 in [0, 1]; the node takes it, it is not copied.
    """
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    display = scene.AddNewNodeByClass("vtkMRMLScalarVolumeDisplayNode", f"{name} display")
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(0.0, 1.0)
    display.SetAndObserveColorNodeID(attention_color_node(scene).GetID())
    display.SetAutoThreshold(False)
    display.SetApplyThreshold(True)
    display.SetInterpolate(True)
    node.SetAndObserveDisplayNodeID(display.GetID())
    node.SetIJKToRASMatrix(vtk_matrix(grid.ijk_to_ras))
    node.SetAndObserveImageData(image)
    set_threshold(node, threshold)
    return node


def set_threshold(attention_node: Any, threshold: float) -> None:
    """Show only attention of at least ``threshold`` on slices."""
    attention_node.GetDisplayNode().SetThreshold(threshold, 1.0)


def show_on_slices(scene: Any, volume_node: Any, attention_node: Any, opacity: float = DEFAULT_OPACITY) -> None:
    """Put the volume into the background and the attention into the foreground of every slice view."""
    for composite in slice_composites(scene):
        composite.SetBackgroundVolumeID(volume_node.GetID())
        composite.SetForegroundVolumeID(attention_node.GetID())
        composite.SetForegroundOpacity(opacity)


def hide_from_slices(scene: Any, attention_node: Any) -> None:
    """Take the attention out of the foreground of every slice view that shows it."""
    for composite in slice_composites(scene):
        if composite.GetForegroundVolumeID() == attention_node.GetID():
            composite.SetForegroundVolumeID(None)


#: Name of the point array that models are coloured by.
ATTENTION_ARRAY = "Attention"


def add_attention_model(scene: Any, name: str, poly_data: Any) -> Any:
    """Add a model coloured by its point array ``Attention`` over exactly [0, 1]."""
    node = scene.AddNewNodeByClass("vtkMRMLModelNode", name)
    node.SetAndObservePolyData(poly_data)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.SetAndObserveColorNodeID(attention_color_node(scene).GetID())
    display.SetActiveScalar(ATTENTION_ARRAY, vtk.vtkAssignAttribute.POINT_DATA)
    display.SetScalarRangeFlag(slicer.vtkMRMLDisplayNode.UseManualScalarRange)
    display.SetScalarRange(0.0, 1.0)
    display.SetScalarVisibility(True)
    return node


def add_legend(displayable_node: Any) -> Any:
    """Add a colour legend with five ticks a quarter apart, written with the two decimals that they need."""
    legend = slicer.vtkSlicerColorLogic.AddDefaultColorLegendDisplayNode(displayable_node.GetDisplayNode())
    legend.SetTitleText("Attention")
    legend.SetNumberOfLabels(5)
    legend.SetLabelFormat("%.2f")
    legend.SetSize(0.05, 0.4)
    legend.SetPosition(0.985, 0.5)
    legend.SetMaxNumberOfColors(256)
    for style in (legend.GetTitleTextProperty(), legend.GetLabelTextProperty()):
        style.SetFontFamilyToArial()
        style.SetItalic(False)
    return legend


def slice_composites(scene: Any) -> list[Any]:
    """What each slice view shows: one node a view. Those of a comparison are left out: each shows its own map."""
    nodes = scene.GetNodesByClass("vtkMRMLSliceCompositeNode")
    nodes.UnRegister(None)
    found = [nodes.GetItemAsObject(index) for index in range(nodes.GetNumberOfItems())]
    return [node for node in found if node.GetLayoutName() not in COMPARISON_VIEWS]
