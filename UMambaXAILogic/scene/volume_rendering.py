"""Attention as a translucent cloud or as a maximum intensity projection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import slicer
import vtk

from UMambaXAILogic.engine.attention_colors import attention_colors

#: (attention, opacity) pairs: nothing below 0.3, a haze at first, near-solid at the top.
CLOUD_OPACITY = ((0.0, 0.0), (0.29, 0.0), (0.30, 0.02), (0.5, 0.08), (0.7, 0.22), (1.0, 0.55))
PROJECTION_OPACITY = ((0.0, 0.0), (0.1, 0.0), (0.3, 0.6), (1.0, 1.0))
_UNIT_DISTANCE_MM = 2.0
_COLOR_STEPS = 32
CPU_RAY_CASTER = "vtkMRMLCPURayCastVolumeRenderingDisplayNode"


def add_volume_rendering(
    scene: Any,
    attention_node: Any,
    projection_view: Any = None,
    class_name: str = CPU_RAY_CASTER,
) -> Any:
    """Show the map in 3-D views.

    Args:
        projection_view: a view node of its own, on black, that shows a maximum intensity projection and nothing else
            of this map; None: the cloud, in every 3-D view.
        class_name: the display node; the CPU ray caster is right everywhere, the GPU one faster where there is a GPU.

    Returns:
        The volume rendering display node.
    """
    volume_property = scene.AddNewNodeByClass("vtkMRMLVolumePropertyNode", f"{attention_node.GetName()} opacity")
    _set_transfer_functions(volume_property.GetVolumeProperty())
    set_opacity(volume_property, CLOUD_OPACITY if projection_view is None else PROJECTION_OPACITY)
    display = scene.AddNewNodeByClass(class_name)
    display.SetAndObserveVolumePropertyNodeID(volume_property.GetID())
    if projection_view is not None:
        projection_view.SetRaycastTechnique(slicer.vtkMRMLViewNode.MaximumIntensityProjection)
        display.AddViewNodeID(projection_view.GetID())
    attention_node.AddAndObserveDisplayNodeID(display.GetID())
    display.SetVisibility(True)
    return display


def set_opacity(volume_property_node: Any, opacity: Sequence[tuple[float, float]]) -> None:
    """Let opacity follow (attention, opacity) pairs, linear between them."""
    opacities = vtk.vtkPiecewiseFunction()
    for attention, value in opacity:
        opacities.AddPoint(attention, value)
    volume_property_node.SetScalarOpacity(opacities)


def _set_transfer_functions(volume_property: Any) -> None:
    colors = vtk.vtkColorTransferFunction()
    for index, (red, green, blue) in enumerate(attention_colors(_COLOR_STEPS)):
        colors.AddRGBPoint(index / (_COLOR_STEPS - 1), red, green, blue)
    volume_property.SetColor(colors)
    volume_property.SetScalarOpacityUnitDistance(_UNIT_DISTANCE_MM)
    volume_property.SetInterpolationTypeToLinear()
    volume_property.ShadeOff()
