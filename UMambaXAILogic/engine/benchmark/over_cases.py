"""What a method comes to over cases: means with 95 % intervals over cases, and differences to the baselines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..statistics import compare_groups, mean_interval
from .candidate import BASELINE
from .table import table_rows

#: Numbers of a case's table that are averaged.
AVERAGED = (
    *("faithfulness", "deletion_area", "insertion_area", "target_drop", "leak", "far_share"),
    *("robustness", "sanity", "random_input", "seconds"),
)


def method_entries(bodies: Sequence[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """One entry a method, the best first.

    The order is that of the mean faithfulness; methods that fail the sanity gate in more than half of the cases where
    it was asked come last.

    Args:
        bodies: contents of the cases' benchmark.json.
        seed: of the bootstrap.

    Returns:
        Of each method ``name``, ``title``, ``kind``, ``rank``, ``cases`` (with a score), ``constant`` (with a constant
        map), ``sanity_passed`` of ``sanity_asked``, ``means`` (an ``Interval`` each) and ``better_than`` (paired
        comparison of faithfulness with each baseline).
    """
    tables = [{row["name"]: row for row in table_rows(body)} for body in bodies]
    first = {entry["name"]: entry for body in bodies for entry in body["methods"]}
    baselines = [name for name, entry in first.items() if entry["kind"] == BASELINE]
    entries = []
    for name, known in first.items():
        rows = [table[name] for table in tables if name in table]
        judged = [row["sanity_passed"] for row in rows if row["sanity_passed"] is not None]
        scores = {other: _faithfulness(tables, other) for other in (name, *baselines)}
        entries.append(
            {
                "name": name,
                "title": known["title"],
                "kind": known["kind"],
                "rank": None,
                "cases": sum(row["faithfulness"] is not None for row in rows),
                "constant": sum(
                    entry["constant"] for body in bodies for entry in body["methods"] if entry["name"] == name
                ),
                "sanity_passed": sum(judged),
                "sanity_asked": len(judged),
                "means": {key: mean_interval([row[key] for row in rows], seed).to_json() for key in AVERAGED},
                "better_than": {}
                if known["kind"] == BASELINE
                else {
                    other: compare_groups(scores[other], scores[name], paired=True, seed=seed).to_json()
                    for other in baselines
                },
            }
        )
    return _ranked(entries)


def _faithfulness(tables: Sequence[dict[str, dict[str, Any]]], name: str) -> list[float | None]:
    return [table[name]["faithfulness"] if name in table else None for table in tables]


def _ranked(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    def place(entry: dict[str, Any]) -> tuple[bool, bool, float, str]:
        mean = entry["means"]["faithfulness"]["estimate"]
        fails = 2 * entry["sanity_passed"] < entry["sanity_asked"]
        return mean is None, fails, -(mean or 0.0), entry["name"]

    entries.sort(key=place)
    for number, entry in enumerate(entries, 1):
        if entry["means"]["faithfulness"]["estimate"] is not None:
            entry["rank"] = number
    return entries
