"""What a user reads when a benchmark is done: a line a map, the best first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from UMambaXAILogic.engine.benchmark import BenchmarkResult

_MARKS = {True: "+", False: "-", None: "?"}


def summary(result: BenchmarkResult) -> str:
    """Table, badges and files as text."""
    return "\n".join(_lines(result))


def cohort_summary(result: BenchmarkResult) -> str:
    """Means over cases with their intervals."""
    body = result.body
    lines = [f"{len(body['cases'])} cases judged, {len(body['failed_cases'])} failed"]
    lines.append(f"  {'rank':<5}{'map':<26}{'faithfulness (95 %)':>26}{'sanity passed':>15}{'cases':>7}{'seconds':>9}")
    for entry in body["methods"]:
        rank = "n/a" if entry["rank"] is None else entry["rank"]
        means = entry["means"]
        lines.append(
            f"  {rank!s:<5}{entry['name']:<26}{_interval(means['faithfulness']):>26}"
            f"{entry['sanity_passed']!s:>8} of {entry['sanity_asked']!s:<3}{entry['cases']:>7}"
            f"{_number(means['seconds']['estimate'], 1):>9}"
        )
    lines.append(f"Files in {result.folder}: {', '.join(result.files)}; each case's in {result.folder / 'cases'}")
    return "\n".join(lines)


def _target(target: Mapping[str, Any]) -> str:
    part = target.get("part")
    return target["name"] if part is None else f"one {part['unit']} of {target['name']} ({part['voxels']} voxels)"


def _interval(found: Mapping[str, Any]) -> str:
    estimate = _number(found["estimate"])
    return estimate if found["low"] is None else f"{estimate} ({_number(found['low'])} to {_number(found['high'])})"


def _lines(result: BenchmarkResult) -> Iterator[str]:
    from UMambaXAILogic.engine.benchmark.table import table_rows

    body = result.body
    seconds, device = body["timing"]["total"], body["environment"]["device"]
    maps = f"{len(body['methods'])} maps of {_target(body['target'])}"
    yield f"{body['case']}: {maps} judged in {seconds:.0f} s on {device}"
    yield (
        f"  {'rank':<5}{'map':<26}{'faithful':>9}{'delete':>8}{'insert':>8}{'far':>7}{'robust':>8}{'sanity':>12}"
        f"{'seconds':>9}"
    )
    for row in table_rows(body):
        rank = "n/a" if row["rank"] is None else row["rank"]
        sanity = _sanity(row["sanity"], row["sanity_passed"])
        yield (
            f"  {rank!s:<5}{row['name']:<26}{_number(row['faithfulness']):>9}{_number(row['deletion_area']):>8}"
            f"{_number(row['insertion_area']):>8}{_number(row['far_share']):>7}{_number(row['robustness']):>8}"
            f"{sanity:>12}{_number(row['seconds'], 1):>9}"
        )
    yield "Badges (+ earned, - not, ? not applicable):"
    for method in body["methods"]:
        if method["kind"] != "baseline":
            words = ", ".join(_MARKS[badge["passed"]] + badge["name"].replace("_", " ") for badge in method["badges"])
            yield f"  {method['name']}: {words}"
    yield f"Files in {result.folder}: {', '.join(name for name in result.files if '/' not in name)}"


def _number(value: Any, digits: int = 2) -> str:
    return "n/a" if value is None else f"{value:.{digits}f}"


def _sanity(value: float | None, passed: bool | None) -> str:
    return "n/a" if passed is None else f"{_number(value)} {'pass' if passed else 'fail'}"
