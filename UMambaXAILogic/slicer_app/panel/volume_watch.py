"""Hears when volumes come to a scene or go, for lists that are not Slicer's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
import vtk


class VolumeWatch:
    """Watches a scene; a scene that is loaded brings many volumes at once and is told once.

    Args:
        later: calls a function as soon as the event loop turns.
        on_change: volumes came or went.
    """

    def __init__(self, later: Callable[[Callable[[], None]], None], on_change: Callable[[], None]) -> None:
        self._later, self._on_change = later, on_change
        self._observed: list[tuple[Any, int]] = []
        self._is_due = False

    def follow(self, scene: Any) -> None:
        """Listen to a scene, and to no other."""
        self.stop()
        events = (slicer.vtkMRMLScene.NodeAddedEvent, slicer.vtkMRMLScene.NodeRemovedEvent)
        self._observed = [(scene, scene.AddObserver(event, self._on_node)) for event in events]

    def stop(self) -> None:
        """Hold on to nothing."""
        for scene, tag in self._observed:
            scene.RemoveObserver(tag)
        self._observed = []

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _on_node(self, _scene: Any, _event: str, node: Any) -> None:
        if not self._is_due and node.IsA("vtkMRMLScalarVolumeNode"):
            self._is_due = True
            self._later(self._tell)

    def _tell(self) -> None:
        self._is_due = False
        if self._observed:
            self._on_change()
