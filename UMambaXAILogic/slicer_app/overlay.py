"""What the attention sliders do to the slice views."""

from __future__ import annotations

from typing import Any

from UMambaXAILogic.scene.heat_map import hide_from_slices, set_threshold, show_on_slices
from UMambaXAILogic.scene.run_nodes import INPUT_REFERENCE


def update_overlay(scene: Any, attention_node: Any, visible: bool, threshold: float, opacity: float) -> None:
    """Show or hide the attention over the volume it belongs to; nothing happens where either is gone.

    Args:
        threshold: attention below it is not shown, 0-1.
        opacity: 0-1.
    """
    if attention_node.GetDisplayNode() is None:
        return
    set_threshold(attention_node, threshold)
    volume = attention_node.GetNodeReference(INPUT_REFERENCE)
    if visible and volume is not None:
        show_on_slices(scene, volume, attention_node, opacity)
    else:
        hide_from_slices(scene, attention_node)
