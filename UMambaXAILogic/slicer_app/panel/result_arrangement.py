"""The result's layout in the application: its views made ready, its chart following the slices and leading them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
import vtk

from UMambaXAILogic.scene.chart_legend import put_legend_beside
from UMambaXAILogic.scene.result_layout import (
    is_noted_as_arranged,
    is_shown,
    note_arrangement,
    plot_view,
    show_layout,
)
from UMambaXAILogic.scene.result_layout_description import PROJECTION_TAG, THREE_D_TAG, layout_node
from UMambaXAILogic.scene.result_view import ResultNodes
from UMambaXAILogic.scene.result_view.renewal import renew_legends
from UMambaXAILogic.scene.result_view.state import PROJECTION
from UMambaXAILogic.scene.slice_cursor import SliceCursor
from UMambaXAILogic.scene.slice_selection import select_slice

from .result_selection import ResultSelection


class ResultArrangement:
    """Arranges the views around a result.

    Args:
        nodes: gives the result that a selected slice belongs to; None where there is none.
    """

    def __init__(self, nodes: Callable[[], ResultNodes | None]) -> None:
        self._nodes = nodes
        self._selection = ResultSelection(self._select_row)
        self._cursor = SliceCursor()
        self._layout: Any = None
        self._tag = 0

    def show(self, nodes: ResultNodes) -> None:
        """Show a result's layout, with a view for the projection where that is shown."""
        scene = nodes.scene
        self._note_layouts(scene)
        was_shown, before = is_shown(scene), layout_node(scene).GetViewArrangement()
        state = nodes.state
        show_layout(nodes, projection=state is not None and PROJECTION in state.attention)
        self._selection.listen(scene)
        self._cursor.follow(nodes)
        _put_legend_of_chart_beside(scene)
        note_arrangement(scene)  # the same layout, perhaps, of another result
        if layout_node(scene).GetViewArrangement() != before:
            renew_legends(nodes)
        if not was_shown:
            _look_at_everything()

    def stop(self) -> None:
        """Follow the slice views no more."""
        self._cursor.stop()

    def restore(self, nodes: ResultNodes) -> None:
        """Show the layout of a result that was saved in it, once after it was loaded."""
        if is_noted_as_arranged(nodes):
            self.show(nodes)

    def leave(self) -> None:
        """Hold on to nothing."""
        self.stop()
        self._forget_layout()

    def _note_layouts(self, scene: Any) -> None:
        """From now on let the scene know whether the result's layout is shown, whoever changes it."""
        if self._layout is not layout_node(scene):
            self._forget_layout()
            self._layout = layout_node(scene)
            self._tag = self._layout.AddObserver(vtk.vtkCommand.ModifiedEvent, _on_layout)

    def _forget_layout(self) -> None:
        if self._layout is not None:
            self._layout.RemoveObserver(self._tag)
            self._layout = None

    def _select_row(self, row: int) -> None:
        nodes = self._nodes()
        if nodes is not None:
            select_slice(nodes, row)


def _on_layout(layout: Any, _event: str) -> None:
    if layout.GetScene() is not None:  # it is being closed
        note_arrangement(layout.GetScene())


def _put_legend_of_chart_beside(scene: Any) -> None:
    layouts = slicer.app.layoutManager()
    ours = plot_view(scene)
    for index in range(layouts.plotViewCount):
        widget = layouts.plotWidget(index)
        if widget.mrmlPlotViewNode() is ours:
            put_legend_beside(widget.plotView().chart())


def _look_at_everything() -> None:
    """A 3-D view that was just made looks past what is in it."""
    layouts = slicer.app.layoutManager()
    for index in range(layouts.threeDViewCount):
        widget = layouts.threeDWidget(index)
        if widget.mrmlViewNode().GetSingletonTag() in (THREE_D_TAG, PROJECTION_TAG):
            widget.threeDView().resetFocalPoint()
            widget.threeDView().resetCamera()
