"""The user's own layout, kept while one of this extension's is shown."""

from __future__ import annotations

from typing import Any

from .comparison.layout_description import COMPARISON_LAYOUT
from .result_layout_description import LAYOUT, LAYOUT_WITH_PROJECTION

OWN_LAYOUTS = (LAYOUT, LAYOUT_WITH_PROJECTION, COMPARISON_LAYOUT)

_BEFORE, _SAVED_BEFORE = "UMambaXAI.layoutBefore", "UMambaXAI.layoutSavedBefore"


def enter_layout(layout_node: Any, layout: int) -> None:
    """Show a layout of this extension; from which of the user's it was entered is remembered, also over several."""
    if layout_node.GetViewArrangement() not in OWN_LAYOUTS or not is_users_layout_known(layout_node):
        layout_node.SetAttribute(_BEFORE, str(layout_node.GetViewArrangement()))
        layout_node.SetAttribute(_SAVED_BEFORE, str(int(layout_node.GetSaveWithScene())))
    layout_node.SetSaveWithScene(False)  # whoever opens the scene may not have this extension
    layout_node.SetViewArrangement(layout)


def return_to_users_layout(layout_node: Any) -> None:
    """Show the layout that ``enter_layout`` left."""
    layout_node.SetSaveWithScene(bool(int(layout_node.GetAttribute(_SAVED_BEFORE))))
    layout_node.SetViewArrangement(int(layout_node.GetAttribute(_BEFORE)))


def is_users_layout_known(layout_node: Any) -> bool:
    """Whether there is a layout to return to."""
    return layout_node.GetAttribute(_BEFORE) is not None
