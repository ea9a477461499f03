"""A chart node as a picture: drawn by VTK's charts with the settings that the application's plot view takes from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import slicer
import vtk

from .chart_legend import put_legend_beside
from .grab import grab_window

#: The application's own, in its light and in its dark style: ``qMRMLPlotView`` sets it once, and asks no palette. Its
#: text is black in both, too.
_BACKGROUND = (255, 253, 246)
_KIND = slicer.vtkMRMLPlotSeriesNode
_LINES = {
    _KIND.LineStyleNone: vtk.vtkPen.NO_PEN,
    _KIND.LineStyleSolid: vtk.vtkPen.SOLID_LINE,
    _KIND.LineStyleDash: vtk.vtkPen.DASH_LINE,
    _KIND.LineStyleDot: vtk.vtkPen.DOT_LINE,
    _KIND.LineStyleDashDot: vtk.vtkPen.DASH_DOT_LINE,
    _KIND.LineStyleDashDotDot: vtk.vtkPen.DASH_DOT_DOT_LINE,
}
_MARKERS = {
    _KIND.MarkerStyleNone: vtk.vtkPlotPoints.NONE,
    _KIND.MarkerStyleCross: vtk.vtkPlotPoints.CROSS,
    _KIND.MarkerStylePlus: vtk.vtkPlotPoints.PLUS,
    _KIND.MarkerStyleSquare: vtk.vtkPlotPoints.SQUARE,
    _KIND.MarkerStyleCircle: vtk.vtkPlotPoints.CIRCLE,
    _KIND.MarkerStyleDiamond: vtk.vtkPlotPoints.DIAMOND,
}


def draw_chart(chart_node: Any, width: int, height: int, legend_beside: bool = True) -> npt.NDArray[np.uint8]:
    """Draw a chart of lines.

    Args:
        chart_node: a ``vtkMRMLPlotChartNode`` whose series are of the kind scatter.
        width, height: in pixels.
        legend_beside: as ``put_legend_beside`` leaves a plot view; else where VTK puts a legend, over the lines.

    Returns:
        (height, width, 3) sRGB, first row on top.
    """
    view = vtk.vtkContextView()
    window = vtk.vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(4)
    window.SetSize(width, height)
    view.SetRenderWindow(window)
    view.GetRenderer().SetBackground(*(level / 255 for level in _BACKGROUND))
    chart = vtk.vtkChartXY()
    view.GetScene().AddItem(chart)
    chart.GetBackgroundBrush().SetColor(*_BACKGROUND, 255)
    for index in range(chart_node.GetNumberOfPlotSeriesNodes()):
        chart.AddPlot(_plot(chart_node.GetNthPlotSeriesNode(index)))
    chart.SetTitle(chart_node.GetTitle())
    _set_font(chart.GetTitleProperties(), chart_node.GetTitleFontSize())
    chart.SetShowLegend(chart_node.GetLegendVisibility())
    _set_font(chart.GetLegend().GetLabelProperties(), chart_node.GetLegendFontSize())
    if legend_beside:
        put_legend_beside(chart)
    x_range = None if chart_node.GetXAxisRangeAuto() else chart_node.GetXAxisRange()
    y_range = None if chart_node.GetYAxisRangeAuto() else chart_node.GetYAxisRange()
    _set_axis(chart, vtk.vtkAxis.BOTTOM, chart_node.GetXAxisTitle(), x_range, chart_node)
    _set_axis(chart, vtk.vtkAxis.LEFT, chart_node.GetYAxisTitle(), y_range, chart_node)
    window.Render()
    picture = grab_window(window)
    window.Finalize()
    return picture


def _plot(series: Any) -> Any:
    plot = vtk.vtkPlotLine()
    plot.SetInputData(series.GetTableNode().GetTable(), series.GetXColumnName(), series.GetYColumnName())
    plot.SetLabel(series.GetName())
    plot.SetColorF(*series.GetColor())
    plot.SetWidth(series.GetLineWidth())
    plot.GetPen().SetLineType(_LINES[series.GetLineStyle()])
    plot.SetMarkerStyle(_MARKERS[series.GetMarkerStyle()])
    plot.SetMarkerSize(series.GetMarkerSize())
    return plot


def _set_axis(chart: Any, which: int, title: str, limits: tuple[float, float] | None, chart_node: Any) -> None:
    axis = chart.GetAxis(which)
    axis.SetTitle(title)
    axis.SetGridVisible(chart_node.GetGridVisibility())
    axis.GetTitleProperties().SetBold(False)
    _set_font(axis.GetTitleProperties(), chart_node.GetAxisTitleFontSize())
    _set_font(axis.GetLabelProperties(), chart_node.GetAxisLabelFontSize())
    if limits is not None:
        axis.SetBehavior(vtk.vtkAxis.FIXED)
        axis.SetUnscaledRange(*limits)


def _set_font(style: Any, size: int) -> None:
    style.SetFontFamilyToArial()
    style.SetFontSize(size)
