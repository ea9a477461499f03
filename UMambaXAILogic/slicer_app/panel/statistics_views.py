"""Where the panel's domain statistics are looked at: a table in the panel, table and histogram beside the slices."""

from __future__ import annotations

from typing import Any

import slicer


def show_in_panel(table_view: Any, table_node: Any) -> None:
    """Let a ``qMRMLTableView`` show a table node, or nothing where it is None.

    The view gets no scene: with one, but without a view node, it empties itself whenever a scene is loaded.
    """
    if table_view.mrmlTableNode() is not table_node:
        table_view.setMRMLTableNode(table_node)


def show_beside_slices(table_node: Any, chart_node: Any) -> None:
    """Switch to a layout with a plot and a table, and let them show these nodes."""
    selection = slicer.app.applicationLogic().GetSelectionNode()
    selection.SetActiveTableID(table_node.GetID())
    selection.SetActivePlotChartID(chart_node.GetID())
    slicer.app.layoutManager().setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpPlotTableView)
    slicer.app.applicationLogic().PropagateTableSelection()
    slicer.app.applicationLogic().PropagatePlotChartSelection()
