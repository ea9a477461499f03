"""Tables 1 to 4 and the list of shifts as CSV, for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_TABLE_COLUMNS = ["key", "title", "unit", "averaged"] + [
    *("source", "source_low", "source_high", "source_cases"),
    *("target", "target_low", "target_high", "target_cases"),
    *("difference", "difference_low", "difference_high", "interval", "few_cases"),
    *("relative_difference", "ratio", "standardised_difference", "p_value", "test", "not_compared_because", "phantom"),
]
_SHIFT_COLUMNS = ["rank", "key", "title", "table", "unit", "source", "target", "difference"] + [
    *("difference_low", "difference_high", "relative_difference", "ratio", "standardised_difference"),
    *("spread", "floor", "p_value", "phantom"),
]


def table_csv(table: Mapping[str, Any], phantom: str) -> str:
    """One table of domain.json; an empty cell is a value that does not exist.

    Args:
        table: of ``tables``.
        phantom: which cohorts hold phantoms, see ``phantom_cohorts``.
    """
    return _text(_TABLE_COLUMNS, (_table_cells(row) | {"phantom": phantom} for row in table["rows"]))


def shifts_csv(shifts: Iterable[Mapping[str, Any]], phantom: str) -> str:
    """The list of shifts of domain.json, largest first."""
    return _text(_SHIFT_COLUMNS, ({**shift, "phantom": phantom} for shift in shifts))


def phantom_cohorts(comparison: Mapping[str, Any]) -> str:
    """``source``, ``target``, ``source and target``, or empty: whose cases are synthetic, at least in part."""
    return " and ".join(side for side in ("source", "target") if comparison[side]["phantoms"])


def _table_cells(row: Mapping[str, Any]) -> dict[str, Any]:
    cells = {key: row[key] for key in _TABLE_COLUMNS if key in row}
    for side in ("source", "target", "difference"):
        cells[side] = row[side]["estimate"]
        cells[f"{side}_low"], cells[f"{side}_high"] = row[side]["low"], row[side]["high"]
    cells["source_cases"], cells["target_cases"] = row["source"]["count"], row["target"]["count"]
    cells["interval"], cells["few_cases"] = row["difference"]["method"], row["difference"]["few_cases"]
    return cells


def _text(columns: list[str], rows: Iterator[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="raise")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
