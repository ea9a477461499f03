"""The one colour legend: what its colours mean, in one view."""

from __future__ import annotations

from typing import Any

import vtk

from UMambaXAILogic.engine.badges.words import NOT_JUDGED, sanity_word

from ..colors import Color
from ..heat_map import ATTENTION_ARRAY, add_attention_model, add_legend
from ..result_layout_description import PROJECTION_TAG
from .nodes import ResultNodes
from .state import CLOUD, MEAN, PROJECTION, SURFACE, ViewState
from .threshold_colors import result_colors
from .views import projection_view, three_d_views

MAIN_SLICE_VIEW = "vtkMRMLSliceNodeRed"
LEGEND = "legend"
_CARRIER = "legend_carrier"
_TEXT: Color = (0.93, 0.93, 0.95)
_PATCH_OPACITY = 0.75


def show_legend(nodes: ResultNodes, state: ViewState) -> None:
    """Show the legend where attention is seen best: in 3-D, else in the projection, else on the axial slice."""
    legend = nodes.get(LEGEND)
    if not state.attention:
        if legend is not None:
            legend.SetVisibility(False)
        return
    if legend is None:
        legend = add_legend_on(nodes, _CARRIER, "attention legend", result_colors(nodes))
        make_legible(legend)
        nodes.set(LEGEND, legend)
    legend.SetTitleText(legend_title(nodes, state))
    legend.SetViewNodeIDs(_views(nodes.scene, state))
    legend.SetVisibility(True)


def legend_title(nodes: ResultNodes, state: ViewState) -> str:
    """What the colours are: the quantity and its range, model and method, the layer, the threshold, and whether the
    map was judged; a single layer's never is."""
    below = "dull" if SURFACE in state.attention else "hidden"
    word = sanity_word(nodes.metrics)
    lines = [
        "Attention (0-1)",
        nodes.run_name,
        _layers_in_words(nodes) if state.layer == MEAN else state.layer,
        f"{below} below {state.threshold:.2f}",
    ]
    if word:
        lines.append(f"sanity: {word if state.layer == MEAN else NOT_JUDGED}")
    return "\n".join(lines)


def _layers_in_words(nodes: ResultNodes) -> str:
    layers = (nodes.metrics.get("attribution") or {}).get("layers") or []
    return str(layers[0]) if len(layers) == 1 else f"mean of {len(layers)} layers"


def legend_is_elsewhere(state: ViewState) -> bool:
    """Whether a slice that shows attention has to do without the legend."""
    return bool({SURFACE, CLOUD, PROJECTION} & set(state.attention))


def add_legend_on(nodes: ResultNodes, role: str, what: str, colors: Any) -> Any:
    """Add a legend of a colour node's colours.

    Args:
        role: of the model that carries it.
        what: the model is named for.
    """
    return add_legend(nodes.made(role, lambda name: add_carrier(nodes.scene, name, colors), what))


def add_carrier(scene: Any, name: str, colors: Any) -> Any:
    """A model without points: Slicer draws no legend of a volume in 3-D, and none of what is hidden elsewhere."""
    nothing = vtk.vtkPolyData()
    values = vtk.vtkFloatArray()
    values.SetName(ATTENTION_ARRAY)
    nothing.GetPointData().SetScalars(values)
    node = add_attention_model(scene, name, nothing)
    node.SetHideFromEditors(True)
    display = node.GetDisplayNode()
    display.SetAndObserveColorNodeID(colors.GetID())
    display.SetVisibility2D(True)
    return node


def _views(scene: Any, state: ViewState) -> list[str]:
    if SURFACE in state.attention or CLOUD in state.attention:
        return [view.GetID() for view in three_d_views(scene) if view.GetSingletonTag() != PROJECTION_TAG]
    if PROJECTION in state.attention:
        return [projection_view(scene).GetID()]
    return [MAIN_SLICE_VIEW]


def make_legible(legend: Any) -> None:
    """Write on a dark patch: on slices the legend may lie on bone, which is as bright as the text."""
    for style in (legend.GetTitleTextProperty(), legend.GetLabelTextProperty()):
        style.SetColor(_TEXT)
        style.SetBold(False)
        style.SetShadow(True)
        style.SetBackgroundColor(0.0, 0.0, 0.0)
        style.SetBackgroundOpacity(_PATCH_OPACITY)
