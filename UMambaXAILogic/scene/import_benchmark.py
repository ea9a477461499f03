"""A benchmark's file -> the ranked table and the curves as nodes, below the volume or by themselves.

The record is a text node with the content of benchmark.json that refers to the others: a scene that was saved and
loaded again knows what it shows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.benchmark.columns import is_of_cohort
from UMambaXAILogic.engine.benchmark.files import JSON_NAME, SCHEMA_VERSION
from UMambaXAILogic.engine.errors import InputError

from .benchmark_nodes import (
    CurveNodes,
    add_case_table,
    add_cohort_table,
    add_deletion_curves,
    add_insertion_curves,
)
from .run_nodes import INPUT_REFERENCE, remove_with_display, unused_run_name
from .stepwise import StepwiseImport

_RECORD_ATTRIBUTE, _FOLDER_ATTRIBUTE = "UMambaXAI.benchmark", "UMambaXAI.benchmarkFolder"
_REFERENCE = "UMambaXAI.role."
TABLE, DELETION_CHART, INSERTION_CHART = "table", "deletion_chart", "insertion_chart"


@dataclass
class ImportedBenchmark:
    """What a benchmark brought into the scene; None for what there is none of."""

    body: dict[str, Any] = field(default_factory=dict)
    table_node: Any = None
    deletion: CurveNodes | None = None
    insertion: CurveNodes | None = None
    folder_item: int = 0


class BenchmarkRecord:
    """A benchmark in a scene.

    Args:
        node: the text node that remembers it.
    """

    def __init__(self, node: Any) -> None:
        self.node = node

    def get(self, role: str) -> Any:
        """``table``, ``deletion_chart`` or ``insertion_chart``; None where there is none, or somebody removed it."""
        return self.node.GetNodeReference(_REFERENCE + role)

    @property
    def volume(self) -> Any:
        """What it was made of; None for one that was loaded from a folder, or where the volume is gone."""
        return self.node.GetNodeReference(INPUT_REFERENCE)

    @property
    def folder(self) -> str:
        """Where its files lie; empty where they were not kept."""
        return self.node.GetAttribute(_FOLDER_ATTRIBUTE) or ""

    @property
    def body(self) -> dict[str, Any]:
        """The content of benchmark.json."""
        return dict(json.loads(self.node.GetText()))


def find_benchmarks(scene: Any) -> list[BenchmarkRecord]:
    """All benchmarks in the scene whose table is there, the latest last."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLTextNode")
    nodes = [scene.GetNthNodeByClass(index, "vtkMRMLTextNode") for index in range(count)]
    records = [BenchmarkRecord(node) for node in nodes if node.GetAttribute(_RECORD_ATTRIBUTE)]
    return [record for record in records if record.get(TABLE) is not None]


class BenchmarkImport(StepwiseImport):
    """Brings the benchmark of one volume into a scene.

    Args:
        scene: the ``vtkMRMLScene``.
        volume_id: id of the volume's node.
        run_name: what the benchmark is called; one of the same name on the volume is replaced.
        path: of benchmark.json.
        folder: where its files stay; None where they do not.
        replace: remove what an earlier benchmark of that name left.
    """

    def __init__(
        self, scene: Any, volume_id: str, run_name: str, path: Path | None, folder: Path | None, replace: bool
    ) -> None:
        super().__init__(scene, volume_id, run_name if replace else unused_run_name(scene, volume_id, run_name))
        self._path, self._folder, self._replace = path, folder, replace
        self.result = ImportedBenchmark()

    def work(self) -> Sequence[Callable[[], None]]:
        """See ``StepwiseImport.work``."""
        return (
            self._read,
            self._add_table,
            self._add_curves,
            self._add_record,
            self._place,
            self._remove_earlier,
        )

    def undo(self) -> None:
        """See ``StepwiseImport.undo``."""
        super().undo()
        self.result = ImportedBenchmark()

    def _read(self) -> None:
        self.result.body = read_benchmark(self._path)

    def _add_table(self) -> None:
        node = add_case_table(self._scene, self._nodes.name("ranked maps"), self.result.body)
        self.result.table_node = self._nodes.keep(node)

    def _add_curves(self) -> None:
        _add_curves(self._scene, self._nodes.name, self.result)
        for nodes in (self.result.deletion, self.result.insertion):
            if nodes is not None:
                self._nodes.keep_all(nodes.all)

    def _add_record(self) -> None:
        self._nodes.keep(_add_record(self._scene, self._nodes.name("benchmark file"), self.result, self._folder))

    def _place(self) -> None:
        self._nodes.place()
        self.result.folder_item = self._nodes.folder_item

    def _remove_earlier(self) -> None:
        """Last of all: until here, everything can be taken back."""
        if self._replace:
            self._nodes.remove_earlier()


