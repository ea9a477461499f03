"""The one colour legend: what its colours mean, in one view."""

from __future__ import annotations

from typing import Any

import vtk

from ..colors import Color
from ..heat_map import ATTENTION_ARRAY, add_attention_model, add_legend
from ..result_layout_description import PROJECTION_TAG
from .nodes import ResultNodes
from .state import CLOUD, MEAN, PROJECTION, SURFACE, ViewState
from .threshold_colors import result_colors
from .views import projection_view, three_d_views

_MAIN_SLICE_VIEW = "vtkMRMLSliceNodeRed"
_CARRIER, _LEGEND = "legend_carrier", "legend"
_TEXT: Color = (0.93, 0.93, 0.95)
_PATCH_OPACITY = 0.75


def show_legend(nodes: ResultNodes, state: ViewState) -> None:
    """Show the legend where attention is seen best: in 3-D, else in the projection, else on the axial slice."""
    legend = nodes.get(_LEGEND)
    if not state.attention:
        if legend is not None:
            legend.SetVisibility(False)
        return
    if legend is None:
        carrier = nodes.made(_CARRIER, lambda name: _add_carrier(nodes, name), "attention legend")
        legend = add_legend(carrier)
        _make_legible(legend)
        nodes.set(_LEGEND, legend)
    legend.SetTitleText(legend_title(nodes, state))
    legend.SetViewNodeIDs(_views(nodes.scene, state))
    legend.SetVisibility(True)


def legend_title(nodes: ResultNodes, state: ViewState) -> str:
    """What the colours are: the quantity and its range, the method, the layer, and the threshold."""
    method = (nodes.metrics.get("attribution") or {}).get("method", "")
    lines = ["Attention (0-1)", method]
    if state.layer != MEAN:
        lines.append(state.layer)
    lines.append(f"dull below {state.threshold:.2f}")
    return "\n".join(filter(None, lines))


def _add_carrier(nodes: ResultNodes, name: str) -> Any:
    """A model without points: Slicer draws no legend of a volume in 3-D, and none of what is hidden elsewhere."""
    nothing = vtk.vtkPolyData()
    values = vtk.vtkFloatArray()
    values.SetName(ATTENTION_ARRAY)
    nothing.GetPointData().SetScalars(values)
    node = add_attention_model(nodes.scene, name, nothing)
    node.SetHideFromEditors(True)
    display = node.GetDisplayNode()
    display.SetAndObserveColorNodeID(result_colors(nodes).GetID())
    display.SetVisibility2D(True)
    return node


def _views(scene: Any, state: ViewState) -> list[str]:
    if SURFACE in state.attention or CLOUD in state.attention:
        return [view.GetID() for view in three_d_views(scene) if view.GetSingletonTag() != PROJECTION_TAG]
    if PROJECTION in state.attention:
        return [projection_view(scene).GetID()]
    return [_MAIN_SLICE_VIEW]


def _make_legible(legend: Any) -> None:
    """On a dark patch: on slices the legend may lie on bone, which is as bright as the text."""
    for style in (legend.GetTitleTextProperty(), legend.GetLabelTextProperty()):
        style.SetColor(_TEXT)
        style.SetBold(False)
        style.SetShadow(True)
        style.SetBackgroundColor(0.0, 0.0, 0.0)
        style.SetBackgroundOpacity(_PATCH_OPACITY)
