"""Attention above the threshold in its colours over the volume on every slice view."""

from __future__ import annotations

import json
from typing import Any

from ..heat_map import set_threshold, show_on_slices, slice_composites
from .nodes import VOLUME, ResultNodes
from .state import MEAN, ViewState
from .threshold_colors import result_colors

#: What lay in the foreground before: node references by slice view, and the opacities.
_BEFORE = "UMambaXAI.foregroundBefore."
_OPACITIES = "UMambaXAI.foregroundOpacities"
_OURS = "UMambaXAI.overlay"


def show_overlay(nodes: ResultNodes, attention: Any, state: ViewState) -> None:
    """Put ``attention``, the volume that is shown, into the foreground of every slice view."""
    _remember(nodes)
    attention.GetDisplayNode().SetAndObserveColorNodeID(result_colors(nodes).GetID())
    set_threshold(attention, state.threshold)
    show_on_slices(nodes.scene, nodes.needed(VOLUME), attention, state.opacity)
    nodes.record.SetNodeReferenceID(_OURS, attention.GetID())


def hide_overlay(nodes: ResultNodes) -> None:
    """Give the foreground back to what it showed before; views in which somebody changed it meanwhile stay."""
    ours = _map_ids(nodes)
    opacities = json.loads(nodes.record.GetAttribute(_OPACITIES) or "{}")
    for composite in slice_composites(nodes.scene):
        if composite.GetForegroundVolumeID() not in ours:
            continue
        view = composite.GetLayoutName()
        before = nodes.record.GetNodeReference(_BEFORE + view)
        composite.SetForegroundVolumeID(None if before is None else before.GetID())
        composite.SetForegroundOpacity(opacities.get(view, 0.0))
    nodes.record.SetNodeReferenceID(_OURS, None)


def _remember(nodes: ResultNodes) -> None:
    if nodes.record.GetNodeReferenceID(_OURS) is not None:
        return
    ours = _map_ids(nodes)
    opacities = {}
    for composite in slice_composites(nodes.scene):
        if composite.GetForegroundVolumeID() in ours:  # put there by hand
            continue
        view = composite.GetLayoutName()
        opacities[view] = composite.GetForegroundOpacity()
        nodes.record.SetNodeReferenceID(_BEFORE + view, composite.GetForegroundVolumeID())
    nodes.record.SetAttribute(_OPACITIES, json.dumps(opacities))


def _map_ids(nodes: ResultNodes) -> set[str]:
    """The ids of the result's maps, of the mean and of layers."""
    roles = [role for role in nodes.roles() if role == nodes.map_role(MEAN) or role.startswith(nodes.map_role(""))]
    return {nodes.get(role).GetID() for role in roles if nodes.get(role) is not None}
