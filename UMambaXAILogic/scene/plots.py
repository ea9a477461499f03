"""Dice and attention F1 per slice as a chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import slicer

from .colors import Color
from .tables import add_table, number_column


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
BLUE: Color = (0.12, 0.47, 0.71)
ORANGE: Color = (0.95, 0.50, 0.05)
_DICE = Line("dice", "Dice: prediction and ground truth", BLUE, False)
_F1_GROUND_TRUTH = Line("xai_gt_f1", "F1: attention and ground truth", ORANGE, True, marked=True)
#: As ``engine.alignment.categories.DICE_ABOVE``, which cannot be imported without packages that Slicer lacks.
CATEGORIES_DICE_ABOVE = (("perfect", 0.85), ("good", 0.65), ("bad", 0.4))
#: From the best category's bound to the worst's.
_CATEGORY_GREYS = (0.25, 0.45, 0.62)
_F1_PREDICTION = Line("xai_pm_f1", "F1: attention and prediction", ORANGE, True, marked=True)


def add_slice_chart(scene: Any, name: str, slices_table_node: Any, has_ground_truth: bool) -> tuple[Any, list[Any]]:
    """Add a chart over the slices' position, with a fixed range of 0-1; without ground truth, attention-prediction F1.

    With ground truth, dotted lines separate the categories of Dice.

    Returns:
        The chart node, and the nodes that it needs: first the series of the scores.
    """
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", name)
    series = []
    for line in (_DICE, _F1_GROUND_TRUTH) if has_ground_truth else (_F1_PREDICTION,):
        node = add_line(scene, line, slices_table_node, "position_s_mm")
        chart.AddAndObservePlotSeriesNodeID(node.GetID())
        series.append(node)
    if has_ground_truth and slices_table_node.GetNumberOfRows():
        series += _add_category_lines(scene, chart, slices_table_node)
    chart.SetTitle(name)
    chart.SetXAxisTitle("Position S (mm)")
    chart.SetYAxisTitle("Score")
    chart.SetYAxisRangeAuto(False)
    chart.SetYAxisRange(0.0, 1.0)
    return chart, series


def _add_category_lines(scene: Any, chart: Any, slices_table_node: Any) -> list[Any]:
    """Add a dotted line at each category's lower bound of Dice; returns their table and series."""
    column = slices_table_node.GetTable().GetColumnByName("position_s_mm")
    positions = [column.GetValue(row) for row in range(column.GetNumberOfValues())]
    names = {f"{name}: Dice above {bound:g}": bound for name, bound in CATEGORIES_DICE_ABOVE}
    ends = number_column("position_s_mm", [min(positions), max(positions)])
    lines = [number_column(name, [bound, bound]) for name, bound in names.items()]
    table = add_table(scene, f"{chart.GetName()}: categories", [ends, *lines])
    added = [table]
    for shade, name in zip(_CATEGORY_GREYS, names, strict=True):
        series = add_line(scene, Line(name, name, (shade, shade, shade), dashed=False), table, "position_s_mm")
        series.SetLineStyle(slicer.vtkMRMLPlotSeriesNode.LineStyleDot)
        series.SetLineWidth(1)
        chart.AddAndObservePlotSeriesNodeID(series.GetID())
        added.append(series)
    return added


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
