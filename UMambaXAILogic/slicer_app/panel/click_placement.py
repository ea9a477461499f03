"""One click in any slice or 3-D view: where it was, in world coordinates.

Slicer's own placing of a control point does it: it knows slices, surfaces and volume renderings, has the cursor that
users know, and ends with a right click. The point is gone as soon as its place is known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from UMambaXAILogic.scene.run_nodes import remove_with_display

_POINT_CLASS = "vtkMRMLMarkupsFiducialNode"
Point = tuple[float, float, float]


class ClickPlacement:
    """Waits for one click.

    Args:
        scene: gives the scene.
        later: calls a function as soon as the event loop turns.
        on_end: gets the place in mm (R, A, S), or None where the user thought better of it.
    """

    def __init__(
        self,
        scene: Callable[[], Any],
        later: Callable[[Callable[[], None]], None],
        on_end: Callable[[Point | None], None],
    ) -> None:
        self._scene, self._later, self._on_end = scene, later, on_end
        self._node: Any = None
        self._observed: list[tuple[Any, int]] = []
        self._before = ("", "", 0)

    @property
    def is_waiting(self) -> bool:
        """Whether the next click is awaited."""
        return self._node is not None

    def start(self) -> None:
        """Take the next click in a view."""
        if self.is_waiting:
            return
        scene = self._scene()
        selection, interaction = _selection(scene), _interaction(scene)
        self._before = (
            selection.GetActivePlaceNodeClassName() or "",
            selection.GetActivePlaceNodeID() or "",
            interaction.GetPlaceModePersistence(),
        )
        self._node = _add_point(scene)
        self._observe(self._node, slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent)
        selection.SetReferenceActivePlaceNodeClassName(_POINT_CLASS)
        selection.SetReferenceActivePlaceNodeID(self._node.GetID())
        interaction.SetPlaceModePersistence(0)
        interaction.SetCurrentInteractionMode(slicer.vtkMRMLInteractionNode.Place)
        # From now on: a mode that was left before this click has ended nothing.
        self._observe(interaction, slicer.vtkMRMLInteractionNode.EndPlacementEvent)

    def stop(self) -> None:
        """Wait no longer; nobody is told."""
        self._take_back()

    def _observe(self, node: Any, event: int) -> None:
        self._observed.append((node, node.AddObserver(event, self._on_event)))

    def _on_event(self, _caller: Any, _event: str) -> None:
        # What places the point goes on to use its node after telling of it, so it is removed later.
        waiting_for = self._node
        self._later(lambda: self._end(waiting_for))

    def _end(self, waiting_for: Any) -> None:
        if waiting_for is None or waiting_for is not self._node:
            return  # told of twice: by the point, and by the end of its placing
        point = _defined_point(waiting_for)
        self._take_back()
        self._on_end(point)

    def _take_back(self) -> None:
        """Leave the scene as it was before ``start``."""
        node, self._node = self._node, None
        for observed, tag in self._observed:
            observed.RemoveObserver(tag)
        self._observed = []
        if node is None:
            return
        scene = node.GetScene()
        if scene is None:  # the scene was closed meanwhile
            return
        selection, interaction = _selection(scene), _interaction(scene)
        class_name, node_id, persistence = self._before
        interaction.SetCurrentInteractionMode(slicer.vtkMRMLInteractionNode.ViewTransform)
        interaction.SetPlaceModePersistence(persistence)
        selection.SetReferenceActivePlaceNodeClassName(class_name or None)
        selection.SetReferenceActivePlaceNodeID(node_id or None)
        remove_with_display(scene, node)


def _add_point(scene: Any) -> Any:
    node = scene.CreateNodeByClass(_POINT_CLASS)
    node.UnRegister(None)  # what is created by class belongs to the caller
    node.SetName(scene.GenerateUniqueName(_("What to explain")))
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    scene.AddNode(node)
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetPointLabelsVisibility(False)
    node.GetDisplayNode().SetSaveWithScene(False)
    return node


def _defined_point(node: Any) -> Point | None:
    for index in range(node.GetNumberOfControlPoints()):
        if node.GetNthControlPointPositionStatus(index) == slicer.vtkMRMLMarkupsNode.PositionDefined:
            position = [0.0, 0.0, 0.0]
            node.GetNthControlPointPositionWorld(index, position)
            return position[0], position[1], position[2]
    return None


def _selection(scene: Any) -> Any:
    return scene.GetNodeByID("vtkMRMLSelectionNodeSingleton")


def _interaction(scene: Any) -> Any:
    return scene.GetNodeByID("vtkMRMLInteractionNodeSingleton")
