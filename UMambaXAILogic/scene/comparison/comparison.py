"""A comparison of two maps in the scene: its nodes, remembered so that they are found after a reload."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import asdict
from typing import Any

from ..grid import image_array, local_grid
from ..result_view.layers import prepare_map
from ..result_view.nodes import VOLUME, ResultNodes
from ..result_view.state import ViewState
from ..run_nodes import INPUT_REFERENCE, OTHER_RUNS_ATTRIBUTE, RUN_ATTRIBUTE, RunNodes, remove_with_display
from ..stepwise import do_all
from ..subject_hierarchy import folder_of, is_result_folder, put_into_folder, remove_folder
from .agreement import Agreement, agreement_in_pieces
from .agreement_table import add_agreement_table
from .difference import add_difference_colors, add_difference_volume
from .maps import MapChoice, check_comparable, check_same_grid, predicted, true

_RECORD_ATTRIBUTE = "UMambaXAI.comparison"
_LAYERS = ("UMambaXAI.layerA", "UMambaXAI.layerB")
_RESULTS = ("UMambaXAI.resultA", "UMambaXAI.resultB")
_ROLE = "UMambaXAI.role."
DIFFERENCE, COLORS, TABLE = "difference", "colors", "table"


class Comparison:
    """Two maps that were compared.

    Args:
        record: the node that remembers them.
    """

    def __init__(self, record: Any) -> None:
        self.record = record
        self.scene = record.GetScene()

    @property
    def choices(self) -> tuple[MapChoice, MapChoice]:
        """A and B."""
        first, second = (
            MapChoice(ResultNodes(self.record.GetNodeReference(role)), self.record.GetAttribute(layer))
            for role, layer in zip(_RESULTS, _LAYERS, strict=True)
        )
        return first, second

    @property
    def agreement(self) -> Agreement:
        """The numbers."""
        return Agreement(**json.loads(self.record.GetAttribute(_RECORD_ATTRIBUTE)))

    @property
    def difference_node(self) -> Any:
        """A - B, float32 in [-1, 1]."""
        return self.get(DIFFERENCE)

    @property
    def table_node(self) -> Any:
        """The numbers in words."""
        return self.get(TABLE)

    @property
    def is_whole(self) -> bool:
        """Whether both results and the difference are still in the scene."""
        needed = [*(self.record.GetNodeReference(role) for role in _RESULTS), self.difference_node]
        return all(node is not None and self.scene.IsNodePresent(node) for node in needed)

    def get(self, role: str) -> Any:
        """The node that plays a role; None where somebody removed it."""
        return self.record.GetNodeReference(_ROLE + role)

    def set(self, role: str, node: Any) -> None:
        """Let a node play a role."""
        self.record.SetNodeReferenceID(_ROLE + role, node.GetID())

    def place(self, node: Any) -> None:
        """Let a node lie with the difference and go with it."""
        node.SetAttribute(RUN_ATTRIBUTE, self.record.GetAttribute(RUN_ATTRIBUTE))
        node.SetAttribute(OTHER_RUNS_ATTRIBUTE, self.record.GetAttribute(OTHER_RUNS_ATTRIBUTE))
        node.SetNodeReferenceID(INPUT_REFERENCE, self.record.GetNodeReferenceID(INPUT_REFERENCE))
        put_into_folder(self.scene, folder_of(self.scene, self.difference_node), [node])

    def remove(self) -> None:
        """Take the comparison out of the scene; its maps stay."""
        folder = 0 if self.difference_node is None else folder_of(self.scene, self.difference_node)
        count = self.record.GetNumberOfNodeReferenceRoles()
        roles = [self.record.GetNthNodeReferenceRole(index) for index in range(count)]
        for node in [self.record.GetNodeReference(role) for role in roles if role.startswith(_ROLE)]:
            if node is not None:
                remove_with_display(self.scene, node)
        remove_with_display(self.scene, self.record)
        if folder and is_result_folder(self.scene, folder):
            remove_folder(self.scene, folder)


def find_comparisons(scene: Any) -> list[Comparison]:
    """The comparisons in the scene whose results are there too, the latest last."""
    kind = "vtkMRMLScriptedModuleNode"
    nodes = [scene.GetNthNodeByClass(index, kind) for index in range(scene.GetNumberOfNodesByClass(kind))]
    found = [Comparison(node) for node in nodes if node.GetAttribute(_RECORD_ATTRIBUTE)]
    return [one for one in found if one.is_whole]


def compare_maps(first: MapChoice, second: MapChoice, threshold: float, replace: bool = True) -> Comparison:
    """Compare two maps at once; see ``comparison_in_pieces``."""
    return do_all(comparison_in_pieces(first, second, threshold, replace))


def comparison_in_pieces(
    first: MapChoice, second: MapChoice, threshold: float, replace: bool = True
) -> Generator[None, None, Comparison]:
    """Compare two maps of one volume in steps of a fraction of a second: the generator yields between them.

    Difference, table and record lie in a folder of their own below the volume, under its transform; they go when either
    result is replaced by a later run.

    Args:
        first, second: A and B.
        threshold: attention from it on counts as high, 0-1.
        replace: remove earlier comparisons of the volume's maps, each of which holds a volume.

    Raises:
        UsageError, InputError: as ``check_comparable`` at once, also for a threshold outside 0-1; later where a file or
            node is gone. The scene is then as it was but for maps that were read.
    """
    ViewState(threshold=threshold)  # refuses what is no threshold
    check_comparable(first, second)
    for choice in (first, second):
        yield from prepare_map(choice.nodes, choice.layer)
    check_same_grid(first, second)
    prediction = predicted(first, second)
    yield
    truth = true(first, second)
    yield
    values = [image_array(choice.map.GetImageData()) for choice in (first, second)]
    agreement = yield from agreement_in_pieces(values[0], values[1], threshold, prediction, truth)
    scene, volume = first.nodes.scene, first.nodes.needed(VOLUME)
    earlier = [one for one in find_comparisons(scene) if one.choices[0].nodes.get(VOLUME) is volume]
    run = RunNodes(scene, volume.GetID(), f"{first.name} vs {second.name}")
    try:
        comparison = _add(scene, run, first, second, agreement)
    except BaseException:
        run.undo()
        raise
    if replace:
        for one in earlier:
            one.remove()
    return comparison


def _add(scene: Any, run: RunNodes, first: MapChoice, second: MapChoice, agreement: Agreement) -> Comparison:
    values = [image_array(choice.map.GetImageData()) for choice in (first, second)]
    colors = run.keep(add_difference_colors(scene, run.name("difference colours")))
    difference = add_difference_volume(scene, run.name("difference"), values[0], values[1], local_grid(first.map))
    difference.GetDisplayNode().SetAndObserveColorNodeID(colors.GetID())
    run.keep(difference)
    table = run.keep(add_agreement_table(scene, run.name("agreement"), agreement, first.name, second.name))
    record = scene.CreateNodeByClass("vtkMRMLScriptedModuleNode")
    record.UnRegister(None)
    record.SetName(run.name("comparison"))
    record.SetAttribute(_RECORD_ATTRIBUTE, json.dumps(asdict(agreement)))
    for role, layer, choice in zip(_RESULTS, _LAYERS, (first, second), strict=True):
        record.SetAttribute(layer, choice.layer)
        record.SetNodeReferenceID(role, choice.nodes.record.GetID())
    run.keep(scene.AddNode(record))
    run.place()
    record.SetAttribute(OTHER_RUNS_ATTRIBUTE, json.dumps([first.nodes.run_name, second.nodes.run_name]))
    comparison = Comparison(record)
    for role, node in ((DIFFERENCE, difference), (COLORS, colors), (TABLE, table)):
        node.SetAttribute(OTHER_RUNS_ATTRIBUTE, record.GetAttribute(OTHER_RUNS_ATTRIBUTE))
        comparison.set(role, node)
    return comparison
