"""A deletion curve in a plot view that the current layout has anyway, and the way back to what that view showed."""

from __future__ import annotations

from typing import Any

from .deletion_curve import deletion_chart, is_deletion_chart
from .result_layout_description import PLOT_TAG
from .result_view.nodes import CHART, ResultNodes

#: Node reference of a plot view: the chart that it showed before, where there was one.
_BEFORE = "UMambaXAI.chartBeforeDeletion"


def show_deletion(nodes: ResultNodes, view: Any = None) -> bool:
    """Show a result's deletion curve in a plot view of the current layout: the result layout's own, or else the first.

    Args:
        view: this one instead.

    Returns:
        Whether there was such a view, and a curve.
    """
    chart, view = deletion_chart(nodes), view or _view_in_sight(nodes.scene)
    if chart is None or view is None:
        return False
    shown = view.GetPlotChartNode()
    if shown is None and view.GetSingletonTag() == PLOT_TAG:
        shown = nodes.get(CHART)
    if shown is not None and not is_deletion_chart(shown):
        view.SetNodeReferenceID(_BEFORE, shown.GetID())
    view.SetPlotChartNodeID(chart.GetID())
    return True


def hide_deletion(scene: Any) -> None:
    """Give plot views back the chart that they showed before; one that shows another chart by now keeps that."""
    for view in _plot_views(scene):
        before, shown = view.GetNodeReference(_BEFORE), view.GetPlotChartNode()
        was_removed = shown is None and before is not None
        if was_removed or (shown is not None and is_deletion_chart(shown)):
            view.SetPlotChartNodeID(None if before is None else before.GetID())
        view.SetNodeReferenceID(_BEFORE, None)


def is_deletion_shown(nodes: ResultNodes) -> bool:
    """Whether a plot view of the current layout shows the result's curve."""
    chart = deletion_chart(nodes)
    return chart is not None and any(
        view.IsMappedInLayout() and view.GetPlotChartNodeID() == chart.GetID() for view in _plot_views(nodes.scene)
    )


def _view_in_sight(scene: Any) -> Any:
    found = [view for view in _plot_views(scene) if view.IsMappedInLayout()]
    return next((view for view in found if view.GetSingletonTag() == PLOT_TAG), found[0] if found else None)


def _plot_views(scene: Any) -> list[Any]:
    kind = "vtkMRMLPlotViewNode"
    return [scene.GetNthNodeByClass(index, kind) for index in range(scene.GetNumberOfNodesByClass(kind))]
