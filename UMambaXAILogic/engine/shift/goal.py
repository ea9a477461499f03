"""What is known of the cohort that cases are moved to: its profile, and its scores."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..case.plan import CasePlan
from ..diagnosis.cohort_results import read_cohort
from .analysis import Goal
from .case_values import CaseValues
from .coalitions import coalition_name
from .scoring import MEASURES

_CASES_TABLE = "cases.parquet"
NO_SCORES = (
    "The other cohort's scores are not known: name its result folder, or a manifest with ground truths, in the place "
    "of a profile."
)


def is_cohort_folder(path: Path) -> bool:
    """Whether ``cohort`` wrote the folder."""
    return (path / _CASES_TABLE).is_file()


def no_goal(reason: str = NO_SCORES) -> Goal:
    """Of a cohort without scores."""
    return Goal({}, dict.fromkeys(MEASURES, reason))


def goal_of_cohort(folder: Path, plan: CasePlan, explains: bool) -> Goal:
    """The scores of a cohort's result folder, as far as they were made in the same way.

    Raises:
        InputError: it is no folder of a cohort, or cannot be read.
    """
    results = read_cohort(folder)
    cases = results.with_ground_truth
    if not cases:
        return no_goal("No case of the other cohort has a ground truth.")
    # Where nothing was predicted there is no method, pooling or threshold to compare.
    row: Mapping[str, Any] = next((case for case in cases if case["method"] is not None), cases[0])
    scores: dict[str, list[float | None]] = {}
    missing: dict[str, str] = {}
    for measure in MEASURES:
        other = _made_otherwise(row, plan, of_attention=measure != "dice")
        if measure != "dice" and not explains:
            missing[measure] = "No attention was measured here."
        elif other is not None:
            missing[measure] = f"The other cohort was computed with another {other}."
        else:
            scores[measure] = [case[measure] for case in cases]
    return Goal(scores, missing)


def goal_of_values(cases: list[CaseValues]) -> Goal:
    """The scores of cases that were predicted here, without interventions."""
    values = [case.coalitions[coalition_name(0, ())].score for case in cases]
    return Goal({measure: [getattr(score, measure) for score in values] for measure in MEASURES}, {})


def _made_otherwise(row: Mapping[str, Any], plan: CasePlan, of_attention: bool) -> str | None:
    """The setting in which a cohort's row differs from what is planned here; None where none does."""
    facts = plan.methods[0].facts()
    expected: dict[str, Any] = {"model_sha256": plan.model.sha256, "target": plan.score.target.name}
    if of_attention:
        expected |= {**facts, "threshold": plan.request.reporting_threshold, "preset": plan.request.preset}
    words = {"model_sha256": "model", "pool": "pooling window", "pool_mode": "pooling mode"}
    return next((words.get(name, name) for name, value in expected.items() if row[name] != value), None)
