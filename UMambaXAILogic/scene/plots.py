"""Dice and attention F1 per slice as a chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import slicer

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
BLUE: Color = (0.12, 0.47, 0.71)
ORANGE: Color = (0.95, 0.50, 0.05)
_DICE = Line("dice", "Dice: prediction and ground truth", BLUE, False)
_F1_GROUND_TRUTH = Line("xai_gt_f1", "F1: attention and ground truth", ORANGE, True, marked=True)
_F1_PREDICTION = Line("xai_pm_f1", "F1: attention and prediction", ORANGE, True, marked=True)


def add_slice_chart(scene: Any, name: str, slices_table_node: Any, has_ground_truth: bool) -> tuple[Any, list[Any]]:
    """Add a chart over the slices' position, with a fixed range of 0-1; without ground truth, attention-prediction F1.

    Returns:
        The chart node and its series nodes.
    """
    chart = scene.AddNewNodeByClass("vtkMRMLPlotChartNode", name)
    series = []
    for line in (_DICE, _F1_GROUND_TRUTH) if has_ground_truth else (_F1_PREDICTION,):
        node = add_line(scene, line, slices_table_node, "position_s_mm")
        chart.AddAndObservePlotSeriesNodeID(node.GetID())
        series.append(node)
    chart.SetTitle(name)
    chart.SetXAxisTitle("Position S (mm)")
    chart.SetYAxisTitle("Score")
    chart.SetYAxisRangeAuto(False)
    chart.SetYAxisRange(0.0, 1.0)
    return chart, series


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
