"""The nodes that one run adds below a volume: kept together, placed together, and taken back together."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from UMambaXAILogic.engine.errors import InputError

from .sequence_frame import name_without_frame
from .subject_hierarchy import (
    add_result_folder,
    folder_of,
    is_result_folder,
    put_into_folder,
    remove_folder,
    remove_item_of,
    subject_hierarchy,
)

#: Node attribute and reference by which a later run of the same kind finds what it replaces.
RUN_ATTRIBUTE = "UMambaXAI.run"
#: Node attribute with the names of other runs on that input, JSON: what replaces any of them removes the node too.
OTHER_RUNS_ATTRIBUTE = "UMambaXAI.otherRuns"
INPUT_REFERENCE = "UMambaXAI.input"
#: Node reference of a run's node to itself. A copy that somebody made refers to the original: it is theirs.
_ORIGINAL_REFERENCE = "UMambaXAI.original"


class RunNodes:
    """What a run adds to a scene.

    Args:
        scene: the ``vtkMRMLScene``.
        volume_id: id of the input volume's node: the node itself may be gone when the result comes.
        run_name: what the run is called, such as "demo, seg-xres-cam"; one of the same name replaces it.
    """

    def __init__(self, scene: Any, volume_id: str, run_name: str) -> None:
        self._scene = scene
        self._volume_id = volume_id
        self.run_name = run_name
        self._added: list[Any] = []
        self._shared: list[Any] = []
        self.folder_item = 0

    @property
    def volume(self) -> Any:
        """The input volume's node; raises ``InputError`` where it was removed."""
        node = self._scene.GetNodeByID(self._volume_id)
        if node is None:
            raise InputError(
                "The volume was removed from the scene while it was being worked on.", "Load it and run again."
            )
        return node

    def name(self, what: str) -> str:
        """What a node that shows ``what`` is called."""
        return node_name(self.volume, what, self.run_name)

    def keep(self, node: Any) -> Any:
        """Note that ``node`` belongs to this run; returns it."""
        self._added.append(node)
        return node

    def keep_all(self, nodes: Iterable[Any]) -> None:
        """Note that ``nodes`` belong to this run."""
        self._added += nodes

    def keep_shared(self, node: Any) -> None:
        """Note that ``node`` was made for this run, but will serve others too: only ``undo`` removes it."""
        self._shared.append(node)

    def place(self) -> None:
        """Put the nodes into a folder below the volume and under its transform.

        After everything was imported, because importing under a transform would harden it.
        """
        volume = self.volume
        self.folder_item = add_result_folder(self._scene, volume, f"{name_without_frame(volume)}: {self.run_name}")
        transform = volume.GetTransformNodeID()
        for node in self._added:
            node.SetAttribute(RUN_ATTRIBUTE, self.run_name)
            node.SetNodeReferenceID(INPUT_REFERENCE, volume.GetID())
            node.SetNodeReferenceID(_ORIGINAL_REFERENCE, node.GetID())
            if transform and node.IsA("vtkMRMLTransformableNode"):
                node.SetAndObserveTransformNodeID(transform)
        put_into_folder(self._scene, self.folder_item, self._added)

    def remove_earlier(self) -> None:
        """Remove what an earlier run of the same name on this volume left. Cannot be taken back: last of all."""
        self._remove(self._earlier_nodes())

    def undo(self) -> None:
        """Remove everything that was added so far."""
        if self.folder_item:
            remove_folder(self._scene, self.folder_item)
        for node in reversed(self._added):
            remove_with_display(self._scene, node)
        for node in self._shared:
            if not _is_used(self._scene, node):  # another run may have come to use it meanwhile
                remove_with_display(self._scene, node)
        self._added.clear()
        self._shared.clear()
        self.folder_item = 0

    def _earlier_nodes(self) -> list[Any]:
        return [node for node in _nodes_of(self._scene, self._volume_id, self.run_name) if node not in self._added]

    def _remove(self, nodes: list[Any]) -> None:
        around = {folder_of(self._scene, node) for node in nodes}
        folders = {item for item in around if is_result_folder(self._scene, item)}  # a node may have been moved
        for node in nodes:
            remove_with_display(self._scene, node)
        for folder in folders - {self.folder_item}:
            remove_folder(self._scene, folder)


def unused_run_name(scene: Any, volume_id: str, run_name: str) -> str:
    """The run's name, with a number where an earlier run of that name on the volume is to stay."""
    name, number = run_name, 1
    while _nodes_of(scene, volume_id, name):
        number += 1
        name = f"{run_name} ({number})"
    return name


def refuse_to_replace(nodes: Iterable[Any], volume_id: str, run_name: str) -> None:
    """Raise ``InputError`` where a run that reads these nodes would remove one: somebody may have corrected it.

    Args:
        nodes: that the run reads; None where there is none.
        volume_id: of its input volume.
        run_name: what it is called.
    """
    for node in nodes:
        if node is not None and _is_of(node, volume_id, run_name):
            raise InputError(
                f"'{node.GetName()}' belongs to the result '{run_name}', which this run would replace.",
                "Keep earlier results (in the panel under Advanced, in Python by replace=False), or choose a copy: "
                "in the Data module, right click on it and Clone.",
            )


def _nodes_of(scene: Any, volume_id: str, run_name: str) -> list[Any]:
    nodes = [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())]
    return [node for node in nodes if _is_of(node, volume_id, run_name)]


def _is_of(node: Any, volume_id: str, run_name: str) -> bool:
    is_original = node.GetNodeReferenceID(_ORIGINAL_REFERENCE) in (None, node.GetID())
    return is_original and node.GetNodeReferenceID(INPUT_REFERENCE) == volume_id and run_name in _runs_of(node)


def _runs_of(node: Any) -> list[str]:
    return [node.GetAttribute(RUN_ATTRIBUTE), *json.loads(node.GetAttribute(OTHER_RUNS_ATTRIBUTE) or "[]")]


def node_name(volume_node: Any, what: str, run_name: str) -> str:
    """What a node that shows ``what`` of a run on a volume is called."""
    return f"{name_without_frame(volume_node)} {what} ({run_name})"


def _is_used(scene: Any, color_node: Any) -> bool:
    """Whether a display node shows its colours."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLDisplayNode")
    displays = (scene.GetNthNodeByClass(index, "vtkMRMLDisplayNode") for index in range(count))
    return any(display.GetColorNodeID() == color_node.GetID() for display in displays)


def remove_with_display(scene: Any, node: Any) -> None:
    """Remove a node with its display and storage nodes, which the scene would keep."""
    companions = []
    if node.IsA("vtkMRMLDisplayableNode"):
        companions += [node.GetNthDisplayNode(index) for index in range(node.GetNumberOfDisplayNodes())]
    if node.IsA("vtkMRMLStorableNode"):
        companions.append(node.GetStorageNode())
    item = subject_hierarchy(scene).GetItemByDataNode(node)
    for one in (node, *companions):
        if one is not None and scene.IsNodePresent(one):
            scene.RemoveNode(one)
    remove_item_of(scene, item)
