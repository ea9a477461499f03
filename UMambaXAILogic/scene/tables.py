"""Metrics and slices as table nodes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import vtk

NOT_AVAILABLE = "n/a"

_REFERENCES = {"gt": "ground truth", "pm": "prediction"}

#: Columns of slices.csv that hold text; all others are numbers.
_TEXT_COLUMNS = ("category",)
#: Headers of the columns that people read most; the others keep the name they have in slices.csv.
_COLUMN_TITLES = {
    "slice": "Slice",
    "position_s_mm": "S (mm)",
    "dice": "Dice",
    "xai_gt_f1": "F1 attention-GT",
    "xai_pm_f1": "F1 attention-prediction",
    "category": "Category",
}


def add_metrics_table(scene: Any, name: str, metrics: Mapping[str, Any]) -> Any:
    """Add a table of text with the columns Group, Metric, Value; what cannot be computed reads "n/a"."""
    rows = metric_rows(metrics)
    columns = {"Group": [row[0] for row in rows], "Metric": [row[1] for row in rows], "Value": [row[2] for row in rows]}
    return add_table(scene, name, [text_column(title, cells) for title, cells in columns.items()])


def metric_rows(metrics: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """(group, metric, value) in words, from the content of metrics.json."""
    segmentation = metrics.get("segmentation") or {}
    rows = [
        ("Segmentation", "Dice", _number(segmentation.get("dice"))),
        ("Segmentation", "IoU", _number(segmentation.get("iou"))),
        ("Segmentation", "Precision", _number(segmentation.get("precision"))),
        ("Segmentation", "Recall", _number(segmentation.get("recall"))),
        ("Segmentation", "Centreline Dice (clDice)", _number(segmentation.get("cl_dice"))),
        ("Segmentation", "Predicted voxels", _count(segmentation.get("pm_voxels"))),
        ("Segmentation", "Ground-truth voxels", _count(segmentation.get("gt_voxels"))),
    ]
    for row in _alignment_of_mean(metrics):
        group = f"Attention >= {row['threshold']:g} and {_REFERENCES[row['reference']]}"
        rows += [
            (group, title, _number(row.get(key)))
            for key, title in (("iou", "IoU"), ("f1", "F1"), ("precision", "Precision"), ("recall", "Recall"))
        ]
    rows.append(("Diagnosis", "Gap: IoU with prediction - IoU with ground truth", _number(metrics.get("gap"))))
    excess = metrics.get("excess_alignment") or {}
    rows.append(("Diagnosis", "Excess alignment inside the prediction", _number(excess.get("in_pm_excess"))))
    verdict = metrics.get("verdict") or {}
    rows.append(("Diagnosis", "Verdict", verdict.get("text") or NOT_AVAILABLE))
    rows.append(("Diagnosis", "By the paper's rule", (verdict.get("paper_rule") or NOT_AVAILABLE).replace("_", " ")))
    rows += [("Diagnosis", "Reason", str(reason)) for reason in verdict.get("reasons") or []]
    rows += [("Diagnosis", f"Cut-off: {name}", f"{value:g}") for name, value in (verdict.get("cutoffs") or {}).items()]
    attribution = metrics.get("attribution") or {}
    rows.append(("Explanation", "Method", attribution.get("method") or NOT_AVAILABLE))
    rows.append(("Explanation", "Layers", ", ".join(attribution.get("layers") or []) or NOT_AVAILABLE))
    rows += [("Warning", warning["code"], warning["message"]) for warning in metrics.get("warnings") or []]
    return rows


def add_alignment_table(scene: Any, name: str, metrics: Mapping[str, Any]) -> Any:
    """Add the alignment of every layer at every threshold as a table of numbers (nan where there is none)."""
    rows = metrics.get("alignment") or []
    columns = [
        text_column("reference", [_REFERENCES[row["reference"]] for row in rows]),
        text_column("layer", [row["layer"] for row in rows]),
    ]
    for key in ("threshold", "iou", "f1", "precision", "recall"):
        columns.append(number_column(key, [math.nan if row[key] is None else float(row[key]) for row in rows]))
    return add_table(scene, name, columns)


def add_slices_table(scene: Any, name: str, rows: Sequence[Mapping[str, str]]) -> Any:
    """Add slices.csv as a table of numbers; nan where a value cannot be computed, "n/a" where that is a word.

    Args:
        rows: of ``csv.DictReader``; an empty cell is a value that cannot be computed.
    """
    columns = []
    names = list(rows[0]) if rows else []
    for column in names:
        cells = [row[column] for row in rows]
        if column in _TEXT_COLUMNS:
            columns.append(text_column(column, [cell or NOT_AVAILABLE for cell in cells]))
        else:
            columns.append(number_column(column, [float(cell) if cell else math.nan for cell in cells]))
    node = add_table(scene, name, columns)
    for column in names:
        node.SetColumnTitle(column, _COLUMN_TITLES.get(column, column))
    return node


def add_table(scene: Any, name: str, columns: Sequence[Any]) -> Any:
    """Add a table node of columns, which cannot be edited."""
    node = scene.AddNewNodeByClass("vtkMRMLTableNode", name)
    table = vtk.vtkTable()
    for column in columns:
        table.AddColumn(column)
    node.SetAndObserveTable(table)
    for column in columns:  # a column without a title may have an empty header
        node.SetColumnTitle(column.GetName(), column.GetName())
    node.SetUseColumnTitleAsColumnHeader(True)
    node.SetLocked(True)
    return node


def text_column(name: str, cells: Sequence[str]) -> Any:
    """A column of text."""
    column = vtk.vtkStringArray()
    column.SetName(name)
    for cell in cells:
        column.InsertNextValue(cell)
    return column


def number_column(name: str, values: Sequence[float]) -> Any:
    """A column of numbers; nan where there is none, whole numbers where the name says that it counts."""
    whole = name == "slice" or name.endswith("_voxels")
    column = vtk.vtkIntArray() if whole and not any(map(math.isnan, values)) else vtk.vtkDoubleArray()
    column.SetName(name)
    for value in values:
        column.InsertNextValue(int(value) if column.IsA("vtkIntArray") else value)
    return column


def _alignment_of_mean(metrics: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [row for row in metrics.get("alignment") or [] if row["layer"] == "mean"]


def _number(value: float | None) -> str:
    return NOT_AVAILABLE if value is None else f"{value:.3f}"


def _count(value: int | None) -> str:
    return NOT_AVAILABLE if value is None else f"{value:,}".replace(",", " ")
