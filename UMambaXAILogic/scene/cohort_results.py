"""A cohort's results in a scene: its table of cases, and one case as if it had just been explained."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.errors import InputError

from .export_volume import mark_phantom
from .import_results import GroundTruthFile, ImportedResult, ImportRequest, ResultImport
from .run_nodes import remove_with_display
from .tables import NOT_AVAILABLE, add_table, text_column
from .volume_node import add_empty_volume
from .voxel_file import file_grid, read_voxels

#: Attribute of the nodes of a cohort: its folder, by which a later table replaces an earlier one.
COHORT_ATTRIBUTE = "UMambaXAI.cohort"
#: Attribute of a case's volume node beside it: the case's name.
CASE_ATTRIBUTE = "UMambaXAI.case"

#: Columns of ``cases.parquet`` that people look at first, and their headers.
_SHOWN = {
    "case": "Case",
    "domain": "Domain",
    "status": "Status",
    "dice": "Dice",
    "xai_gt_iou": "IoU attention-GT",
    "xai_pm_iou": "IoU attention-prediction",
    "gap": "Gap",
    "in_pm_excess": "Excess inside the prediction",
    "verdict": "Verdict",
    "paper_rule": "By the paper's rule",
    "attempts": "Attempts",
    "reason": "Reason of the failure",
}
_NUMBERS = ("dice", "xai_gt_iou", "xai_pm_iou", "gap", "in_pm_excess")
_NAMES = ("verdict", "paper_rule")


@dataclass
class ImportedCohort:
    """What a cohort's folder says.

    Args:
        summary: the content of summary.json.
        cases: the rows of its table as text; an empty text is a value that cannot be computed.
        table_node: the columns that people look at first.
    """

    summary: dict[str, Any]
    cases: list[dict[str, str]]
    table_node: Any = None


class CohortImport:
    """Adds the table of a cohort's cases to a scene; an earlier one of the same folder goes.

    Args:
        scene: the ``vtkMRMLScene``.
        folder: of the cohort.
        cases_csv: its ``cases.parquet`` as CSV.
    """

    def __init__(self, scene: Any, folder: Path, cases_csv: Path | None) -> None:
        self._scene = scene
        self._folder = folder
        self._cases_csv = cases_csv
        self.result = ImportedCohort({}, [])

    def steps(self) -> list[Callable[[], None]]:
        """Functions to call in this order."""
        return [self._read, self._add_table]

    def undo(self) -> None:
        """Remove what was added so far."""
        if self.result.table_node is not None:
            remove_with_display(self._scene, self.result.table_node)
        self.result = ImportedCohort({}, [])

    def _read(self) -> None:
        if self._cases_csv is None or not self._cases_csv.is_file():
            raise InputError(f"The cohort {self._folder} has no table of cases.", "Run it again.")
        with self._cases_csv.open(newline="", encoding="utf-8") as lines:
            cases = list(csv.DictReader(lines))
        self.result = ImportedCohort(read_summary(self._folder), cases)

    def _add_table(self) -> None:
        folder = str(self._folder.resolve())
        earlier = _nodes_with(self._scene, {COHORT_ATTRIBUTE: folder}, "vtkMRMLTableNode")
        node = add_cases_table(self._scene, f"{self._folder.resolve().name} cases", self.result.cases)
        node.SetAttribute(COHORT_ATTRIBUTE, folder)
        self.result.table_node = node
        for one in earlier:
            remove_with_display(self._scene, one)


@dataclass(frozen=True)
class CaseToLoad:
    """One finished case of a cohort.

    Args:
        case: its name.
        cohort: the cohort's folder.
        files: ``volume``, ``ground_truth`` (or None), ``segmentation``, ``attention`` (or None), ``metrics`` and
            ``slices``, all on one grid.
        ground_truth_labels: values that count as target; None: as the metrics were counted.
    """

    case: str
    cohort: Path
    files: Mapping[str, Path | None]
    ground_truth_labels: Sequence[int] | None = None


class CaseImport:
    """Brings a case into a scene: its volume, unless an earlier call did, then its results below it.

    Args:
        scene: the ``vtkMRMLScene``.
        wanted: the case and its files.

    Raises:
        InputError: a file is missing or unreadable.
    """

    def __init__(self, scene: Any, wanted: CaseToLoad) -> None:
        self._scene = scene
        self._wanted = wanted
        metrics = _metrics(wanted)
        self._grid = file_grid(_volume_file(wanted))
        self.volume_node, self._is_new = self._volume(wanted, metrics)
        truth = wanted.files.get("ground_truth")
        labels = wanted.ground_truth_labels
        self._results = ResultImport(
            scene,
            ImportRequest(
                volume_id=self.volume_node.GetID(),
                grid=self._grid,
                files=wanted.files,
                model=wanted.cohort.resolve().name,
                method=(metrics.get("attribution") or {}).get("method") or "no attention",
                threshold=metrics["verdict"]["cutoffs"]["threshold"],
                ground_truth=None
                if truth is None
                else GroundTruthFile(truth, None if labels is None else tuple(labels)),
            ),
        )

    @property
    def result(self) -> ImportedResult:
        """The nodes, once all steps are done."""
        return self._results.result

    def steps(self) -> list[Callable[[], None]]:
        """Functions to call in this order; each takes a fraction of a second."""
        return [partial(self._do, step) for step in (self._fill_volume, *self._results.steps())]

    def undo(self) -> None:
        """Remove everything that was added, the volume too if it was added here."""
        self._results.undo()
        if self._is_new and self._scene.IsNodePresent(self.volume_node):
            remove_with_display(self._scene, self.volume_node)

    def _do(self, step: Callable[[], None]) -> None:
        try:
            step()
        except BaseException:
            self.undo()
            raise

    def _fill_volume(self) -> None:
        if self._is_new:
            self.volume_node.SetAndObserveImageData(read_voxels(_volume_file(self._wanted)))

    def _volume(self, wanted: CaseToLoad, metrics: Mapping[str, Any]) -> tuple[Any, bool]:
        """The case's volume node, and whether it is new, and then without voxels."""
        marks = {COHORT_ATTRIBUTE: str(wanted.cohort.resolve()), CASE_ATTRIBUTE: wanted.case}
        for node in _nodes_with(self._scene, marks, "vtkMRMLScalarVolumeNode"):
            return node, False
        units = (metrics.get("domain") or {}).get("units")
        node = add_empty_volume(self._scene, wanted.case, self._grid, is_hounsfield=units == "HU")
        for name, value in marks.items():
            node.SetAttribute(name, value)
        if metrics.get("phantom"):
            mark_phantom(node)
        return node, True


