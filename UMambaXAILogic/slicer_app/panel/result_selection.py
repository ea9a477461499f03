"""A row of the slice table, or a point of the slice chart: the slices go there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer

from UMambaXAILogic.scene.result_layout import plot_view, table_view

from ..connections import connect


class ResultSelection:
    """Listens to the views of the result's layout, once to each.

    Args:
        select: takes the number of the row.
    """

    def __init__(self, select: Callable[[int], None]) -> None:
        self._select = select
        self._views: list[Any] = []  # a view that is gone is falsy, and equals no other

    def listen(self, scene: Any) -> None:
        """Listen to the views that the layout manager has made meanwhile."""
        layouts = slicer.app.layoutManager()
        for index in range(layouts.plotViewCount):
            widget = layouts.plotWidget(index)
            if _is(widget.mrmlPlotViewNode(), plot_view(scene)) and widget.plotView() not in self._views:
                connect(widget.plotView(), "dataSelected(vtkStringArray*,vtkCollection*)", self._on_points(scene))
                self._views.append(widget.plotView())
        for index in range(layouts.tableViewCount):
            view = layouts.tableWidget(index).tableView()
            if _is(view.mrmlTableViewNode(), table_view(scene)) and view not in self._views:
                connect(view.selectionModel(), "currentRowChanged(QModelIndex,QModelIndex)", self._on_row(view))
                self._views.append(view)

    def _on_points(self, scene: Any) -> Callable[[Any, Any], None]:
        def take(series_ids: Any, selections: Any) -> None:
            """Points of every line that is there, bands and cursor first: only those of the slice table are slices.

            Of several lines at one place the first counts; a click beside them selects none.
            """
            slices_table_id = table_view(scene).GetTableNodeID()
            for index in range(series_ids.GetNumberOfValues()):
                series = scene.GetNodeByID(series_ids.GetValue(index))
                rows = selections.GetItemAsObject(index)
                if series is not None and series.GetTableNodeID() == slices_table_id and rows.GetNumberOfValues():
                    self._select(int(rows.GetValue(0)))
                    return

        return take

    def _on_row(self, view: Any) -> Callable[[Any], None]:
        def take(current: Any) -> None:
            if current.isValid():
                self._select(view.sortFilterProxyModel().mapToSource(current).row())

        return take


def _is(node: Any, other: Any) -> bool:
    return node is not None and other is not None and node.GetID() == other.GetID()
