"""A row of the slice table, or a point of the slice chart: shown on the slices, and marked in the chart."""

from __future__ import annotations

from typing import Any

from .colors import Color
from .jump import jump_to_slice
from .plots import Line, add_line
from .result_view.layers import layer_map
from .result_view.nodes import ATTENTION, CHART, SLICES_TABLE, VOLUME, ResultNodes
from .result_view.state import MEAN
from .tables import add_table, number_column

_TABLE, _SERIES = "cursor_table", "cursor"
_GREY: Color = (0.35, 0.35, 0.38)


def select_slice(nodes: ResultNodes, row: int) -> int | None:
    """Show the slice of a row of the slice table, which is also the number of its point in the chart.

    Returns:
        The slice's index in the volume; None where there is no such row any more.
    """
    table = nodes.get(SLICES_TABLE)
    if table is None or not 0 <= row < table.GetNumberOfRows():
        return None
    index = int(table.GetTable().GetColumnByName("slice").GetValue(row))
    state = nodes.state
    layer = MEAN if state is None else state.layer
    attention = None if nodes.get(ATTENTION) is None else layer_map(nodes, layer)
    jump_to_slice(nodes.scene, nodes.needed(VOLUME), index, attention)
    mark_position(nodes, table.GetTable().GetColumnByName("position_s_mm").GetValue(row))
    return index


def mark_position(nodes: ResultNodes, position_s_mm: float) -> None:
    """Draw an upright line in the slice chart at a position; moves the one that is there."""
    chart = nodes.get(CHART)
    if chart is None:
        return
    scene = nodes.scene

    def make_table(name: str) -> Any:
        columns = [number_column("position_s_mm", [position_s_mm] * 2), number_column("height", [0.0, 1.0])]
        return add_table(scene, name, columns)

    table = nodes.made(_TABLE, make_table, "current slice")
    series = nodes.get(_SERIES)
    if series is None:
        series = add_line(scene, Line("height", "Current slice", _GREY, dashed=False), table, "position_s_mm")
        nodes.place(series)
        nodes.set(_SERIES, series)
    if not chart.HasPlotSeriesNodeID(series.GetID()):
        chart.AddAndObservePlotSeriesNodeID(series.GetID())
    column = table.GetTable().GetColumnByName("position_s_mm")
    for row in range(2):
        column.SetValue(row, position_s_mm)
    table.GetTable().Modified()
    table.Modified()
