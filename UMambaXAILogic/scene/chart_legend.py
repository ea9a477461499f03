"""Where a plot view's legend lies."""

from __future__ import annotations

from typing import Any


def put_legend_beside(chart: Any) -> None:
    """Put the legend to the right of a chart: inside, where VTK puts it, it lies on the lines.

    Args:
        chart: a ``vtkChartXY``; a chart node cannot say this, so it is told to the view's own chart.
    """
    legend = chart.GetLegend()
    legend.SetInline(False)
    legend.SetHorizontalAlignment(legend.RIGHT)
    legend.SetVerticalAlignment(legend.TOP)
