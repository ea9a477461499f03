"""The tables of a diagnosis beside the published ones, as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.atomic import write_text

BEGIN, END = "<!-- tables: written by make reproduce -->", "<!-- end of tables -->"


@dataclass(frozen=True)
class Comparison:
    """Markdown text of the tables."""

    text: str

    def put_into(self, page: Path) -> None:
        """Replace what stands between the marks of a page.

        Raises:
            ValueError: the page has no marks.
        """
        whole = page.read_text(encoding="utf-8")
        before, begin, rest = whole.partition(BEGIN)
        _, end, after = rest.partition(END)
        if not begin or not end:
            raise ValueError(f"{page} lacks the marks {BEGIN} and {END}")
        write_text(page, f"{before}{BEGIN}\n\n{self.text}\n{END}{after}")


def write_comparison(report: Path, target: Path) -> Comparison:
    """Read report.json and write its tables that the paper has too, the published numbers beside.

    Args:
        report: of a diagnosis with the published rows.
        target: Markdown file.
    """
    document = json.loads(report.read_text(encoding="utf-8"))
    compared = document["compared"]
    head = (
        f"Made on {document['created'][:10]} by version {document['package']} from {compared['source']['done']} source "
        f"and {compared['target']['done']} target phantoms. *Paper*: the published value of real CTA, if there is one."
    )
    tables = [markdown(table) for table in document["tables"].values() if table["number"] is not None]
    comparison = Comparison("\n\n".join([head, *tables]) + "\n")
    write_text(target, comparison.text)
    return comparison


def markdown(table: Mapping[str, Any]) -> str:
    """One table: our rows, and the published numbers of those rows in columns of their own."""
    columns = table["columns"]
    published = table["paper"] or []
    given = {key for row in published for key in row}
    given -= {"threshold"}
    numbers = [column for column in columns if column["kind"] != "text" and column["key"] in given]
    titles = [_title(column) for column in columns] + [f"paper: {column['title']}" for column in numbers]
    lines = [f"**Table {table['number']}. {table['title']}**", "", _line(titles), _line("---" for _ in titles)]
    unmatched = list(published)
    for row in table["rows"]:
        there = _published_row(row, unmatched, columns)
        unmatched = [other for other in unmatched if other is not there]
        cells = [_cell(row[column["key"]], column) for column in columns]
        lines.append(_line([*cells, *(_cell(there.get(column["key"]), column, missing="") for column in numbers)]))
    for row in unmatched:
        words = [row.get(column["key"], "") if column["kind"] == "text" else "" for column in columns]
        lines.append(_line([*words, *(_cell(row.get(column["key"]), column, missing="") for column in numbers)]))
    return "\n".join(lines)


def _published_row(
    row: Mapping[str, Any], published: Iterable[Mapping[str, Any]], columns: Iterable[Mapping[str, Any]]
) -> Mapping[str, Any]:
    """The published row about the same thing: its words, and its threshold, are those of ``row``.

    The paper does not say how it averaged, so it stands beside the first of our averages.
    """
    names = [column["key"] for column in columns if column["kind"] == "text" or column["key"] == "threshold"]
    for other in published:
        if all(other[name] == row[name] for name in names if name in other):
            return other
    return {}


def _title(column: Mapping[str, Any]) -> str:
    return column["title"] + (f" ({column['unit']})" if column["unit"] else "")


def _cell(value: Any, column: Mapping[str, Any], missing: str = "n/a") -> str:
    if isinstance(value, Mapping):  # an interval over cases
        text = _number(value["estimate"], column, missing)
        if value["low"] is None:
            return text
        return f"{text} [{_number(value['low'], column)}, {_number(value['high'], column)}]"
    return value if isinstance(value, str) else _number(value, column, missing)


def _number(value: float | None, column: Mapping[str, Any], missing: str = "n/a") -> str:
    if value is None:
        return missing
    return f"{value:g}" if column["digits"] is None else f"{value:.{column['digits']}f}"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
