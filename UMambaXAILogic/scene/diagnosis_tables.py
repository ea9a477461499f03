"""A diagnosis' report.json -> a table node for each of its tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.errors import InputError

from .tables import NOT_AVAILABLE, add_table, text_column

REPORT_JSON = "report.json"
SCHEMA_VERSION = 1


def read_report(path: Path) -> dict[str, Any]:
    """The content of a report.

    Args:
        path: ``report.json``, or the folder that ``diagnose`` wrote it into.

    Raises:
        InputError: it is not there, damaged, or of another schema version.
    """
    file = path / REPORT_JSON if path.is_dir() else path
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
        version = report["schema_version"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"The report {file} cannot be read: {type(error).__name__}: {error}.",
            "Name the folder that 'umamba-xai diagnose' wrote into.",
        ) from error
    if version != SCHEMA_VERSION:
        raise InputError(
            f"The report {file} has schema version {version!r}; this version of UMambaXAI reads {SCHEMA_VERSION}.",
            "Make the report again with this version.",
        )
    return dict(report)


def add_diagnosis_tables(scene: Any, name: str, report: Mapping[str, Any]) -> dict[str, Any]:
    """Add a table node of text for each of a report's tables that has rows, in the report's order.

    Args:
        name: of the diagnosis, begins the nodes' names.

    Returns:
        The report's key ("1" ... "11", "gap" and so on) -> node. An interval reads "0.61 (0.52 to 0.70)".
    """
    return {
        key: _add(scene, f"{name}: {_title(table)}", table) for key, table in report["tables"].items() if table["rows"]
    }


def _title(table: Mapping[str, Any]) -> str:
    return table["title"] if table["number"] is None else f"table {table['number']}, {table['title']}"


def _add(scene: Any, name: str, table: Mapping[str, Any]) -> Any:
    columns = []
    for column in table["columns"]:
        title = column["title"] if column["unit"] is None else f"{column['title']} ({column['unit']})"
        columns.append(text_column(title, [_text(row[column["key"]], column["digits"]) for row in table["rows"]]))
    node = add_table(scene, name, columns)
    node.SetDescription("\n".join(table["notes"]))
    return node


def _text(cell: Any, digits: int | None) -> str:
    if cell is None:
        return NOT_AVAILABLE
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Mapping):
        return _interval(cell, digits)
    return f"{cell:.{digits}f}" if digits is not None else f"{cell:g}"


def _interval(cell: Mapping[str, Any], digits: int | None) -> str:
    if cell["low"] is None or cell["high"] is None:
        return _text(cell["estimate"], digits)
    estimate, low, high = (_text(cell[name], digits) for name in ("estimate", "low", "high"))
    return f"{estimate} ({low} to {high}{', few cases' if cell['few_cases'] else ''})"
