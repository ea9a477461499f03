"""A result's tables and metrics as files."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.atomic import write_text
from UMambaXAILogic.engine.json_text import json_text

from .deletion_curve import deletion_body
from .result_view.nodes import ALIGNMENT_TABLE, METRICS, METRICS_TABLE, SLICES_TABLE, ResultNodes

_TABLES = {METRICS_TABLE: "metrics", SLICES_TABLE: "slices", ALIGNMENT_TABLE: "alignment"}


def export_tables(nodes: ResultNodes, folder: Path, prefix: str = "") -> list[Path]:
    """Write each of the result's tables as CSV; returns the files.

    Args:
        folder: there.
        prefix: of the files' names.

    Raises:
        OSError: the folder is missing, full or read-only; no half-written file is left.
    """
    written = []
    for role, name in _TABLES.items():
        node = nodes.get(role)
        if node is not None:
            write_text(folder / f"{prefix}{name}.csv", table_csv(node))
            written.append(folder / f"{prefix}{name}.csv")
    return written


def export_metrics(nodes: ResultNodes, path: Path) -> None:
    """Write metrics.json as the run wrote it; raises as ``export_tables``."""
    write_text(path, nodes.needed(METRICS).GetText())


def export_deletion(nodes: ResultNodes, folder: Path) -> list[Path]:
    """Write deletion.json where the result has a deletion curve; returns the files, raises as ``export_tables``."""
    body = deletion_body(nodes)
    if body is None:
        return []
    write_text(folder / "deletion.json", json_text(body))
    return [folder / "deletion.json"]


def table_csv(table_node: Any) -> str:
    """A table node as CSV with a header; a value that cannot be computed is an empty cell."""
    table = table_node.GetTable()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = [table.GetColumn(index) for index in range(table.GetNumberOfColumns())]
    writer.writerow([column.GetName() for column in columns])
    for row in range(table.GetNumberOfRows()):
        writer.writerow([_cell(column.GetValue(row)) for column in columns])
    return text.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.10g}"
    return str(value)
