"""The ranked table as people read it: columns, what each of them means, and which way is better.

Only the standard library is used here: a scene reads benchmark.json without what computes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .table import table_rows

NOT_AVAILABLE, NOT_ASKED = "n/a", "not asked"
_SHORT = {
    "parameter_randomisation": "depends on the network",
    "better_than_random": "beats chance",
    "better_than_vesselness": "beats vesselness",
    "better_than_prediction": "beats the prediction",
    "not_dominated_by_last_layer": "more than the last layer",
    "constant": "not constant",
}


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Args:
        key: of a row.
        title: its header; an arrow says which way is better.
        meaning: what its numbers mean, in a sentence or two.
    """

    key: str
    title: str
    meaning: str


#: Of one case, in the order in which they are shown.
COLUMNS = (
    Column("rank", "Rank", "1 is the best: by faithfulness; maps that fail the sanity gate come after all others."),
    Column(
        "map", "Map", "The method that made the map. A baseline knows nothing of the network: a map has to beat it."
    ),
    Column(
        "faithfulness",
        "Faithfulness \u2191",
        "Higher is better, 1 at best, -1 at worst. Insertion area minus deletion area: how much of the score comes "
        "back when only the voxels are shown that the map puts first, less what is left of it when they are filled.",
    ),
    Column(
        "sanity",
        "Sanity gate",
        "Passed: with all parameters of the network shuffled, the map becomes another one (|r| with it is below 0.5). "
        "A map that stays the same says nothing of what the network learned.",
    ),
    Column(
        "leak",
        "Leakage \u2193",
        "Lower is better. What changes beside the target when as many of the map's first voxels are filled as are "
        "explained, in proportion to what the target loses.",
    ),
    Column(
        "far_share", "Far off \u2193", "Lower is better. Share of the map farther than 3 mm from what is explained."
    ),
    Column(
        "robustness",
        "Robustness \u2191",
        "Higher is better, 1 at best. How alike the map stays (mean Pearson's r) when the image changes a little: "
        "noise, brightness, contrast, blur, a flip. It ranks nobody: a constant map is perfectly robust.",
    ),
    Column("seconds", "Seconds \u2193", "Lower is better. What it took to make the map here. It ranks nobody."),
    Column("earned", "Badges earned", "What can be said for the map."),
    Column("missed", "Badges not earned", "What cannot be said for it, though it was asked."),
)

#: Of a cohort.
COHORT_COLUMNS = (
    Column(
        "rank", "Rank", "1 is the best: by mean faithfulness; methods that fail the sanity gate in most cases last."
    ),
    COLUMNS[1],
    Column("cases", "Cases", "In how many cases the map has a score."),
    Column(
        "faithfulness",
        "Faithfulness \u2191",
        "Higher is better, 1 at best, -1 at worst. Mean over cases with its 95 % interval: insertion area minus "
        "deletion area.",
    ),
    Column("sanity", "Sanity gate", "In how many of the cases where it was asked the map depends on the network."),
    *(column for column in COLUMNS if column.key in ("leak", "far_share", "robustness", "seconds")),
)


def shown_rows(body: Mapping[str, Any]) -> list[dict[str, str]]:
    """One row a map of a case, the best first, by the keys of ``COLUMNS``.

    Args:
        body: the content of a case's benchmark.json.
    """
    methods = {method["name"]: method for method in body["methods"]}
    rows = []
    for row in table_rows(body):
        badges = methods[row["name"]]["badges"]
        rows.append(
            {
                "rank": NOT_AVAILABLE if row["rank"] is None else str(row["rank"]),
                "map": map_title(methods[row["name"]]),
                "faithfulness": _number(row["faithfulness"]),
                "sanity": _sanity(methods[row["name"]], row),
                "leak": _number(row["leak"]),
                "far_share": _number(row["far_share"]),
                "robustness": NOT_ASKED if "robustness" not in body["settings"]["axes"] else _number(row["robustness"]),
                "seconds": _number(row["seconds"], 1),
                "earned": _badges(badges, True),
                "missed": _badges(badges, False),
            }
        )
    return rows


def shown_cohort_rows(body: Mapping[str, Any]) -> list[dict[str, str]]:
    """As ``shown_rows``, of a cohort's benchmark.json, by the keys of ``COHORT_COLUMNS``."""
    rows = []
    for entry in body["methods"]:
        means = {key: interval["estimate"] for key, interval in entry["means"].items()}
        rows.append(
            {
                "rank": NOT_AVAILABLE if entry["rank"] is None else str(entry["rank"]),
                "map": map_title(entry),
                "cases": str(entry["cases"]),
                "faithfulness": _interval(entry["means"]["faithfulness"]),
                "sanity": f"{entry['sanity_passed']} of {entry['sanity_asked']}"
                if entry["sanity_asked"]
                else NOT_ASKED,
                **{key: _number(means[key]) for key in ("leak", "far_share")},
                "robustness": NOT_ASKED
                if "robustness" not in body["settings"]["axes"]
                else _number(means["robustness"]),
                "seconds": _number(means["seconds"], 1),
            }
        )
    return rows


def map_title(method: Mapping[str, Any]) -> str:
    """What a map is called in words: ``Seg-XRes-CAM, pool 2``, ``Baseline: Random``, ``mine (given)``."""
    _, _, pool = method["name"].partition("@")
    pools = method["kind"] == "method" and pool not in ("", "1")  # of 1 voxel: none
    title = f"{method['title']}, pool {pool}" if pools else method["title"]
    return f"Baseline: {title}" if method["kind"] == "baseline" else title


def is_of_cohort(body: Mapping[str, Any]) -> bool:
    """Whether benchmark.json is about many cases."""
    return "cases" in body


def _sanity(method: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    if method["constant"]:
        return NOT_AVAILABLE
    if method["sanity"] is None:
        return NOT_ASKED
    if row["sanity_passed"] is None:
        return "not known"
    word = "passed" if row["sanity_passed"] else "failed"
    return word if row["sanity"] is None else f"{word} (r {row['sanity']:.2f})"


def _badges(badges: Sequence[Mapping[str, Any]], passed: bool) -> str:
    return ", ".join(_SHORT.get(badge["name"], badge["name"]) for badge in badges if badge["passed"] is passed)


def _interval(found: Mapping[str, Any]) -> str:
    estimate = _number(found["estimate"])
    return estimate if found["low"] is None else f"{estimate} ({_number(found['low'])} to {_number(found['high'])})"


def _number(value: float | None, digits: int = 2) -> str:
    return NOT_AVAILABLE if value is None else f"{value:.{digits}f}"
