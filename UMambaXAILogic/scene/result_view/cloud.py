"""Attention as a translucent cloud in 3-D views."""

from __future__ import annotations

from typing import Any

from ..result_layout_description import PROJECTION_TAG
from ..volume_rendering import CLOUD_OPACITY, CPU_RAY_CASTER, add_volume_rendering, set_opacity
from .nodes import ResultNodes
from .state import CLOUD as CLOUD_MODE
from .state import DEFAULT_OPACITY, ViewState
from .views import three_d_views

#: Threshold that ``CLOUD_OPACITY`` is written for.
_BASE = 0.3
_EDGE = 0.01


def show_cloud(nodes: ResultNodes, attention: Any, state: ViewState, class_name: str = CPU_RAY_CASTER) -> None:
    """Show ``attention`` in every 3-D view but that of the projection; the display is made on first use."""
    role = f"{CLOUD_MODE}.{state.layer}"
    display = nodes.get(role)
    if display is None:
        display = add_volume_rendering(nodes.scene, attention, class_name=class_name)
        nodes.own(display.GetVolumePropertyNode())
        nodes.set(role, display)
    hide_cloud(nodes, but=display)
    views = [view for view in three_d_views(nodes.scene) if view.GetSingletonTag() != PROJECTION_TAG]
    display.SetViewNodeIDs([view.GetID() for view in views])
    set_opacity(display.GetVolumePropertyNode(), cloud_opacity(state.threshold, state.opacity))
    display.SetVisibility(True)


def hide_cloud(nodes: ResultNodes, but: Any = None) -> None:
    """Hide the clouds of all layers, or all but one."""
    hide_renderings(nodes, CLOUD_MODE, but)


def hide_renderings(nodes: ResultNodes, mode: str, but: Any = None) -> None:
    """Hide the volume renderings of one mode, or all but one."""
    for role in nodes.roles():
        if role.startswith(f"{mode}."):
            display = nodes.get(role)
            if display is not None and display is not but:
                display.SetVisibility(False)


def cloud_opacity(threshold: float, opacity: float) -> list[tuple[float, float]]:
    """(attention, opacity) pairs: nothing below the threshold, from there the ramp of ``CLOUD_OPACITY``."""
    scale = opacity / DEFAULT_OPACITY
    ramp = [(value - _BASE) / (1 - _BASE) for value, _ in CLOUD_OPACITY if value >= _BASE]
    points = [(threshold + share * (1 - threshold)) for share in ramp]
    opacities = [min(scale * amount, 1.0) for value, amount in CLOUD_OPACITY if value >= _BASE]
    below = [(0.0, 0.0), (threshold - _EDGE, 0.0)] if threshold > _EDGE else []
    return [*below, *zip(points, opacities, strict=True)]
