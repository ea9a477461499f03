"""A result's numbers in the HTML that Qt's labels understand."""

from __future__ import annotations

from html import escape

from .numbers import NumberTable, ResultNumbers
from .words import Translate, untranslated

#: Columns a table has at most, so that it fits the narrowest panel; further ones follow below.
_MOST_COLUMNS = 5
#: Of the column of names, in percent, and where a table has as many columns as it may.
_NAME_WIDTH, _NARROW_NAME_WIDTH = 40, 30
_BODY = "padding: 1px 3px;"
_HEADER = f"{_BODY} border-bottom: 1px solid gray;"


def numbers_html(numbers: ResultNumbers, _: Translate = untranslated) -> str:
    """The tables, why cells are empty, the verdict and what it rests on, and whether the map deserves belief.

    Colours are the widget's own.
    """
    parts = [f"<p>{escape(numbers.origin)}</p>", _table(numbers.segmentation)]
    if numbers.alignment is not None:
        parts += [_table(part) for part in _narrow(numbers.alignment)]
    if numbers.vessels is not None:
        parts.append(_table(numbers.vessels))
    if numbers.notes:
        parts.append(f"<p>{escape('; '.join(numbers.notes))}</p>")
    verdict = _("Verdict:")  # outside the f-string, where Slicer's collector of texts does not look
    parts.append(f"<p><b>{escape(verdict)}</b> {escape(numbers.verdict)}</p>")
    parts.append(_list(numbers.reasons))
    if numbers.badges:
        judged = _("Can the map be believed?")
        parts.append(f"<p><b>{escape(judged)}</b></p>")
        parts += [f"<div>{escape(badge)}</div>" for badge in numbers.badges]
    return "".join(parts)


def _narrow(table: NumberTable) -> list[NumberTable]:
    """The table in as many parts as keep each of them narrow; all parts have the column of names."""
    parts = []
    for first in range(1, len(table.header), _MOST_COLUMNS):
        columns = slice(first, first + _MOST_COLUMNS)
        shift = None if table.emphasis is None else table.emphasis - first + 1
        parts.append(
            NumberTable(
                header=(table.header[0], *table.header[columns]),
                rows=tuple((row[0], *row[columns]) for row in table.rows),
                emphasis=shift if shift is not None and 1 <= shift <= _MOST_COLUMNS else None,
            )
        )
    return parts


def _table(table: NumberTable) -> str:
    rows = "".join(_row(row, table.emphasis, _BODY) for row in table.rows)
    header = _row(table.header, table.emphasis, _HEADER)
    return f'<table cellspacing="0" width="100%" style="margin-top: 4px;">{header}{rows}</table>'


def _row(cells: tuple[str, ...], emphasis: int | None, style: str) -> str:
    count = len(cells) - 1
    name_width = _NARROW_NAME_WIDTH if count == _MOST_COLUMNS else _NAME_WIDTH
    width = (100 - name_width) // count
    words = [f"<b>{escape(text)}</b>" if index == emphasis else escape(text) for index, text in enumerate(cells)]
    name, *numbers = words
    return (
        f'<tr><td width="{name_width}%" style="{style}">{name}</td>'
        + "".join(f'<td width="{width}%" align="right" style="{style}">{text}</td>' for text in numbers)
        + "</tr>"
    )


def _list(sentences: tuple[str, ...]) -> str:
    return "".join(f"<div>\u2022 {escape(sentence)}</div>" for sentence in sentences)
