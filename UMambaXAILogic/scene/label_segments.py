"""The labels of a model -> how their segments are called and coloured."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from .colors import PREDICTION, Color
from .grid import bounding_box
from .segments import SegmentStyle

#: How far a vessel label's further colours are shifted, where a model has several labels.
_HUE_STEP = 0.381966


def label_styles(labels: npt.NDArray, named: Mapping[str, Any]) -> list[SegmentStyle]:
    """A style for each label that occurs.

    Args:
        labels: (k, j, i).
        named: the labels of dataset.json.
    """
    names = _names(named)
    inside = labels[bounding_box(labels, margin=0)]
    present = [value for value in range(1, int(inside.max()) + 1) if (inside == value).any()]
    return [
        SegmentStyle(value, names.get(value, f"label {value}"), _color(index), names.get(value, ""))
        for index, value in enumerate(present)
    ]


def _names(named: Mapping[str, Any]) -> dict[int, str]:
    """Value -> name, from the labels of dataset.json; a region (a list of values) names none of them alone."""
    return {value: name for name, value in named.items() if isinstance(value, int) and value != 0}


def _color(index: int) -> Color:
    hue, saturation, value = colorsys.rgb_to_hsv(*PREDICTION)
    return colorsys.hsv_to_rgb((hue + index * _HUE_STEP) % 1.0, saturation, value)
