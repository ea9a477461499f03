"""A report's table as HTML: numbers with their intervals, and published numbers set apart beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from ...page.words import CATEGORY_WORDS, NOT_KNOWN, whole
from .plot import key_svg

Row = Mapping[str, Any]
Column = Mapping[str, Any]

PUBLISHED = "published, other data"
FEW = '<abbr title="few cases"> \u2020</abbr>'
FEW_WORDS = "\u2020 few cases: from 6 to 11 of them; Student's t interval, rough."
_MINUS = "\u2212"
_LAYERS = {"mean": "mean of layers", "mean_without_last": "mean without the last layer", "control": "control"}
#: Number columns by which rows are told apart.
_NUMBER_KEYS = ("threshold",)


def table_html(table: Mapping[str, Any], name: str) -> str:
    """A table of the report with its heading and remarks.

    Args:
        table: JSON of ``diagnosis.table.Table``.
        name: id of its heading, unique on the page.
    """
    columns, common = _columns(table)
    keys = [column["key"] for column in columns if is_key(column)]
    rows = _with_published(table["rows"], table["paper"] or (), keys)
    heading = f'<h3 id="{name}">{plain(table_title(table))}</h3>'
    remarks = [*common, *table["notes"]]
    if any(_is_few(value) for row in table["rows"] for value in row.values()):
        remarks.append(FEW_WORDS)
    notes = "".join(f'<p class="note">{plain(remark)}</p>' for remark in remarks)
    if not rows:
        return f"{heading}{notes}"
    head = "".join(
        f'<th scope="col" class="{"text" if is_key(column) else "number"}">{_title(column)}</th>' for column in columns
    )
    return heading + boxed_table(name, "numbers", head, "".join(_body(rows, columns))) + notes


def boxed_table(heading: str, css: str, head: str, body: str) -> str:
    """A table in a box of its own that scrolls, also by keyboard, where the screen is narrow.

    Args:
        heading: id of the table's heading.
        css: ``numbers`` or ``words``.
        head: cells of the heading row, HTML.
        body: rows, HTML.
    """
    return (
        f'<div class="scroll" role="region" aria-labelledby="{heading}" tabindex="0"><table class="{css}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def head_cells(*columns: tuple[str, str]) -> str:
    """Heading cells: (title, ``text`` or ``number``)."""
    return "".join(f'<th scope="col" class="{css}">{title}</th>' for title, css in columns)


def table_title(table: Mapping[str, Any]) -> str:
    """The heading, with the paper's number where it has one."""
    number = table["number"]
    return table["title"] if number is None else f"Table {number}: {table['title']}"


def is_key(column: Column) -> bool:
    """Whether rows are told apart by this column."""
    return column["kind"] == "text" or column["key"] in _NUMBER_KEYS


def plain(words: str) -> str:
    """Words of the report as HTML."""
    return escape(words).replace("&gt;=", "\u2265")


def number_text(value: float | None, digits: int | None) -> str:
    """A number with a true minus sign, or ``n/a``."""
    if value is None:
        return NOT_KNOWN
    text = f"{value:.{digits}f}" if digits is not None else f"{value:.4g}"
    if float(text) == 0:
        text = text.removeprefix("-")
    return text.replace("-", _MINUS)


def sensible_digits(value: float | None, digits: int | None) -> int | None:
    """Decimals that give a number no more than four digits: hundreds need none behind the point."""
    if value is None or digits is None:
        return digits
    return max(0, min(digits, 4 - len(str(int(abs(value))))))


def interval_html(interval: Mapping[str, Any], digits: int | None) -> str:
    """An estimate with its interval below, or why it has none."""
    digits = sensible_digits(interval["estimate"], digits)
    estimate = number_text(interval["estimate"], digits)
    if interval["estimate"] is None:
        return estimate
    if interval["low"] is not None:
        limits = f"{number_text(interval['low'], digits)} to {number_text(interval['high'], digits)}"
        return f'{estimate}<small class="limits">{limits}{FEW if interval["few_cases"] else ""}</small>'
    count = interval["count"]
    reason = f"no interval: {count} {'case' if count == 1 else 'cases'}"
    values = "; ".join(number_text(value, digits) for value in interval["values"] or ())
    listed = f'<small class="values">{values}</small>' if values and count > 1 else ""
    return f'{estimate}<small class="few">{reason}</small>{listed}'


def side_html(side: str) -> str:
    """``source`` or ``target`` with its mark in the charts; other words as they are."""
    return f"{key_svg(side)}{side}" if side in ("source", "target") else escape(side)


def _columns(table: Mapping[str, Any]) -> tuple[list[Column], list[str]]:
    """The columns to show, and what would be the same words in every row of a column that needs none."""
    shown: list[Column] = []
    common = []
    for column in table["columns"]:
        found = {row[column["key"]] for row in table["rows"]} if column["kind"] == "text" else set()
        is_first = all(is_key(earlier) for earlier in shown)
        if column["kind"] == "text" and not any(found):
            continue
        if not is_first and len(found) == 1 and len(table["rows"]) > 1:
            common.append(f"{column['title']}: {found.pop()}.")
            continue
        shown.append(column)
    return shown, common


