"""The layouts that show a result at a glance, and the way back to the one before."""

from __future__ import annotations

from typing import Any

from .deletion_curve import deletion_chart
from .result_layout_description import (
    LAYOUT,
    LAYOUT_WITH_PROJECTION,
    PLOT_TAG,
    TABLE_TAG,
    layout_node,
    register_layouts,
)
from .result_view.nodes import CHART, SLICES_TABLE, ResultNodes, find_results
from .result_view.views import projection_view, three_d_view
from .users_layout import enter_layout, is_users_layout_known, return_to_users_layout

#: Of a result's record: its layout is shown, or was when the scene was saved.
_ARRANGED = "UMambaXAI.arranged"


def show_layout(nodes: ResultNodes, projection: bool = False) -> None:
    """Show a result's 3-D view, slices, chart and table side by side; remembers the layout that was there before.

    Its deletion curve stays where the plot view shows that.

    Args:
        projection: with a view for the maximum intensity projection.
    """
    scene = nodes.scene
    register_layouts(scene)
    three_d_view(scene)
    projection_view(scene)
    plot = own_view(scene, "vtkMRMLPlotViewNode", PLOT_TAG, "P")
    plot.SetDoPropagatePlotChartSelection(False)
    table = own_view(scene, "vtkMRMLTableViewNode", TABLE_TAG, "T")
    table.SetDoPropagateTableSelection(False)
    if plot.GetPlotChartNodeID() is None or plot.GetPlotChartNodeID() != _id(deletion_chart(nodes)):
        plot.SetPlotChartNodeID(_id(nodes.get(CHART)))
    table.SetTableNodeID(_id(nodes.get(SLICES_TABLE)))
    enter_layout(layout_node(scene), LAYOUT_WITH_PROJECTION if projection else LAYOUT)


def restore_layout(scene: Any) -> None:
    """Go back to the layout that ``show_layout`` found; nothing happens where the user has chosen another one since."""
    if is_shown(scene):
        return_to_users_layout(layout_node(scene))


def is_shown(scene: Any) -> bool:
    """Whether one of the result's layouts is the current one."""
    node = layout_node(scene)
    shown = node.GetViewArrangement() in (LAYOUT, LAYOUT_WITH_PROJECTION)
    return shown and is_users_layout_known(node)


def note_arrangement(scene: Any) -> None:
    """Note whose layout is shown, for when the scene is saved: the layout itself is not.

    To be called whenever the layout changes. Then a note of a layout that is not shown came from a file.
    """
    view = plot_view(scene)
    chart_id = view.GetPlotChartNodeID() if is_shown(scene) and view is not None else None
    for nodes in find_results(scene):
        charts = (_id(nodes.get(CHART)), _id(deletion_chart(nodes)))
        note = "1" if chart_id is not None and chart_id in charts else None
        if nodes.record.GetAttribute(_ARRANGED) != note:
            nodes.record.SetAttribute(_ARRANGED, note)


def is_noted_as_arranged(nodes: ResultNodes) -> bool:
    """Whether ``note_arrangement`` last found this result's layout shown, be it before the scene was saved."""
    return nodes.record.GetAttribute(_ARRANGED) is not None


def plot_view(scene: Any) -> Any:
    """The view of the chart; None before the layout was shown."""
    return scene.GetSingletonNode(PLOT_TAG, "vtkMRMLPlotViewNode")


def table_view(scene: Any) -> Any:
    """The view of the table; None before the layout was shown."""
    return scene.GetSingletonNode(TABLE_TAG, "vtkMRMLTableViewNode")


def own_view(scene: Any, kind: str, tag: str, label: str) -> Any:
    """The view node of a class and singleton tag, made on first use, before the layout manager would."""
    existing = scene.GetSingletonNode(tag, kind)
    if existing is not None:
        return existing
    node = scene.CreateNodeByClass(kind)
    node.UnRegister(None)
    node.SetSingletonTag(tag)
    node.SetName(tag)
    node.SetLayoutName(tag)
    node.SetLayoutLabel(label)
    return scene.AddNode(node)


def _id(node: Any) -> str | None:
    return None if node is None else node.GetID()
