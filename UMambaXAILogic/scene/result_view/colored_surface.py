"""The predicted vessels in 3-D, coloured by the attention on them."""

from __future__ import annotations

from typing import Any

from ..grid import image_array, local_grid
from ..surface import add_attention_surface, color_by_attention
from .contours import MAP_REFERENCE
from .nodes import SEGMENTATION, SURFACE, ResultNodes
from .state import ViewState
from .target import target_segments
from .threshold_colors import result_colors


def show_surface(nodes: ResultNodes, attention: Any, state: ViewState) -> None:
    """Show the surface of the target's segments in the colours of ``attention``; computed on first use.

    Below the threshold it is grey; opacity is left to the slices, because a translucent surface shows its inside.
    """
    segmentation = nodes.needed(SEGMENTATION)
    target = target_segments(nodes)
    if not target:
        return

    def make(name: str) -> Any:
        grid, values = local_grid(attention), image_array(attention.GetImageData())
        node = add_attention_surface(nodes.scene, name, segmentation, target, values, grid)
        node.SetNodeReferenceID(MAP_REFERENCE, attention.GetID())
        return node

    node = nodes.made(SURFACE, make, "prediction coloured by attention")
    if node.GetNodeReferenceID(MAP_REFERENCE) != attention.GetID():
        color_by_attention(node.GetPolyData(), image_array(attention.GetImageData()), local_grid(attention))
        node.GetPolyData().Modified()
        node.SetNodeReferenceID(MAP_REFERENCE, attention.GetID())
    node.GetDisplayNode().SetAndObserveColorNodeID(result_colors(nodes).GetID())
    node.GetDisplayNode().SetVisibility(True)


def hide_surface(nodes: ResultNodes) -> None:
    """Hide the surface."""
    node = nodes.get(SURFACE)
    if node is not None:
        node.GetDisplayNode().SetVisibility(False)
