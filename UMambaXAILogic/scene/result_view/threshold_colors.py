"""The colours of one result's attention: as everywhere, but dull below its threshold."""

from __future__ import annotations

from typing import Any

import numpy as np

from UMambaXAILogic.engine.attention_colors import attention_colors

from ..colors import Color, add_attention_colors
from .nodes import ResultNodes

ROLE = "colors"
#: What is below the threshold is mixed with this grey: it says so on the surface, and still tells little from less.
_GREY = np.array([0.42, 0.42, 0.45])
_GREY_SHARE = 0.7
_COUNT = 256
#: Stands for all dull colours in a key.
DULL_KEY: Color = (0.44, 0.33, 0.40)


def result_colors(nodes: ResultNodes) -> Any:
    """The result's colour table, made on first use."""
    return nodes.made(ROLE, lambda name: add_attention_colors(nodes.scene, name), "attention colours")


def set_color_threshold(nodes: ResultNodes, threshold: float) -> None:
    """Dull the colours below ``threshold``, so that legend and surface say what the slices leave out."""
    table = result_colors(nodes)
    colors = attention_colors(_COUNT)
    below = np.arange(_COUNT) < round(threshold * (_COUNT - 1))
    colors[below] = _GREY_SHARE * _GREY + (1 - _GREY_SHARE) * colors[below]
    modified = table.StartModify()
    for index, color in enumerate(colors):
        table.SetColor(index, *color, 1.0)
    table.EndModify(modified)
