"""Audit of slice categories: tables 8 and 11."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..alignment.audit import audit_percents
from .audit_result import CONTRADICTION, Check, known, row_groups, tested
from .reported_tables import ReportedTable

#: Column of counts in each table.
_COUNTS = {"8": "slices", "11": "count"}


def audit_shares(key: str, tables: Mapping[str, ReportedTable]) -> Iterator[Check]:
    """Percents of table 8 or 11 sum to 100, and follow from the counts where these are given."""
    table = tables.get(key)
    if table is None:
        return
    counts, half = _COUNTS[key], table.rounding("percent")
    for cohort, _, rows in row_groups(table):
        percents = [row["percent"] for row in rows if row.get("percent") is not None]
        if percents:
            found = audit_percents("the percents", percents, max(half, 1e-9))
            yield from tested(key, cohort, CONTRADICTION, found)
        total = sum(row[counts] for row in rows if row.get(counts) is not None)
        for row in rows:
            if total and known(row, counts, "percent"):
                implied = 100 * row[counts] / total
                text = (
                    f"{row.get('category')}: {row[counts]:g} of {total:g} are {implied:.2f} %, not {row['percent']:g} %"
                )
                wrong = abs(implied - row["percent"]) > half + 1e-9
                yield from tested(key, cohort, CONTRADICTION, [text] if wrong else [])


def audit_joint_means(tables: Mapping[str, ReportedTable]) -> Iterator[Check]:
    """In table 11 one cut-off separates the means of good and bad groups in all cohorts; empty groups have no mean."""
    table = tables.get("11")
    if table is None:
        return
    for place, name, column in ((0, "dice", "mean_dice"), (1, "xai", "mean_f1")):
        means: dict[str, list[float]] = {f"good {name}": [], f"bad {name}": []}
        for row in table.rows:
            words = [part.strip().lower() for part in str(row.get("category")).split(",")]
            if len(words) == 2 and words[place] in means and row.get(column) is not None:
                means[words[place]].append(row[column])
        good, bad = means.values()
        if good and bad:
            wrong = min(good) + 2 * table.rounding(column) < max(bad)
            text = f"no cut-off of {name} gives a good group a mean of {min(good):g} and a bad one {max(bad):g}"
            yield from tested("11", None, CONTRADICTION, [text] if wrong else [])
    for row in table.rows:
        if row.get("count") == 0:
            wrong = known(row, "mean_dice") or known(row, "mean_f1")
            text = f"{row.get('category')} has no slice and yet a mean"
            yield from tested("11", row["cohort"], CONTRADICTION, [text] if wrong else [])
