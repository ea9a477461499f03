"""Attention as a maximum intensity projection, in a view of its own on black."""

from __future__ import annotations

from typing import Any

from ..result_layout_description import PROJECTION_TAG
from ..volume_rendering import CPU_RAY_CASTER, add_volume_rendering, set_opacity
from .cloud import hide_renderings
from .nodes import ERRORS, MISSED, SEGMENTATION, SURFACE, TRUTH, ResultNodes
from .state import PROJECTION, ViewState
from .views import all_views, projection_view

_EDGE = 0.01
#: Opacity at the threshold, and at this share of the way from there to 1: faint at the edge, which would be jagged.
_AT_THRESHOLD, _BRIGHT_FROM, _BRIGHT = 0.25, 0.2, 0.8


def show_projection(nodes: ResultNodes, attention: Any, state: ViewState, class_name: str = CPU_RAY_CASTER) -> None:
    """Project ``attention`` in ``projection_view``; the display is made on first use."""
    role = f"{PROJECTION}.{state.layer}"
    display = nodes.get(role)
    if display is None:
        display = add_volume_rendering(nodes.scene, attention, projection_view(nodes.scene), class_name)
        nodes.own(display.GetVolumePropertyNode())
        nodes.set(role, display)
    hide_projection(nodes, but=display)
    set_opacity(display.GetVolumePropertyNode(), projection_opacity(state.threshold))
    display.SetVisibility(True)


def hide_projection(nodes: ResultNodes, but: Any = None) -> None:
    """Hide the projections of all layers, or all but one."""
    hide_renderings(nodes, PROJECTION, but)


def keep_projection_clear(nodes: ResultNodes, state: ViewState) -> None:
    """While attention is projected, keep the result's surfaces out of the projection's view; else let them be anywhere.

    A view cannot refuse what is shown everywhere, so the others are listed.
    """
    displays = []
    for role in (SEGMENTATION, TRUTH, SURFACE, ERRORS, MISSED):
        node = nodes.get(role)
        if node is not None:
            displays += [node.GetNthDisplayNode(index) for index in range(node.GetNumberOfDisplayNodes())]
    others = [view.GetID() for view in all_views(nodes.scene) if view.GetSingletonTag() != PROJECTION_TAG]
    for display in displays:
        if PROJECTION in state.attention:
            display.SetViewNodeIDs(others)
        else:
            display.RemoveAllViewNodeIDs()


def projection_opacity(threshold: float) -> list[tuple[float, float]]:
    """(attention, opacity) pairs: nothing below the threshold, soon bright from there on."""
    below = [(0.0, 0.0), (threshold - _EDGE, 0.0)] if threshold > _EDGE else []
    start = min(threshold, 1 - _EDGE)
    return [*below, (start, _AT_THRESHOLD), (start + _BRIGHT_FROM * (1 - start), _BRIGHT), (1.0, 1.0)]
