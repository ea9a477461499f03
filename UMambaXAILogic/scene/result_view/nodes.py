"""The nodes of one result by the part they play, remembered in the scene so that they are found after a reload."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from UMambaXAILogic.engine.errors import InputError

from ..run_nodes import INPUT_REFERENCE, RUN_ATTRIBUTE, node_name
from ..subject_hierarchy import folder_of, put_into_folder
from .state import MEAN, ViewState

VOLUME, SEGMENTATION, ATTENTION, TRUTH = "volume", "segmentation", "attention", "truth"
CONTOURS, SURFACE, ERRORS, MISSED = "contours", "surface", "errors", "missed"
METRICS, CHART = "metrics", "chart"
SLICES_TABLE, METRICS_TABLE, ALIGNMENT_TABLE = "slices_table", "metrics_table", "alignment_table"

_RECORD_ATTRIBUTE = "UMambaXAI.result"
_STATE_ATTRIBUTE, _SHOWN_ATTRIBUTE = "UMambaXAI.view", "UMambaXAI.shown"
_REFERENCE = "UMambaXAI.role."


class ResultNodes:
    """One result's nodes.

    Args:
        record: the node that remembers them, made by ``add_result_nodes``.
    """

    def __init__(self, record: Any) -> None:
        self.record = record
        self.scene = record.GetScene()

    def get(self, role: str) -> Any:
        """The node that plays ``role``; None where there is none, or somebody removed it."""
        return self.record.GetNodeReference(_REFERENCE + role)

    def needed(self, role: str) -> Any:
        """As ``get``; raises ``InputError`` where there is none."""
        node = self.get(role)
        if node is None:
            raise InputError(f"The result's {role} was removed from the scene.", "Run Segment & Explain again.")
        return node

    def roles(self) -> list[str]:
        """All roles that some node plays."""
        count = self.record.GetNumberOfNodeReferenceRoles()
        names = [self.record.GetNthNodeReferenceRole(index) for index in range(count)]
        return [name.removeprefix(_REFERENCE) for name in names if name.startswith(_REFERENCE)]

    def set(self, role: str, node: Any) -> None:
        """Let a node play ``role``; None: nobody does."""
        self.record.SetNodeReferenceID(_REFERENCE + role, None if node is None else node.GetID())

    def made(self, role: str, make: Callable[[str], Any], what: str) -> Any:
        """The node that plays ``role``; made, placed beside the others and named for ``what`` on first use.

        Args:
            make: takes the node's name.
        """
        node = self.get(role)
        if node is None:
            self.needed(SEGMENTATION)  # where it is gone, nothing can be placed beside it
            node = make(self.name(what))
            self.place(node)
            self.set(role, node)
        return node

    def name(self, what: str) -> str:
        """What a node of this result that shows ``what`` is called."""
        return node_name(self.needed(VOLUME), what, self.run_name)

    def place(self, node: Any) -> None:
        """Let a node belong to this result: its folder, its parent transform, and whatever removes the result."""
        beside = self.needed(SEGMENTATION)
        self.own(node)
        if node.IsA("vtkMRMLTransformableNode"):
            node.SetAndObserveTransformNodeID(beside.GetTransformNodeID())
        put_into_folder(self.scene, folder_of(self.scene, beside), [node])

    def own(self, node: Any) -> None:
        """Let what removes the result remove ``node`` too."""
        _belong(node, self.run_name, self.needed(VOLUME))

    @property
    def run_name(self) -> str:
        """What the run is called: model and method, and what else tells it from others on the volume."""
        return str(self.record.GetAttribute(RUN_ATTRIBUTE))

    @property
    def metrics(self) -> dict[str, Any]:
        """The content of metrics.json."""
        return json.loads(self.needed(METRICS).GetText())

    @property
    def state(self) -> ViewState | None:
        """What is wanted: shown already, or being prepared; None before anything was asked for."""
        text = self.record.GetAttribute(_STATE_ATTRIBUTE)
        return ViewState.from_text(text) if text else None

    @state.setter
    def state(self, state: ViewState) -> None:
        self.record.SetAttribute(_STATE_ATTRIBUTE, state.to_text())

    def note_shown(self) -> None:
        """Note that what is wanted is shown now."""
        self.record.SetAttribute(_SHOWN_ATTRIBUTE, self.record.GetAttribute(_STATE_ATTRIBUTE))

    def want_what_is_shown(self) -> None:
        """Forget a wish that cannot be fulfilled."""
        self.record.SetAttribute(_STATE_ATTRIBUTE, self.record.GetAttribute(_SHOWN_ATTRIBUTE))

    @property
    def are_there(self) -> bool:
        """Whether the result is still in its scene."""
        return bool(self.scene.IsNodePresent(self.record))

    def map_role(self, layer: str) -> str:
        """The role of a layer's attention volume."""
        return ATTENTION if layer == MEAN else f"layer.{layer}"


def add_result_nodes(scene: Any, run_name: str, nodes: Mapping[str, Any]) -> ResultNodes:
    """Remember a result's nodes in the scene.

    Args:
        run_name: see ``RunNodes``; the record goes with the other nodes of that run.
        nodes: by role; None for what there is none of. ``volume``, ``segmentation`` and ``metrics`` there must be.
    """
    record = scene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
    record.UnRegister(None)
    record.SetName(node_name(nodes[VOLUME], "result", run_name))
    record.SetAttribute(_RECORD_ATTRIBUTE, "1")
    scene.AddNode(record)
    _belong(record, run_name, nodes[VOLUME])
    result = ResultNodes(record)
    for role, node in nodes.items():
        if node is not None:
            result.set(role, node)
    return result


def find_results(scene: Any) -> list[ResultNodes]:
    """All results in the scene, the latest last."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLScriptedModuleNode")
    records = [scene.GetNthNodeByClass(index, "vtkMRMLScriptedModuleNode") for index in range(count)]
    return [ResultNodes(record) for record in records if is_result_record(record)]


def is_result_record(node: Any) -> bool:
    """Whether a node is what remembers the nodes of a result."""
    return bool(node.GetAttribute(_RECORD_ATTRIBUTE))


def find_result_of(node: Any) -> ResultNodes | None:
    """The result that a node belongs to, None where it belongs to none."""
    run_name, volume = node.GetAttribute(RUN_ATTRIBUTE), node.GetNodeReferenceID(INPUT_REFERENCE)
    for result in reversed(find_results(node.GetScene())):
        record = result.record
        if (record.GetAttribute(RUN_ATTRIBUTE), record.GetNodeReferenceID(INPUT_REFERENCE)) == (run_name, volume):
            return result
    return None


def _belong(node: Any, run_name: str, volume: Any) -> None:
    node.SetAttribute(RUN_ATTRIBUTE, run_name)
    node.SetNodeReferenceID(INPUT_REFERENCE, volume.GetID())