class BenchmarkFolderImport:
    """Brings the benchmark of a folder into a scene; an earlier one of the same folder goes.

    Args:
        scene: the ``vtkMRMLScene``.
        folder: that ``umamba-xai benchmark`` wrote, of a case or of a cohort.
    """

    def __init__(self, scene: Any, folder: Path) -> None:
        self._scene, self._folder = scene, folder
        self._added: list[Any] = []
        self.result = ImportedBenchmark()

    def steps(self) -> list[Callable[[], None]]:
        """Functions to call in this order."""
        return [self._read, self._add]

    def run(self) -> ImportedBenchmark:
        """All steps at once."""
        for step in self.steps():
            step()
        return self.result

    def undo(self) -> None:
        """Remove everything that was added so far."""
        for node in reversed(self._added):
            remove_with_display(self._scene, node)
        self._added.clear()
        self.result = ImportedBenchmark()

    def _read(self) -> None:
        self.result.body = read_benchmark(self._folder / JSON_NAME)

    def _add(self) -> None:
        earlier = [one for one in self._loaded() if one.GetAttribute(_FOLDER_ATTRIBUTE) == str(self._folder)]
        found, scene = self.result, self._scene
        if is_of_cohort(found.body):
            found.table_node = add_cohort_table(scene, self._name("ranked methods"), found.body)
        else:
            found.table_node = add_case_table(scene, self._name("ranked maps"), found.body)
            _add_curves(scene, self._name, found)
        self._added.append(found.table_node)
        for nodes in (found.deletion, found.insertion):
            if nodes is not None:
                self._added += nodes.all
        self._added.append(_add_record(scene, self._name("benchmark file"), found, self._folder))
        for node in self._added:
            node.SetAttribute(_FOLDER_ATTRIBUTE, str(self._folder))
        for node in earlier:
            remove_with_display(scene, node)

    def _loaded(self) -> list[Any]:
        """Nodes that were loaded from folders: those of a volume go with its benchmark."""
        nodes = [self._scene.GetNthNode(index) for index in range(self._scene.GetNumberOfNodes())]
        return [
            one for one in nodes if one.GetAttribute(_FOLDER_ATTRIBUTE) and not one.GetNodeReferenceID(INPUT_REFERENCE)
        ]

    def _name(self, what: str) -> str:
        return f"{self._folder.name}: {what}"


def read_benchmark(path: Path | None) -> dict[str, Any]:
    """The content of benchmark.json.

    Raises:
        InputError: it is not there, damaged, or of another schema version.
    """
    try:
        if path is None:
            raise FileNotFoundError("the run left none")
        body = json.loads(path.read_text(encoding="utf-8"))
        version, methods = body["schema_version"], body["methods"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"The benchmark {path} cannot be read: {type(error).__name__}: {error}.",
            "Name a folder that 'umamba-xai benchmark' wrote.",
        ) from error
    if version != SCHEMA_VERSION or not isinstance(methods, list):
        raise InputError(
            f"The benchmark {path} has schema version {version!r}; this version of UMambaXAI reads {SCHEMA_VERSION}.",
            "Judge the maps again with this version.",
        )
    return dict(body)


def _add_curves(scene: Any, name: Callable[[str], str], found: ImportedBenchmark) -> None:
    found.deletion = add_deletion_curves(scene, name("deletion curves"), found.body)
    found.insertion = add_insertion_curves(scene, name("insertion curves"), found.body)


def _add_record(scene: Any, name: str, found: ImportedBenchmark, folder: Path | None) -> Any:
    node = scene.AddNewNodeByClass("vtkMRMLTextNode", name)
    node.SetText(json.dumps(found.body, allow_nan=False))
    node.SetAttribute(_RECORD_ATTRIBUTE, "1")
    if folder is not None:
        node.SetAttribute(_FOLDER_ATTRIBUTE, str(folder))
    charts: Mapping[str, CurveNodes | None] = {DELETION_CHART: found.deletion, INSERTION_CHART: found.insertion}
    nodes = {role: None if curves is None else curves.chart for role, curves in charts.items()}
    for role, one in {TABLE: found.table_node, **nodes}.items():
        node.SetNodeReferenceID(_REFERENCE + role, None if one is None else one.GetID())
    return node