def _with_published(rows: Sequence[Row], published: Sequence[Row], keys: Sequence[str]) -> list[tuple[Row, Row | None]]:
    """Rows, each with its published counterpart or None.

    Where every published row has exactly one counterpart, the two share a row; else a published row, paired with
    itself, follows the last row that it can be compared with.
    """
    found: dict[int, list[Row]] = {}
    counterparts = []
    for line in published:
        known = [key for key in keys if key in line]
        matching = [index for index, row in enumerate(rows) if all(row[key] == line[key] for key in known)]
        counterparts.append(matching)
        found.setdefault(matching[-1] if matching else len(rows) - 1, []).append(line)
    if all(len(matching) == 1 for matching in counterparts):
        return [(row, found[index][0] if index in found else None) for index, row in enumerate(rows)]
    following: list[tuple[Row, Row | None]] = []
    for index, row in enumerate(rows):
        following.append((row, None))
        following += [(line, line) for line in found.get(index, ())]
    return following


def _body(rows: Sequence[tuple[Row, Row | None]], columns: Sequence[Column]) -> list[str]:
    """Rows of which leading cells that repeat are joined."""
    leading = 0
    while leading < len(columns) and is_key(columns[leading]):
        leading += 1
    joined = max(leading - 1, 0)
    spans = _runs([row for row, _ in rows], [column["key"] for column in columns[:joined]])
    parts = []
    for index, (row, published) in enumerate(rows):
        cells = [
            _header_cell(row, column, published, spans[place][index] if place < joined else 1)
            for place, column in enumerate(columns[:leading])
            if place >= joined or spans[place][index] > 0
        ]
        cells += [_value_cell(row, column, published) for column in columns[leading:]]
        starts_group = joined > 0 and spans[0][index] > 0 and index > 0
        css = " ".join(name for name, wanted in (("published", row is published), ("first", starts_group)) if wanted)
        parts.append(f'<tr class="{css}">{"".join(cells)}</tr>' if css else f"<tr>{''.join(cells)}</tr>")
    return parts


def _runs(rows: Sequence[Row], keys: Sequence[str]) -> list[list[int]]:
    """For each key and row: how many rows from here on share this and all earlier keys; 0 inside such a run."""
    found = []
    for depth in range(1, len(keys) + 1):
        values = [tuple(row.get(key) for key in keys[:depth]) for row in rows]
        lengths = [0] * len(rows)
        start = 0
        for index in range(1, len(rows) + 1):
            if index == len(rows) or values[index] != values[start]:
                lengths[start] = index - start
                start = index
        found.append(lengths)
    return found


def _header_cell(row: Row, column: Column, published: Row | None, span: int) -> str:
    key = column["key"]
    content = _content(row[key], column) if key in row else ""
    if row is published and not content:
        content = PUBLISHED
    rows = f' rowspan="{span}"' if span > 1 else ""
    return f'<th scope="{"rowgroup" if span > 1 else "row"}" class="text"{rows}>{content}</th>'


def _value_cell(row: Row, column: Column, published: Row | None) -> str:
    key = column["key"]
    css = "text" if column["kind"] == "text" else "number"
    if key not in row:  # the paper does not say
        return f'<td class="{css}"></td>'
    content = _as_printed(row[key]) if row is published else _content(row[key], column)
    if row is not published and content == NOT_KNOWN:
        css += " na"
    if published is not None and row is not published and key in published:
        content += f'<small class="paper">published {_as_printed(published[key])}</small>'
    return f'<td class="{css}">{content}</td>'


def _content(value: Any, column: Column) -> str:
    if isinstance(value, str):
        if column["key"] == "category":
            value = CATEGORY_WORDS.get(value, value)
        elif column["key"] == "layer":
            value = _LAYERS.get(value, value)
        return side_html(value)
    if isinstance(value, Mapping):
        return interval_html(value, column["digits"])
    if column["kind"] == "count":
        return whole(value)
    if column["key"] == "p_value":
        return "&lt; 0.0001" if value is not None and value < 0.0001 else number_text(value, column["digits"])
    return number_text(value, sensible_digits(value, column["digits"]))


def _as_printed(value: float | None) -> str:
    """A published number with the digits it was published with."""
    return NOT_KNOWN if value is None else f"{value:g}".replace("-", _MINUS)


def _title(column: Column) -> str:
    unit = f' <span class="unit">({escape(column["unit"])})</span>' if column["unit"] else ""
    return f"{escape(column['title'])}{unit}"


def _is_few(value: Any) -> bool:
    return isinstance(value, Mapping) and value["few_cases"] and value["low"] is not None
