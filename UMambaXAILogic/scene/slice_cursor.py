"""The line in the slice chart at the slice that the views show, wherever they are scrolled to."""

from __future__ import annotations

import math
from typing import Any

import vtk

from UMambaXAILogic.engine.errors import InputError

from .colors import Color
from .jump import shown_slice, slice_views
from .plots import Line, add_line
from .result_view.nodes import CHART, SLICES_TABLE, VOLUME, ResultNodes
from .tables import add_table, number_column

_TABLE, _SERIES = "cursor_table", "cursor"
_COLOR: Color = (0.10, 0.10, 0.12)
_UNKNOWN = -1  # no slice's number: whatever is shown, the line has to be put there


class SliceCursor:
    """Follows the slice views with a result's cursor, from ``follow`` until ``stop``."""

    def __init__(self) -> None:
        self._record_id = ""
        self._scene: Any = None
        self._observed: list[tuple[Any, int]] = []
        self._shown: int | None = _UNKNOWN

    def follow(self, nodes: ResultNodes) -> None:
        """Mark the slice that is shown now, and from now on whenever another one is; no other result is followed."""
        self.stop()
        self._record_id, self._scene = nodes.record.GetID(), nodes.scene
        self._observed = [
            (view, view.AddObserver(vtk.vtkCommand.ModifiedEvent, self._on_view)) for view in slice_views(nodes.scene)
        ]
        self._mark(nodes)

    def stop(self) -> None:
        """Follow nothing any more; the line stays where it is."""
        for view, tag in self._observed:
            view.RemoveObserver(tag)
        self._observed, self._scene, self._shown = [], None, _UNKNOWN

    def _on_view(self, _view: Any, _event: str) -> None:
        record = self._scene.GetNodeByID(self._record_id)
        if record is not None:
            self._mark(ResultNodes(record))

    def _mark(self, nodes: ResultNodes) -> None:
        volume = nodes.get(VOLUME)
        if volume is None or nodes.get(CHART) is None:
            return
        try:
            index = shown_slice(nodes.scene, volume)
        except InputError:  # put under such a transform meanwhile: its slices are no planes any more
            index = None
        if index != self._shown:
            self._shown = index
            mark_position(nodes, slice_position(nodes, index))


def slice_position(nodes: ResultNodes, index: int | None) -> float:
    """Where a slice lies in the chart, mm; nan where the slice table has no such slice."""
    table = nodes.get(SLICES_TABLE)
    column = None if table is None else table.GetTable().GetColumnByName("slice")
    if column is None or index is None or not column.GetNumberOfValues():
        return math.nan
    row = index - int(column.GetValue(0))  # slices follow each other, but those outside a region are not there
    if not 0 <= row < column.GetNumberOfValues() or int(column.GetValue(row)) != index:
        row = next((row for row in range(column.GetNumberOfValues()) if int(column.GetValue(row)) == index), -1)
    return math.nan if row < 0 else float(table.GetTable().GetColumnByName("position_s_mm").GetValue(row))


def mark_position(nodes: ResultNodes, position_s_mm: float) -> None:
    """Draw an upright line in the slice chart at a position; moves the one that is there.

    Args:
        position_s_mm: nan hides the line.
    """
    chart = nodes.get(CHART)
    if chart is None:
        return

    def make_table(name: str) -> Any:
        columns = [number_column("position_s_mm", [position_s_mm] * 2), number_column("height", [0.0, 1.0])]
        table = add_table(nodes.scene, name, columns)
        table.SetHideFromEditors(True)
        return table

    table = nodes.made(_TABLE, make_table, "current slice")
    series = nodes.get(_SERIES)
    if series is None:
        series = add_line(nodes.scene, Line("height", "Slice shown", _COLOR, dashed=False), table, "position_s_mm")
        series.SetHideFromEditors(True)
        nodes.place(series)
        nodes.set(_SERIES, series)
    if not chart.HasPlotSeriesNodeID(series.GetID()):
        chart.AddAndObservePlotSeriesNodeID(series.GetID())
    column = table.GetTable().GetColumnByName("position_s_mm")
    for row in range(2):
        column.SetValue(row, position_s_mm)
    table.GetTable().Modified()
    table.Modified()
