"""Lines of equal attention on slices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..contour_lines import add_contours, lines_in_pieces
from ..grid import image_array, local_grid
from ..stepwise import do_all
from .nodes import CONTOURS, ResultNodes
from .state import ViewState
from .threshold_colors import result_colors

#: The map that a node was computed from.
MAP_REFERENCE = "UMambaXAI.map"
#: Keeps the lines at the threshold itself.
_SLACK = 1e-3


def show_contours(nodes: ResultNodes, attention: Any, state: ViewState) -> None:
    """Show the lines of ``attention`` at ``CONTOUR_LEVELS`` from the threshold upwards; computed on first use."""
    do_all(prepare_contours(nodes, attention))
    node = contours_node(nodes, attention)
    display = node.GetDisplayNode()
    display.SetAndObserveColorNodeID(result_colors(nodes).GetID())
    display.SetThresholdRange(max(state.threshold - _SLACK, 0.0), 1.0)
    display.SetThresholdEnabled(True)
    display.SetVisibility(True)


def prepare_contours(nodes: ResultNodes, attention: Any) -> Iterator[None]:
    """Compute the lines of ``attention`` where the node has none, or those of another map."""
    node = nodes.get(CONTOURS)
    if node is not None and node.GetNodeReferenceID(MAP_REFERENCE) == attention.GetID():
        return
    lines = yield from lines_in_pieces(image_array(attention.GetImageData()), local_grid(attention))

    def make(name: str) -> Any:
        node = add_contours(nodes.scene, name, lines)
        node.GetDisplayNode().SetVisibility(False)
        return node

    node = nodes.made(CONTOURS, make, "attention contours")
    node.SetAndObservePolyData(lines)
    node.SetNodeReferenceID(MAP_REFERENCE, attention.GetID())
    yield


def contours_node(nodes: ResultNodes, attention: Any) -> Any:
    """The lines' node; computed from ``attention``, and hidden, where there is none yet."""
    if nodes.get(CONTOURS) is None:
        do_all(prepare_contours(nodes, attention))
    return nodes.get(CONTOURS)


def hide_contours(nodes: ResultNodes) -> None:
    """Hide the lines."""
    node = nodes.get(CONTOURS)
    if node is not None:
        node.GetDisplayNode().SetVisibility(False)