def add_cases_table(scene: Any, name: str, cases: Sequence[Mapping[str, str]]) -> Any:
    """Add a table of text, a row a case, "n/a" where a value cannot be computed.

    Args:
        cases: rows of ``cases.parquet`` as text.
    """
    columns = [text_column(title, [_shown(row, column) for row in cases]) for column, title in _SHOWN.items()]
    return add_table(scene, name, columns)


def read_summary(folder: Path) -> dict[str, Any]:
    """The content of a cohort's summary.json.

    Raises:
        InputError: it is not there, or damaged.
    """
    path = folder / "summary.json"
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path} cannot be read: {error}.", "Name the result folder of a cohort.") from error


def _shown(row: Mapping[str, str], column: str) -> str:
    text = row.get(column) or ""
    if column in _NUMBERS:
        return f"{float(text):.3f}" if text else NOT_AVAILABLE
    if column in _NAMES:
        return text.replace("_", " ") or NOT_AVAILABLE
    return text


def _metrics(wanted: CaseToLoad) -> dict[str, Any]:
    path = wanted.files.get("metrics")
    if path is None or not path.is_file():
        raise InputError(f"The case {wanted.case} has no metrics ({path}).", "Run the cohort again.")
    return dict(json.loads(path.read_text(encoding="utf-8")))


def _volume_file(wanted: CaseToLoad) -> Path:
    path = wanted.files.get("volume")
    if path is None or not path.is_file():
        raise InputError(f"The case {wanted.case} came without its volume ({path}).", "Load it again.")
    return path


def _nodes_with(scene: Any, attributes: Mapping[str, str], class_name: str) -> list[Any]:
    nodes = [scene.GetNthNode(index) for index in range(scene.GetNumberOfNodes())]
    return [
        node
        for node in nodes
        if node.GetClassName() == class_name
        and all(node.GetAttribute(name) == value for name, value in attributes.items())
    ]
