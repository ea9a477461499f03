"""A benchmark's ranked table and its curves as nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import slicer

from UMambaXAILogic.engine.benchmark.columns import (
    COHORT_COLUMNS,
    COLUMNS,
    Column,
    map_title,
    shown_cohort_rows,
    shown_rows,
)

from .colors import Color
from .plots import Line, add_line
from .tables import add_table, number_column, text_column

#: Told apart in the common kinds of colour blindness (Okabe, Ito 2008).
_COLORS: tuple[Color, ...] = (
    (0.00, 0.45, 0.70),
    (0.84, 0.37, 0.00),
    (0.00, 0.62, 0.45),
    (0.80, 0.47, 0.65),
    (0.90, 0.62, 0.00),
    (0.34, 0.71, 0.91),
    (0.48, 0.32, 0.58),
    (0.55, 0.34, 0.29),
)
_GREYS: tuple[Color, ...] = ((0.20, 0.22, 0.25), (0.36, 0.39, 0.42), (0.48, 0.51, 0.54), (0.58, 0.61, 0.64))
_KIND = slicer.vtkMRMLPlotSeriesNode
_BASELINE_LINES = (
    _KIND.LineStyleDash,
    _KIND.LineStyleDot,
    _KIND.LineStyleDashDot,
    _KIND.LineStyleDashDotDot,
)
_MARKERS = (
    _KIND.MarkerStyleCircle,
    _KIND.MarkerStyleSquare,
    _KIND.MarkerStyleDiamond,
    _KIND.MarkerStylePlus,
    _KIND.MarkerStyleCross,
)
_STEPS = "k"
#: In pixels; the plot is a part of the window.
_TITLE_SIZE, _TEXT_SIZE = 13, 12


@dataclass(frozen=True)
class CurveNodes:
    """What shows one kind of curve.

    Args:
        table: a column ``k`` and one for each map.
        chart: over the table.
        series: the chart's lines, one a map.
    """

    table: Any
    chart: Any
    series: tuple[Any, ...]

    @property
    def all(self) -> list[Any]:
        """The nodes."""
        return [self.table, self.chart, *self.series]


def add_case_table(scene: Any, name: str, body: Mapping[str, Any]) -> Any:
    """Add the ranked table of one case: a row a map, the best first; the columns' descriptions say what they mean."""
    return _add_table(scene, name, COLUMNS, shown_rows(body))


def add_cohort_table(scene: Any, name: str, body: Mapping[str, Any]) -> Any:
    """Add the ranked table of a cohort: a row a method with its means over cases."""
    return _add_table(scene, name, COHORT_COLUMNS, shown_cohort_rows(body))


def add_deletion_curves(scene: Any, name: str, body: Mapping[str, Any]) -> CurveNodes | None:
    """Add what is left of the score when the first voxels of each map are filled; None where no map has a curve."""
    title = "Deletion: first voxels filled (low is good)"
    return _add_curves(scene, name, title, body, "deletion", 1.0, body["score"]["original"])


def add_insertion_curves(scene: Any, name: str, body: Mapping[str, Any]) -> CurveNodes | None:
    """Add what comes back of the score when only the first voxels are shown; None where no map has a curve."""
    title = "Insertion: only first voxels shown (high is good)"
    return _add_curves(scene, name, title, body, "insertion", 0.0, body["score"]["erased"])


def _add_table(scene: Any, name: str, columns: Sequence[Column], rows: Sequence[Mapping[str, str]]) -> Any:
    node = add_table(scene, name, [text_column(column.title, [row[column.key] for row in rows]) for column in columns])
    for column in columns:
        node.SetColumnDescription(column.title, column.meaning)
    return node


def _add_curves(
    scene: Any, name: str, title: str, body: Mapping[str, Any], key: str, first_share: float, first_score: float
) -> CurveNodes | None:
    """Shares of the score between the erased image (0) and the image as it is (1); scores where these two are equal."""
    methods = [method for method in body["methods"] if method["faithfulness"] is not None]
    if not methods:
        return None
    original, erased = body["score"]["original"], body["score"]["erased"]
    has_shares = original > erased
    steps = [0.0, *methods[0]["faithfulness"]["k"]]
    columns = [number_column(_STEPS, steps)]
    for method in methods:
        scores = method["faithfulness"][key]
        values = [(score - erased) / (original - erased) for score in scores] if has_shares else scores
        columns.append(number_column(map_title(method), [first_share if has_shares else first_score, *values]))
    table = add_table(scene, f"{name} values", columns)
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", name)
    series = tuple(_add_lines(scene, methods, table))
    for node in series:
        chart.AddAndObservePlotSeriesNodeID(node.GetID())
    chart.SetTitle(title)
    chart.SetXAxisTitle("Voxels, in multiples of the explained ones")
    chart.SetYAxisTitle("Score (1: image as it is, 0: all filled)" if has_shares else "Score per voxel")
    chart.SetTitleFontSize(_TITLE_SIZE)
    chart.SetAxisTitleFontSize(_TEXT_SIZE)
    chart.SetAxisLabelFontSize(_TEXT_SIZE)
    chart.SetLegendFontSize(_TEXT_SIZE)
    chart.SetXAxisRangeAuto(False)
    chart.SetXAxisRange(0.0, steps[-1])
    return CurveNodes(table, chart, series)


def _add_lines(scene: Any, methods: Sequence[Mapping[str, Any]], table: Any) -> list[Any]:
    """A coloured line with markers for each method, a grey one of its own dashes for each baseline."""
    lines, others, baselines = [], 0, 0
    for method in methods:
        title = map_title(method)
        if method["kind"] == "baseline":
            node = add_line(scene, Line(title, title, _GREYS[baselines % len(_GREYS)], dashed=True), table, _STEPS)
            node.SetLineStyle(_BASELINE_LINES[baselines % len(_BASELINE_LINES)])
            node.SetLineWidth(2)
            baselines += 1
        else:
            node = add_line(scene, Line(title, title, _COLORS[others % len(_COLORS)], dashed=False), table, _STEPS)
            node.SetMarkerStyle(_MARKERS[others % len(_MARKERS)])
            others += 1
        lines.append(node)
    return lines
