"""Tables as somebody reported them: read from JSON, CSV or a report.json, with the rounding of every number.

``TABLE_KEYS`` says which tables are known. Rows are dictionaries; numbers are floats, names are texts.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ..alignment.audit import EXACT
from ..errors import InputError

#: Numbers of the paper's tables, and ``gap`` for its figure 4.
TABLE_KEYS = ("1", "2", "3", "4", "5", "7", "8", "9", "10", "11", "gap")
#: Columns that hold names and not measurements.
NAME_COLUMNS = ("cohort", "method", "averaging", "category")
_RENAMED = {"domain": "cohort", "tau": "threshold"}
#: Where a published JSON keeps its numbers under words, not in rows, its columns are called so.
_VALUE_COLUMNS = {"7": "dice", "8": "percent", "gap": "gap"}
#: ``figure4_gap_tau_0.3`` says for all its rows at which threshold attention was cut.
_THRESHOLD_IN_NAME = re.compile(r"tau_(\d*\.?\d+)")
#: Tables of a report.json whose cells are connected.
_AUDITED_OF_A_REPORT = ("5", "7", "8", "9", "10", "11", "gap")
_FORMAT_HELP = "'umamba-xai audit --help' and Documentation/diagnosis.md describe the formats."


@dataclass(frozen=True)
class ReportedTable:
    """One table.

    Args:
        key: one of ``TABLE_KEYS``.
        rows: in order; ``cohort`` is None in a row that compares the cohorts.
        half_units: half a unit of the last digit of each column, as far as it was printed.
    """

    key: str
    rows: tuple[Mapping[str, Any], ...]
    half_units: Mapping[str, float] = field(default_factory=dict)

    def rounding(self, *columns: str) -> float:
        """The coarsest rounding among columns."""
        return max((self.half_units.get(column, EXACT) for column in columns), default=EXACT)

    @property
    def cohorts(self) -> list[str]:
        """In order of their first row."""
        return list(dict.fromkeys(row["cohort"] for row in self.rows if row.get("cohort") is not None))


def read_reported_tables(path: Path) -> dict[str, ReportedTable]:
    """Tables of a file, by key.

    Args:
        path: ``*.csv``; or JSON: published tables, or a report.json of this software.

    Raises:
        InputError: the file cannot be read, has none of the known tables, or a cell is neither number nor empty.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise InputError(f"The tables {path} cannot be read: {reason}.", _FORMAT_HELP) from error
    tables = _from_csv(text, path) if path.suffix.lower() == ".csv" else _from_json(text, path)
    if not tables:
        raise InputError(f"{path} has none of the tables {', '.join(TABLE_KEYS)}.", _FORMAT_HELP)
    return tables


