"""Where a plot view's legend lies."""

from __future__ import annotations

import vtk

#: Loaded before any view is asked for its chart: an application that loads VTK's modules when they are needed would
#: hand the chart out as a ``vtkContextItem``, which has no legend.
Chart = vtk.vtkChartXY


def put_legend_beside(chart: Chart) -> None:
    """Put the legend to the right of a chart: inside, where VTK puts it, it lies on the lines.

    Args:
        chart: a view's own; a chart node cannot say this.
    """
    legend = chart.GetLegend()
    legend.SetInline(False)
    legend.SetHorizontalAlignment(legend.RIGHT)
    legend.SetVerticalAlignment(legend.TOP)
