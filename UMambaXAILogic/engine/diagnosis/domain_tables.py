"""Tables 1 to 4, from the comparison of the cohorts' domain statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .averages import shown
from .paper import paper_rows
from .table import Cell, Column, Table, text_column

TITLES = {"1": "Intensity", "2": "Resolution", "3": "Noise", "4": "Vessel diameters"}
_DIGITS = {"1": 2, "2": 3, "3": 2, "4": 2}

#: Which of our quantities stands for a published one. The paper does not name its noise estimator: it gets a row.
_PUBLISHED = {
    "1": {"mean": "intensity.mean", "std": "intensity.std"},
    "2": {
        "x": "resolution.spacing_mm.right_left",
        "y": "resolution.spacing_mm.anterior_posterior",
        "z": "resolution.spacing_mm.superior_inferior",
    },
    "3": {"std": "Noise std (estimator not stated), HU"},
    "4": {
        "mean": "morphology.diameter_mm.mean",
        "median": "morphology.diameter_mm.median",
        "std": "morphology.diameter_mm.std",
        "min": "morphology.diameter_mm.minimum",
        "max": "morphology.diameter_mm.maximum",
        "p99": "morphology.diameter_mm.p99",
    },
}


def domain_tables(comparison: Mapping[str, Any] | None, reason: str, with_paper: bool) -> list[Table]:
    """Tables 1 to 4.

    Args:
        comparison: JSON of ``domain.comparison.DomainComparison``; None where it cannot be made.
        reason: why not.
        with_paper: put the published numbers beside.
    """
    return [_table(key, comparison, reason, with_paper) for key in TITLES]


def _table(key: str, comparison: Mapping[str, Any] | None, reason: str, with_paper: bool) -> Table:
    digits = _DIGITS[key]
    columns = (
        text_column("statistic", "Statistic"),
        text_column("averaging", "Averaging"),
        Column("source", "Source", kind="interval", digits=digits),
        Column("target", "Target", kind="interval", digits=digits),
        Column("difference", "Target - source", kind="interval", digits=digits),
        Column("relative_percent", "Relative", unit="%", digits=1),
        Column("ratio", "Ratio", digits=2),
        Column("p_value", "p", digits=4),
    )
    body = None if comparison is None else comparison["tables"][key]
    rows = () if body is None else tuple(_row(row) for row in _together(body["rows"]))
    notes = (reason,) if body is None else tuple(body["notes"])
    names = {} if body is None else {row["key"]: _statistic(row) for row in body["rows"]}
    paper = shown(_published(key, names), [column.key for column in columns], with_paper)
    return Table(key, int(key), TITLES[key], columns, rows, notes, paper)


def _together(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The averages of one statistic one below the other, statistics in the order of their first row."""
    order = {row["key"]: place for place, row in reversed(list(enumerate(rows)))}
    return sorted(rows, key=lambda row: order[row["key"]])


def _row(row: Mapping[str, Any]) -> dict[str, Cell]:
    pooled = row["averaged"] == "pooled"
    relative = row["relative_difference"]
    return {
        "statistic": _statistic(row),
        "averaging": row["averaged"],
        **{side: _cell(row[side], pooled) for side in ("source", "target", "difference")},
        "relative_percent": None if relative is None else 100 * relative,
        "ratio": row["ratio"],
        "p_value": row["p_value"],
    }


def _statistic(row: Mapping[str, Any]) -> str:
    return f"{row['title']}, {row['unit']}" if row["unit"] else str(row["title"])


def _cell(interval: Mapping[str, Any], pooled: bool) -> Cell:
    if interval["estimate"] is None:
        return None
    return interval["estimate"] if pooled else dict(interval)


def _published(key: str, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The paper's columns source and target, a row a statistic."""
    by_cohort = {row["cohort"]: row for row in paper_rows(key)}
    between = by_cohort.get(None, {})
    rows = []
    for column, quantity in _PUBLISHED[key].items():
        row = {
            "statistic": names.get(quantity, quantity),
            "source": by_cohort["source"].get(column),
            "target": by_cohort["target"].get(column),
        }
        relative = between.get(f"{column}_relative_difference")
        row |= {} if relative is None else {"relative_percent": 100 * relative}
        row |= {"ratio": between["ratio"]} if between.get("ratio") is not None else {}
        rows.append(row)
    return rows
