"""The files of a shift attribution: shift.json, two tables and a figure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import UMambaXAILogic

from ..atomic import replacing, write_text
from ..case.plan import CasePlan
from ..fingerprint import request_settings
from .analysis import TITLES, Goal, analyse
from .case_values import CaseValues, Value
from .execution import Outcome
from .figure import waterfall_png
from .request import ShiftRequest
from .strength import GIVEN, ORDER, ChosenFactor

SCHEMA_VERSION = 1
SHIFT_JSON, SHARES_CSV, COALITIONS_CSV, FIGURE = "shift.json", "shapley.csv", "coalitions.csv", "shift.png"

#: What the numbers cannot say.
LIMITS = (
    "Interventions change what the five factors describe and nothing else: in-plane spacing, correlated noise, "
    "artefacts, disease and anatomy are in the unexplained residual.",
    "Strengths are means of a cohort. Cases keep how they differ from each other.",
    "Blur and thicker slices smooth the noise that a volume has, and a steeper intensity scale amplifies it; the noise "
    "that is added stays the same in every coalition.",
    "A Shapley value is a fair share of a model's drop under these interventions, in this order of application. It is "
    "no proof that the factor caused the drop in the other cohort's own cases.",
)
_TOWARD_SOURCE = (
    "Direction target to source: sharpening and taking noise off are no inverse of blur and noise, and a larger field "
    "of view or thinner slices cannot be made up. Shares in this direction are approximate."
)
_APPROXIMATE = (
    "Thinner slices are interpolated, sharper or quieter images filtered: where a factor is approximate, its share is "
    "that of this operation, not of a scan with the other scanner."
)


@dataclass(frozen=True)
class ShiftResult:
    """What a shift attribution left behind.

    Args:
        folder: the output folder.
        files: ``json``, ``shapley`` and ``coalitions`` (CSV), ``figure`` (PNG).
        body: the contents of shift.json.
    """

    folder: Path
    files: dict[str, Path]
    body: dict[str, Any]


def write_result(
    request: ShiftRequest,
    plan: CasePlan,
    factors: Sequence[ChosenFactor],
    outcomes: Sequence[Outcome],
    goal: Goal,
    without_truth: int,
) -> ShiftResult:
    """Analyse what was computed and write it, shift.json last.

    Args:
        request: what was asked.
        plan: model and settings.
        factors: with their strengths.
        outcomes: of the cases that were intervened on; at least one has values.
        goal: scores of the other cohort.
        without_truth: cases left out for lack of a ground truth.
    """
    cases = [outcome.values for outcome in outcomes if outcome.values is not None]
    body = {
        "schema_version": SCHEMA_VERSION,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "package": UMambaXAILogic.__version__,
        "phantom": any(case.phantom for case in cases),
        "direction": "target_to_source" if request.toward_source else "source_to_target",
        "approximate": request.toward_source or any(case.approximate for case in cases),
        "order": list(ORDER),
        "factors": [_factor_json(one, cases) for one in factors],
        "label_extent_mm": None if request.label_extent_mm is None else list(request.label_extent_mm),
        "label_extent_is_factor": request.label_extent_is_factor,
        "score_in_view": request.score_in_view,
        "cases": {
            "done": len(cases),
            "without_ground_truth": without_truth,
            "failed": [
                {"case": outcome.task.case, "code": outcome.code, "reason": outcome.reason}
                for outcome in outcomes
                if outcome.values is None
            ],
        },
        "measures": analyse(cases, ORDER, goal, request.label_extent_is_factor, request.seed),
        "model": {"architecture": plan.model.architecture, "sha256": plan.model.sha256, "labels": plan.model.labels},
        "target": plan.score.target.name,
        "explains": request.explains,
        "attribution": plan.methods[0].facts() if request.explains else None,
        "threshold": plan.request.reporting_threshold,
        "seed": request.seed,
        "settings": request_settings(plan.request),
        "passes": _passes(cases),
        "limits": _limits(request, cases),
    }
    folder = request.output
    write_text(folder / SHARES_CSV, _shares_csv(body))
    write_text(folder / COALITIONS_CSV, _coalitions_csv(cases))
    with replacing(folder / FIGURE) as file:
        file.write(waterfall_png(body))
    write_text(folder / SHIFT_JSON, json.dumps(body, indent=1, allow_nan=False) + "\n")
    files = {"json": SHIFT_JSON, "shapley": SHARES_CSV, "coalitions": COALITIONS_CSV, "figure": FIGURE}
    return ShiftResult(folder, {name: folder / file for name, file in files.items()}, body)


def _factor_json(one: ChosenFactor, cases: Sequence[CaseValues]) -> dict[str, Any]:
    key = one.factor.key
    return {
        **one.to_json(),
        "title": TITLES[key],
        "acts_on_cases": sum(key in case.acting for case in cases),
        "approximate_on_cases": sum(key in case.approximate for case in cases),
    }


def _passes(cases: Sequence[CaseValues]) -> dict[str, Any]:
    values = [value for case in cases for value in (*case.coalitions.values(), *case.controls.values())]
    needed = [value for value in values if value.needed_pass]
    warnings: dict[str, int] = {}
    for value in needed:
        for code in value.warnings:
            warnings[code] = warnings.get(code, 0) + 1
    return {
        "count": len(needed),
        "seconds_mean": round(sum(value.seconds for value in needed) / len(needed), 3),
        "warnings": warnings,
    }


def _limits(request: ShiftRequest, cases: Sequence[CaseValues]) -> list[str]:
    limits = list(LIMITS)
    if request.toward_source:
        limits.insert(0, _TOWARD_SOURCE)
    elif any(case.approximate for case in cases):
        limits.insert(0, _APPROXIMATE)
    return limits


_COMPARED = ("alone", "last", "control", "alone_less_control")


def _shares_csv(body: dict[str, Any]) -> str:
    """A row a factor, and one each for all factors together, the cohort gap and the residual."""
    head = ["measure", "factor", "origin", "change_mean", "change_low", "change_high", "interval", "cases"]
    rows: list[list[Any]] = [[*head, "share_percent", *(f"{name}_mean" for name in _COMPARED)]]
    origins = {one["key"]: one["origin"] for one in body["factors"]}

    def add(measure: str, name: str, origin: str, change: dict[str, Any], others: Sequence[Any]) -> None:
        numbers = [change[part] for part in ("estimate", "low", "high", "method", "count")]
        rows.append([measure, name, origin, *numbers, *others])

    nothing = [None] * (1 + len(_COMPARED))
    for measure, found in body["measures"].items():
        for one in found["factors"]:
            others = [one["share_percent"], *(one[name]["estimate"] for name in _COMPARED)]
            add(measure, one["key"], origins.get(one["key"], GIVEN), one["shapley"], others)
        add(measure, "all", "", found["change"], nothing)
        for name in ("cohort_gap", "residual"):
            if found[name] is not None:
                add(measure, name, "", found[name]["difference"], nothing)
    return _csv(rows)


def _coalitions_csv(cases: Sequence[CaseValues]) -> str:
    rows: list[list[Any]] = [["case", "kind", *ORDER]]
    first = next(iter(cases[0].coalitions.values()))
    names = list(asdict(first.score))
    rows[0] += [*names, *(f"annotated_{name}" for name in names), "seconds", "warnings"]

    def row(case: CaseValues, kind: str, keys: Sequence[str], value: Value) -> list[Any]:
        annotated = dict.fromkeys(names) if value.annotated is None else asdict(value.annotated)
        return [
            case.case,
            kind,
            *(int(key in keys) for key in ORDER),
            *asdict(value.score).values(),
            *annotated.values(),
            value.seconds,
            " ".join(value.warnings),
        ]

    for case in cases:
        rows += [row(case, "coalition", name.split("+"), value) for name, value in case.coalitions.items()]
        rows += [row(case, "control", [key], value) for key, value in case.controls.items()]
    return _csv(rows)


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
