"""How two maps and their difference are arranged, in the words of the application's layout manager.

Imports nothing but its like, because it is needed at the application's start.
"""

from __future__ import annotations

from typing import Any

from ..result_layout_description import add_layout, split, view

COMPARISON_LAYOUT = 5812
#: Singleton tags of the slice views, which are their layout names too.
VIEW_A, VIEW_B, VIEW_DIFFERENCE = "UMambaXAIMapA", "UMambaXAIMapB", "UMambaXAIMapDifference"
COMPARISON_VIEWS = (VIEW_A, VIEW_B, VIEW_DIFFERENCE)
TABLE_TAG = "UMambaXAIComparison"
#: Views follow each other within a group; in one of their own these leave the application's other views alone.
VIEW_GROUP = 58
#: Label and colour of each view's bar.
VIEW_LOOKS = {
    VIEW_A: ("A", "#E8A33D"),
    VIEW_B: ("B", "#4A90E2"),
    VIEW_DIFFERENCE: ("A-B", "#9A9A9A"),
}


def register_comparison_layout(scene: Any) -> None:
    """Make the layout known; early, as ``register_layouts``."""
    table = view("vtkMRMLTableViewNode", TABLE_TAG, viewlabel="T")
    above = split("horizontal", (500, _slice(VIEW_A)), (500, _slice(VIEW_B)))
    below = split("horizontal", (500, _slice(VIEW_DIFFERENCE)), (500, table))
    add_layout(scene, COMPARISON_LAYOUT, split("vertical", (500, above), (500, below)))


def _slice(tag: str) -> str:
    label, color = VIEW_LOOKS[tag]
    return view(
        "vtkMRMLSliceNode", tag, orientation="Axial", viewlabel=label, viewcolor=color, viewgroup=str(VIEW_GROUP)
    )
