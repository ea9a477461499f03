"""What a user reads when two cohorts have been compared: tables 1 to 4 in short, and the largest shifts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from UMambaXAILogic.engine.statistics.intervals import CASES_FOR_INTERVAL

_TITLE_WIDTH = 52
#: As many shifts as fit a screen beside the tables; all of them are in shifts.csv.
_SHOWN_SHIFTS = 8
_AVERAGED = {"case_mean": "", "pooled": ", pooled"}


def domain_summary(comparison: Mapping[str, Any]) -> str:
    """Tables and shifts of domain.json, as text."""
    return "\n".join(_lines(comparison))


def _lines(comparison: Mapping[str, Any]) -> Iterator[str]:
    shown = {shift["key"] for shift in comparison["shifts"]}
    yield f"Source: {_cohort(comparison['source'])}"
    yield f"Target: {_cohort(comparison['target'])}"
    for number, table in comparison["tables"].items():
        yield ""
        title = f"Table {number}  {table['title']}"
        yield f"{title:<{_TITLE_WIDTH}}{'source':>10}{'target':>10}   difference"
        for row in table["rows"]:
            if row["key"] in shown or row["averaged"] == "pooled":
                yield _row(row)
        for note in table["notes"]:
            yield f"  {note}"
    yield ""
    yield "Largest shifts (standardised difference)"
    for shift in comparison["shifts"][:_SHOWN_SHIFTS]:
        size = f"{shift['standardised_difference']:+.2f}"
        yield f"  {shift['rank']:>2}. {size:>7}  {shift['title']}: {_change(shift)}"
    distances = [_distance(name, part) for name, part in comparison["distances"].items()]
    yield ""
    yield "Distances of the distributions (Wasserstein-1, Kolmogorov-Smirnov)"
    yield from distances
    smaller = min(comparison[side]["cases"] for side in ("source", "target"))
    if smaller < CASES_FOR_INTERVAL:
        yield f"Intervals need {CASES_FOR_INTERVAL} cases on each side."
    yield from comparison["notes"]


def _cohort(cohort: Mapping[str, Any]) -> str:
    cases = f"{cohort['cases']} case{'' if cohort['cases'] == 1 else 's'}"
    return f"{cohort['name']}, {cases}{_phantoms(cohort)}"


def _phantoms(cohort: Mapping[str, Any]) -> str:
    if not cohort["phantoms"]:
        return ""
    return ", phantom" if cohort["phantoms"] == cohort["cases"] else f", {cohort['phantoms']} of them phantom"


def _row(row: Mapping[str, Any]) -> str:
    unit = f" ({row['unit']})" if row["unit"] else ""
    title = f"  {row['title']}{unit}{_AVERAGED[row['averaged']]}"
    figures = f"{_number(row['source']['estimate']):>10}{_number(row['target']['estimate']):>10}"
    return f"{title:<{_TITLE_WIDTH}}{figures}   {_difference(row)}"


def _difference(row: Mapping[str, Any]) -> str:
    difference = row["difference"]
    if difference["estimate"] is None:
        return "not compared"
    text = _number(difference["estimate"], sign="+")
    if difference["low"] is not None:
        few = ", few cases" if difference["few_cases"] else ""
        text += f" [{_number(difference['low'])}, {_number(difference['high'])}{few}]"
    if row["ratio"] is not None:
        text += f", x {row['ratio']:.2f}"
    if row["p_value"] is not None:
        text += f", p {row['p_value']:.2g}"
    return text


def _change(shift: Mapping[str, Any]) -> str:
    unit = f" {shift['unit']}" if shift["unit"] else ""
    text = f"{_number(shift['source'])} -> {_number(shift['target'])}{unit}"
    if shift["relative_difference"] is not None:
        text += f" ({shift['relative_difference']:+.0%})"
    return text


def _distance(name: str, part: Mapping[str, Any]) -> str:
    title = f"  {name.replace('_', ' ').capitalize()} ({part['over']})"
    if part["wasserstein"] is None:
        return f"{title}: n/a. {part['missing_because']}"
    return f"{title}: {_number(part['wasserstein'])} {part['unit']}, {part['kolmogorov_smirnov']:.3f}"


def _number(value: float | None, sign: str = "") -> str:
    """Four digits that matter, as a person would write them."""
    if value is None:
        return "n/a"
    digits = 0 if abs(value) >= 1000 else 1 if abs(value) >= 100 else 2 if abs(value) >= 10 else 3
    return f"{value:{sign}.{digits}f}"
