"""The widgets around a plot and a table view, as far as a selection in them goes."""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtCore, QtGui, QtWidgets


def _view_node(kind: str):
    return slicer.mrmlScene.GetFirstNodeByClass(kind)


class PlotView(QtWidgets.QWidget):
    """Says what was selected."""

    dataSelected = QtCore.Signal(object, object)
    mrml_signals = ("dataSelected(vtkStringArray*,vtkCollection*)",)

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self._chart = vtk.vtkChartXY()

    def chart(self) -> vtk.vtkChartXY:
        return self._chart


class PlotWidget(QtWidgets.QWidget):
    """A plot view in the layout."""

    def __init__(self) -> None:
        super().__init__()
        self._view = PlotView(self)

    def plotView(self) -> PlotView:
        return self._view

    def mrmlPlotViewNode(self):
        return _view_node("vtkMRMLPlotViewNode")


class TableView(QtWidgets.QTableView):
    """A view of eight rows that can be sorted."""

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        model = QtGui.QStandardItemModel(self)
        for row in range(8):
            model.appendRow([QtGui.QStandardItem(str(row))])
        self._sorted = QtCore.QSortFilterProxyModel(self)
        self._sorted.setSourceModel(model)
        self.setModel(self._sorted)

    def sortFilterProxyModel(self) -> QtCore.QSortFilterProxyModel:
        return self._sorted

    def mrmlTableViewNode(self):
        return _view_node("vtkMRMLTableViewNode")


class TableWidget(QtWidgets.QWidget):
    """A table view in the layout."""

    def __init__(self) -> None:
        super().__init__()
        self._view = TableView(self)

    def tableView(self) -> TableView:
        return self._view
