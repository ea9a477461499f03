"""The categories of Dice as coloured bands behind the lines of a slice chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import slicer

from .colors import Color
from .tables import add_table, number_column

#: As ``engine.alignment.categories.DICE_ABOVE``, which cannot be imported without packages that Slicer lacks.
CATEGORIES_DICE_ABOVE = (("perfect", 0.85), ("good", 0.65), ("bad", 0.4))
WORST = "worst"

#: Zigzag strokes a band, and their width in pixels: a chart of up to their product in pixels has no gaps.
_STROKES, _STROKE_WIDTH = 1000, 4
_POSITION = "position_s_mm"


@dataclass(frozen=True)
class Band:
    """One category.

    Args:
        name: in the chart's legend.
        low, high: between these values of Dice.
        color: RGB in [0, 1]; light, because dark lines lie on it.
    """

    name: str
    low: float
    high: float
    color: Color


_COLORS: tuple[Color, ...] = ((0.80, 0.92, 0.80), (0.93, 0.95, 0.78), (1.0, 0.90, 0.76), (0.98, 0.83, 0.81))


def category_bands() -> list[Band]:
    """The categories from the best to the worst; together they cover 0-1."""
    names = [name for name, _ in CATEGORIES_DICE_ABOVE]
    bounds = [1.0, *(bound for _, bound in CATEGORIES_DICE_ABOVE), 0.0]
    return [
        Band(name, low, high, color)
        for name, high, low, color in zip([*names, WORST], bounds[:-1], bounds[1:], _COLORS, strict=True)
    ]


def add_category_bands(scene: Any, name: str, positions: Sequence[float]) -> list[Any]:
    """Add a table and one series a band over the range of ``positions``; returns the table, then the series.

    A plot has no areas, so each band is a line that runs up and down in it so often that it fills it.

    Args:
        name: of the table.
        positions: along the chart's x axis; at least one.
    """
    across = np.linspace(min(positions), max(positions), _STROKES)
    is_up = np.arange(_STROKES) % 2 == 1
    bands = category_bands()
    heights = [number_column(band.name, np.where(is_up, band.high, band.low).tolist()) for band in bands]
    table = add_table(scene, name, [number_column(_POSITION, across.tolist()), *heights])
    table.SetHideFromEditors(True)
    return [table, *(_add_band(scene, band, table) for band in bands)]


def _add_band(scene: Any, band: Band, table: Any) -> Any:
    kind = slicer.vtkMRMLPlotSeriesNode
    node = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", band.name)
    node.SetAndObserveTableNodeID(table.GetID())
    node.SetPlotType(kind.PlotTypeScatter)
    node.SetXColumnName(_POSITION)
    node.SetYColumnName(band.name)
    node.SetColor(*band.color)
    node.SetLineStyle(kind.LineStyleSolid)
    node.SetLineWidth(_STROKE_WIDTH)
    node.SetMarkerStyle(kind.MarkerStyleNone)
    node.SetHideFromEditors(True)  # nobody looks for it in the tree of data
    return node
