"""Dice and attention F1 per slice as a chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import slicer

from .category_bands import add_category_bands
from .colors import Color


@dataclass(frozen=True)
class Line:
    """One line of a chart.

    Args:
        column: of the table, along y.
        name: in the chart's legend.
        color: RGB in [0, 1].
        dashed: and wider, so that it stays apart from a solid one.
        marked: every point, where there are few.
    """

    column: str
    name: str
    color: Color
    dashed: bool
    marked: bool = False


#: A solid blue line and a dashed orange one with markers: they stay apart where they run together, for colour-blind
#: eyes and on paper.
BLUE: Color = (0.05, 0.30, 0.60)
ORANGE: Color = (0.72, 0.25, 0.0)
_DICE = Line("dice", "Dice", BLUE, False)
_F1_GROUND_TRUTH = Line("xai_gt_f1", "F1 attention-GT", ORANGE, True, marked=True)
_F1_PREDICTION = Line("xai_pm_f1", "F1 attention-pred.", ORANGE, False, marked=True)

#: In pixels; the nodes' own sizes are for a plot that fills a window, and this one is a third of one.
_TITLE_SIZE, _TEXT_SIZE = 13, 12
#: Of more points the markers would run together.
_MOST_MARKED = 40


def add_slice_chart(
    scene: Any, name: str, slices_table_node: Any, has_ground_truth: bool, title: str = ""
) -> tuple[Any, list[Any]]:
    """Add a chart over the slices' position, with a fixed range of 0-1; without ground truth, attention-prediction F1.

    With ground truth, the lines lie on bands of the categories of Dice.

    Args:
        name: of the node.
        title: above the lines; the name where empty.

    Returns:
        The chart node, and the nodes that it needs: first the series of the scores.
    """
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", name)
    column = slices_table_node.GetTable().GetColumnByName("position_s_mm")
    positions = [] if column is None else [column.GetValue(row) for row in range(column.GetNumberOfValues())]
    bands = add_category_bands(scene, f"{name}: categories", positions) if has_ground_truth and positions else []
    lines = (_DICE, _F1_GROUND_TRUTH) if has_ground_truth else (_F1_PREDICTION,)
    if len(positions) > _MOST_MARKED:
        lines = tuple(replace(line, marked=False) for line in lines)
    series = [add_line(scene, line, slices_table_node, "position_s_mm") for line in lines]
    for node in (*bands[1:], *series):  # what comes later is drawn over what came before
        chart.AddAndObservePlotSeriesNodeID(node.GetID())
    chart.SetTitle(title or name)
    chart.SetXAxisTitle("Position S (mm)")
    chart.SetYAxisTitle("Score")
    chart.SetYAxisRangeAuto(False)
    chart.SetYAxisRange(0.0, 1.0)
    if positions and min(positions) < max(positions):
        chart.SetXAxisRangeAuto(False)
        chart.SetXAxisRange(min(positions), max(positions))
    set_text_sizes(chart)
    return chart, [*series, *bands]


def set_text_sizes(chart: Any) -> None:
    """Sizes for a plot that is a part of a window."""
    chart.SetTitleFontSize(_TITLE_SIZE)
    chart.SetAxisTitleFontSize(_TITLE_SIZE)
    chart.SetAxisLabelFontSize(_TEXT_SIZE)
    chart.SetLegendFontSize(_TEXT_SIZE)


def chart_title(run_name: str, metrics: Mapping[str, Any]) -> str:
    """What the lines of a slice chart are about: the run, and from which attention on it counts."""
    threshold = ((metrics.get("verdict") or {}).get("cutoffs") or {}).get("threshold")
    return run_name if threshold is None else f"{run_name}, attention from {threshold:g}"


def add_line(scene: Any, line: Line, table: Any, x_column: str) -> Any:
    """Add a line over two columns of a table node."""
    node = scene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", line.name)
    node.SetAndObserveTableNodeID(table.GetID())
    node.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
    node.SetXColumnName(x_column)
    node.SetYColumnName(line.column)
    node.SetColor(*line.color)
    node.SetLineWidth(3 if line.dashed else 2)
    kind = slicer.vtkMRMLPlotSeriesNode
    node.SetLineStyle(kind.LineStyleDash if line.dashed else kind.LineStyleSolid)
    node.SetMarkerStyle(kind.MarkerStyleCircle if line.marked else kind.MarkerStyleNone)
    node.SetMarkerSize(6)
    return node
