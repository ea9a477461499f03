"""Audit of ranges: ratios, shares, counts and sizes that no data can have."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping

from .audit_result import CONTRADICTION, Finding
from .reported_tables import ReportedTable

_RATIO, _SHARE, _SIZE = (0.0, 1.0), (0.0, 100.0), (0.0, math.inf)
_RATIOS = dict.fromkeys(("iou", "f1", "precision", "recall"), _RATIO)
#: Smallest and largest possible value of the columns of each table.
_RANGES: Mapping[str, Mapping[str, tuple[float, float]]] = {
    "1": {"std": _SIZE},
    "2": dict.fromkeys(("x", "y", "z"), _SIZE),
    "3": {"std": _SIZE},
    "4": dict.fromkeys(("mean", "std", "median", "min", "max", "p99"), _SIZE),
    "5": _RATIOS,
    "7": {"dice": _RATIO, "iou": _RATIO},
    "8": {"slices": _SIZE, "percent": _SHARE},
    "9": {**_RATIOS, "threshold": _RATIO},
    "10": {**_RATIOS, "threshold": _RATIO},
    "11": {"count": _SIZE, "percent": _SHARE, "mean_dice": _RATIO, "mean_f1": _RATIO},
    "gap": {"gap": (-1.0, 1.0), "xai_gt_iou": _RATIO, "xai_pm_iou": _RATIO, "threshold": _RATIO},
}
#: Tables in which a ratio that cannot be would only be found again, as another mistake, by what connects the ratios.
_CONNECTED = ("5", "7", "9", "10", "gap")


def audit_ranges(tables: Mapping[str, ReportedTable]) -> Iterator[Finding]:
    """A finding for each number outside what its column can hold; these are no identities and count as no check."""
    for key, table in tables.items():
        for row in table.rows:
            for column, (low, high) in _RANGES[key].items():
                value = row.get(column)
                if value is None or low <= value <= high:
                    continue
                what = "is negative" if high == math.inf else f"is not between {low:g} and {high:g}"
                at = [str(row[name]) for name in ("method", "category") if row.get(name) is not None]
                if row.get("threshold") is not None and column != "threshold":
                    at.append(f"at {row['threshold']:g}")
                where = f"{' '.join(at)}: " if at else ""
                yield Finding(key, row["cohort"], CONTRADICTION, f"{where}{column} {value:g} {what}")


def possible(tables: Mapping[str, ReportedTable]) -> dict[str, ReportedTable]:
    """The tables without the impossible ratios, for the checks of what connects ratios."""
    return {key: _without_impossible(key, table) if key in _CONNECTED else table for key, table in tables.items()}


def _without_impossible(key: str, table: ReportedTable) -> ReportedTable:
    ranges = _RANGES[key]

    def kept(column: str, value: object) -> object:
        if not isinstance(value, float | int) or column not in ranges:
            return value
        low, high = ranges[column]
        return value if low <= value <= high else None

    rows = tuple({column: kept(column, value) for column, value in row.items()} for row in table.rows)
    return dataclasses.replace(table, rows=rows)
