"""Hears when a result is shown in another way, from the panel or the console, and when results come and go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
import vtk

from UMambaXAILogic.scene.result_view import ResultNodes
from UMambaXAILogic.scene.result_view.nodes import is_result_record


class ResultWatch:
    """Watches one result's record, and its scene for records of others.

    Args:
        on_shown: what is shown of the watched result has changed.
        on_results: a result came or went; its nodes may not be complete yet.
    """

    def __init__(self, on_shown: Callable[[], None], on_results: Callable[[], None]) -> None:
        self._on_shown, self._on_results = on_shown, on_results
        self._observed: list[tuple[Any, int]] = []
        self._record: Any = None
        self._tag = 0
        self._state: Any = None

    def follow(self, scene: Any) -> None:
        """Listen to a scene."""
        self.stop()
        events = (slicer.vtkMRMLScene.NodeAddedEvent, slicer.vtkMRMLScene.NodeRemovedEvent)
        self._observed = [(scene, scene.AddObserver(event, self._on_node)) for event in events]

    def watch(self, nodes: ResultNodes | None) -> None:
        """Watch this result from now on; None: none."""
        record = None if nodes is None else nodes.record
        if record is self._record:
            return
        if self._record is not None:
            self._record.RemoveObserver(self._tag)
        self._record = record
        self._state = None if nodes is None else nodes.state
        if record is not None:
            self._tag = record.AddObserver(vtk.vtkCommand.ModifiedEvent, self._on_record)

    def stop(self) -> None:
        """Hold on to nothing."""
        self.watch(None)
        for scene, tag in self._observed:
            scene.RemoveObserver(tag)
        self._observed = []

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _on_node(self, _scene: Any, _event: str, node: Any) -> None:
        if is_result_record(node):
            self._on_results()

    def _on_record(self, _record: Any, _event: str) -> None:
        state = ResultNodes(self._record).state
        if state != self._state:
            self._state = state
            self._on_shown()