def read_case_metrics(path: Path) -> dict[str, Any] | None:
    """The content of a file that is the metrics.json of one case; None where it is something else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return None
    is_metrics = isinstance(content, dict) and {"schema_version", "alignment", "verdict", "gap"} <= set(content)
    return content if is_metrics else None


def published_tables(content: Mapping[str, Any], where: str = "the tables") -> dict[str, ReportedTable]:
    """Tables of a JSON object whose keys begin with ``table9``, ``figure4`` and so on, by key.

    Raises:
        InputError: a cell is neither number nor null, or a table is neither a list of rows nor an object.
    """
    tables: dict[str, ReportedTable] = {}
    for name, body in content.items():
        key = _key_of(name)
        if key is None:
            continue
        if key in tables:
            raise InputError(f"{where} has table {key} twice, the second time as {name!r}.", "Remove one of them.")
        if isinstance(body, list) and all(isinstance(row, Mapping) for row in body):
            rows = body
        elif isinstance(body, Mapping):
            rows = _rows_of_object(key, body)
        else:
            raise InputError(f"{name!r} in {where} is neither a list of rows nor an object.", _FORMAT_HELP)
        threshold = _THRESHOLD_IN_NAME.search(name)
        at = {"threshold": threshold[1]} if threshold else {}
        tables[key] = _table(key, [{**at, **row} for row in rows], where)
    return tables


def report_tables(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, ReportedTable]:
    """Tables of a report.json (its field ``tables``), by key; numbers are as exact as floats.

    Tables 1 to 4 are not among them: no identity connects their cells.
    """
    found = {}
    for key in _AUDITED_OF_A_REPORT:
        if tables.get(key, {}).get("rows"):
            rows = tuple({name: _estimate(cell) for name, cell in row.items()} for row in tables[key]["rows"])
            found[key] = ReportedTable(key, rows)
    return found


def _from_json(text: str, path: Path) -> dict[str, ReportedTable]:
    try:
        content = json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_no_constant)
    except (json.JSONDecodeError, InvalidOperation, ValueError) as error:
        raise InputError(f"{path} is not JSON: {error}.", _FORMAT_HELP) from error
    if not isinstance(content, Mapping):
        raise InputError(f"{path} holds no JSON object.", _FORMAT_HELP)
    if isinstance(content.get("tables"), Mapping) and "schema_version" in content:
        tables = json.loads(text)["tables"]
        _check_report(tables, path)
        return report_tables(tables)
    return published_tables(content, str(path))


def _check_report(tables: Mapping[str, Any], path: Path) -> None:
    """Refuse a report.json that somebody has edited into something else."""
    for key in _AUDITED_OF_A_REPORT:
        body = tables.get(key, {})
        rows = body.get("rows") or [] if isinstance(body, Mapping) else None
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) and "cohort" in row for row in rows):
            raise InputError(f"Table {key} of {path} has no rows with a cohort.", _FORMAT_HELP)
        for row in rows:
            for column, cell in row.items():
                value = _estimate(cell)
                is_number = isinstance(value, int | float) and not isinstance(value, bool)
                if column not in NAME_COLUMNS and value is not None and not is_number:
                    raise InputError(
                        f"{cell!r} in column {column!r} of table {key} in {path} is no number.", _FORMAT_HELP
                    )


def _from_csv(text: str, path: Path) -> dict[str, ReportedTable]:
    lines = list(csv.DictReader(io.StringIO(text), skipinitialspace=True))
    header = list(lines[0]) if lines else []
    if "table" not in header:
        raise InputError(f"{path} has no column 'table' with rows below it.", _FORMAT_HELP)
    grouped: dict[str, list[dict[str, Any]]] = {}
    for number, line in enumerate(lines, 2):
        if None in line or None in line.values():
            raise InputError(f"Line {number} of {path} has not as many cells as the header.", _FORMAT_HELP)
        key = line.pop("table").strip()
        if key not in TABLE_KEYS:
            raise InputError(f"Line {number} of {path} is for a table {key!r}.", f"Known: {', '.join(TABLE_KEYS)}.")
        grouped.setdefault(key, []).append({name.strip(): cell.strip() for name, cell in line.items() if cell.strip()})
    return {key: _table(key, rows, str(path)) for key, rows in grouped.items()}


def _key_of(name: str) -> str | None:
    if name.startswith("figure4"):
        return "gap"
    if not name.startswith("table"):
        return None
    number = name.removeprefix("table").split("_")[0]
    return number if number in TABLE_KEYS else None


def _rows_of_object(key: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """``{statistic: {cohort: value}}`` and ``{cohort: value}``, with numbers that compare cohorts beside them."""
    nested = {name: cells for name, cells in body.items() if isinstance(cells, Mapping)}
    between = {name: cell for name, cell in body.items() if name not in nested}
    if not nested:
        cohorts = {name: cell for name, cell in between.items() if name not in ("ratio", "relative_difference")}
        column = _VALUE_COLUMNS.get(key, "std" if key == "3" else "value")
        between = {name: cell for name, cell in between.items() if name not in cohorts}
        rows: list[dict[str, Any]] = [{"cohort": cohort, column: cell} for cohort, cell in cohorts.items()]
    elif key == "8":
        rows = [
            {"cohort": cohort, "category": category, "percent": cell}
            for category, cells in nested.items()
            for cohort, cell in cells.items()
        ]
    else:
        names = dict.fromkeys(cohort for cells in nested.values() for cohort in cells)
        rows = [
            {"cohort": cohort, **{statistic: cells.get(cohort) for statistic, cells in nested.items()}}
            for cohort in names
        ]
    return [*rows, {"cohort": None, **between}] if between else rows


def _table(key: str, rows: Iterable[Mapping[str, Any]], where: str) -> ReportedTable:
    read: list[dict[str, Any]] = []
    units: dict[str, list[float]] = {}
    for row in rows:
        cells: dict[str, Any] = {"cohort": None}
        for given, cell in row.items():
            column = _RENAMED.get(given, given)
            if column in NAME_COLUMNS or column == "note":
                cells[column] = None if cell is None else str(cell)
                continue
            number = _decimal(cell, f"{column!r} of table {key} in {where}")
            cells[column] = None if number is None else float(number)
            if number is not None:
                units.setdefault(column, []).append(_half_unit(number))
        read.append(cells)
    # A trailing zero may be lost on the way into JSON: the column's finest number says how all were rounded.
    return ReportedTable(key, tuple(read), {column: min(found) for column, found in units.items()})


def _decimal(cell: Any, what: str) -> Decimal | None:
    if cell is None or (isinstance(cell, str) and cell.lower() in ("", "n/a", "null")):
        return None
    try:
        number = Decimal(str(cell)) if not isinstance(cell, bool) else Decimal("nan")
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise InputError(f"{cell!r} in column {what} is not a number.", "Leave the cell empty if it has no value.")
    return number


def _half_unit(number: Decimal) -> float:
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)  # the number is finite
    return float(Decimal(5).scaleb(exponent - 1))


def _estimate(cell: Any) -> Any:
    return cell.get("estimate") if isinstance(cell, Mapping) else cell


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")
