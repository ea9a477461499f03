"""What a user reads when a drop has been shared out: a table a measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_ENDS = {"source_to_target": ("source", "target"), "target_to_source": ("target", "source")}


def shift_summary(body: Mapping[str, Any]) -> str:
    """The contents of shift.json as text."""
    return "\n".join(_lines(body))


def _lines(body: Mapping[str, Any]) -> Iterator[str]:
    cases, failed = body["cases"]["done"], body["cases"]["failed"]
    phantom = ", phantom (synthetic, not a patient)" if body["phantom"] else ""
    yield f"Shift attribution: {cases} case{'' if cases == 1 else 's'}{phantom}"
    for case in failed:
        yield f"  left out: {case['case']}: {case['reason']}"
    for found in body["measures"].values():
        yield ""
        if found["cases"]:
            yield from _measure(found, body)
        elif body["explains"] or found["title"] == "Dice":
            yield f"{found['title']}: no case could be analysed. {found['left_out'][0]['reason']}"
        else:
            yield f"{found['title']}: not asked for."
    if body["approximate"]:
        yield ""
        yield body["limits"][0]


def _measure(found: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[str]:
    start, goal = _ENDS[body["direction"]]
    counted = f" ({found['cases']} of {body['cases']['done']} cases)" if found["left_out"] else ""
    yield f"{found['title'] + counted:<30}{'share':>8}  {'95 % interval':<20}{'%':>5}  {'alone':>8} {'control':>8}"
    yield f"  {start + ', as it is':<28}{_number(found['before']['estimate'], False)}"
    for factor in found["factors"]:
        share = factor["share_percent"]
        percent = "" if share is None else str(round(share))
        yield (
            f"  {factor['title']:<28}{_number(factor['shapley']['estimate'])}  {_interval(factor['shapley']):<20}"
            f"{percent:>5}  {_number(factor['alone']['estimate'])} {_number(factor['control']['estimate'])}"
        )
    yield f"  {start + ', all factors':<28}{_number(found['after']['estimate'], False)}  {_interval(found['after'])}"
    if found["residual"] is None:
        yield f"  {'unexplained':<28}     n/a  {found['gap_missing_because']}"
    else:
        residual = found["residual"]["difference"]
        yield f"  {'unexplained':<28}{_number(residual['estimate'])}  {_interval(residual)}"
        yield f"  {goal:<28}{_number(found['residual']['target']['estimate'], False)}"
    for note in found["notes"]:
        yield f"  {note}"
    if found["label_extent_apart"] is not None:
        apart = found["label_extent_apart"]
        before, after = (_number(apart[name]["estimate"]).strip() for name in ("before", "after"))
        yield f"  Scored against a smaller annotation: {before} as it is, {after} with all factors."


def _number(value: float | None, signed: bool = True) -> str:
    if value is None:
        return f"{'n/a':>8}"
    return f"{value:+8.3f}" if signed else f"{value:8.3f}"


def _interval(interval: Mapping[str, Any]) -> str:
    if interval["low"] is None:
        return "too few cases"
    few = ", few cases" if interval["few_cases"] else ""
    return f"{interval['low']:+.3f} to {interval['high']:+.3f}{few}"
