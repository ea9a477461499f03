"""A table as a report shows it: what its columns mean, its rows, remarks, and published numbers beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

#: What a column holds: words, whole numbers, numbers, or a number that may come with an interval over cases.
Kind = Literal["text", "count", "number", "interval"]

#: A text, a number, None ("n/a"), or the JSON of a ``statistics.Interval``.
Cell = Any


@dataclass(frozen=True)
class Column:
    """One column.

    Args:
        key: of the cells in ``Table.rows``.
        title: heading, without the unit.
        kind: ``text``; ``count`` (int or None); ``number`` (float or None); ``interval``: in every row a float, None,
            or the JSON of a ``statistics.Interval``. A list of texts is never a cell.
        unit: as it is printed ("mm", "%", "HU"); None where there is none.
        digits: decimals to print; None for texts and counts.
    """

    key: str
    title: str
    kind: Kind = "number"
    unit: str | None = None
    digits: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The column as JSON."""
        return {
            "key": self.key,
            "title": self.title,
            "kind": self.kind,
            "unit": self.unit,
            "digits": self.digits,
        }


@dataclass(frozen=True)
class Table:
    """One table.

    Args:
        key: stable name: the paper's number as text ("9"), or a word for tables that the paper does not have.
        number: of the paper's table; None where the paper has none.
        title: what is shown.
        columns: in order.
        rows: a cell for every column's key, nothing else. None means that it cannot be computed ("n/a").
        notes: remarks: why cells are n/a, how was averaged, what was left out.
        paper: published rows of the same table with cells for some of the same columns; None where there are none.

    Raises:
        ValueError: a row lacks a cell or has one without a column.
    """

    key: str
    number: int | None
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Mapping[str, Cell], ...]
    notes: tuple[str, ...] = ()
    paper: tuple[Mapping[str, Cell], ...] | None = None

    def __post_init__(self) -> None:
        keys = {column.key for column in self.columns}
        for row in self.rows:
            if set(row) != keys:
                raise ValueError(f"table {self.key}: row {sorted(row)} for columns {sorted(keys)}")
        for row in self.paper or ():
            if not set(row) <= keys:
                raise ValueError(f"table {self.key}: published row {sorted(row)} for columns {sorted(keys)}")

    def to_json(self) -> dict[str, Any]:
        """The table as JSON."""
        return {
            "key": self.key,
            "number": self.number,
            "title": self.title,
            "columns": [column.to_json() for column in self.columns],
            "rows": [dict(row) for row in self.rows],
            "notes": list(self.notes),
            "paper": None if self.paper is None else [dict(row) for row in self.paper],
        }


def text_column(key: str, title: str) -> Column:
    """A column of words."""
    return Column(key, title, kind="text")


def count_column(key: str, title: str, unit: str | None = None) -> Column:
    """A column of whole numbers."""
    return Column(key, title, kind="count", unit=unit)


def ratio_columns(titles: Sequence[tuple[str, str]], digits: int = 3) -> tuple[Column, ...]:
    """Columns of ratios in [0, 1], case means of which have intervals."""
    return tuple(Column(key, title, kind="interval", digits=digits) for key, title in titles)
