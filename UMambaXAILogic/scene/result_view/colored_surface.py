"""The predicted vessels in 3-D, coloured by the attention on them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..grid import local_grid
from ..stepwise import do_all
from ..surface import add_attention_surface, color_by_attention
from .contours import MAP_REFERENCE
from .masks import prepare_surfaces
from .nodes import SEGMENTATION, SURFACE, ResultNodes
from .state import ViewState
from .target import target_segments
from .threshold_colors import result_colors


def show_surface(nodes: ResultNodes, attention: Any, state: ViewState) -> None:
    """Show the surface of the target's segments in the colours of ``attention``; computed on first use.

    Below the threshold it is grey; opacity is left to the slices, because a translucent surface shows its inside.
    """
    node = surface_node(nodes, attention)
    if node is not None:
        node.GetDisplayNode().SetAndObserveColorNodeID(result_colors(nodes).GetID())
        node.GetDisplayNode().SetVisibility(True)


def surface_node(nodes: ResultNodes, attention: Any) -> Any:
    """The surface in the colours of ``attention``; computed, and hidden, where there is none yet.

    None where nothing of the target was predicted.
    """
    do_all(prepare_surface(nodes, attention))
    node = nodes.get(SURFACE)
    if node is not None:
        _color(node, attention)
    return node


def prepare_surface(nodes: ResultNodes, attention: Any) -> Iterator[None]:
    """Compute the surface, hidden, where there is none."""
    segmentation, target = nodes.needed(SEGMENTATION), target_segments(nodes)
    if nodes.get(SURFACE) is not None or not target:
        return
    yield from prepare_surfaces(nodes, SEGMENTATION)

    def make(name: str) -> Any:
        image, grid = attention.GetImageData(), local_grid(attention)
        node = add_attention_surface(nodes.scene, name, segmentation, target, image, grid)
        node.SetNodeReferenceID(MAP_REFERENCE, attention.GetID())
        node.GetDisplayNode().SetVisibility(False)
        return node

    nodes.made(SURFACE, make, "prediction coloured by attention")
    yield


def _color(node: Any, attention: Any) -> None:
    """Colour the surface by another map, if it is one."""
    if node.GetNodeReferenceID(MAP_REFERENCE) != attention.GetID():
        color_by_attention(node.GetPolyData(), attention.GetImageData(), local_grid(attention))
        node.GetPolyData().Modified()
        node.SetNodeReferenceID(MAP_REFERENCE, attention.GetID())


def hide_surface(nodes: ResultNodes) -> None:
    """Hide the surface."""
    node = nodes.get(SURFACE)
    if node is not None:
        node.GetDisplayNode().SetVisibility(False)
