"""Cases worth looking at: best, worst and most spurious, by a rule that always chooses the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..alignment.verdict import SIGNIFICANCE
from .anonymise import CaseNames
from .cohort_measures import CohortMeasures
from .excess import Case, is_significantly_under_one

BEST, WORST, MOST_SPURIOUS = "best", "worst", "most_spurious"


@dataclass(frozen=True)
class _Scored:
    case: Case
    xai_gt_iou: float | None
    xai_pm_iou: float | None

    @property
    def gap(self) -> float | None:
        if self.xai_gt_iou is None or self.xai_pm_iou is None:
            return None
        return self.xai_pm_iou - self.xai_gt_iou


def cases_to_look_at(cohort: str, measures: CohortMeasures, names: CaseNames, each: int) -> list[dict[str, Any]]:
    """At most ``each`` cases of every kind; a case that is of several kinds is listed once, with all reasons.

    - best: highest XAI-GT IoU at the reported threshold, then highest Dice.
    - worst: lowest Dice, then lowest XAI-GT IoU.
    - most spurious: lowest in-PM excess alignment among the cases where it is significantly under 1; where there is no
      such case, the largest gap, which is said.

    Cases that are equal in all that come in the order of their names.

    Args:
        cohort: ``source`` or ``target``.
        measures: of the cohort.
        names: that the report may show.
        each: how many of a kind.

    Returns:
        Rows of ``cases_to_look_at`` in report.json.
    """
    scored = [
        _Scored(case, gt, pm)
        for case, gt, pm in zip(
            measures.cases, measures.values("xai_gt_iou"), measures.values("xai_pm_iou"), strict=True
        )
    ]
    chosen: dict[str, dict[str, Any]] = {}
    for kind, why, found in _kinds(scored, each):
        for one in found:
            name = one.case["case"]
            if name in chosen:
                chosen[name]["why"] += f" {why(one)}"
            else:
                chosen[name] = _row(cohort, kind, why(one), one, names)
    return list(chosen.values())


def _kinds(scored: Sequence[_Scored], each: int) -> list[tuple[str, Callable[[_Scored], str], list[_Scored]]]:
    aligned = [one for one in scored if one.xai_gt_iou is not None]
    segmented = [one for one in scored if one.case["dice"] is not None]
    significant = [one for one in scored if is_significantly_under_one(one.case)]
    gaps = [one for one in scored if one.gap is not None and one.gap > 0]
    kinds = [
        (
            BEST,
            lambda one: f"Highest XAI-GT IoU ({one.xai_gt_iou:.3f}).",
            sorted(aligned, key=lambda one: (-(one.xai_gt_iou or 0), -(one.case["dice"] or 0), one.case["case"])),
        ),
        (
            WORST,
            lambda one: f"Lowest Dice ({one.case['dice']:.3f}).",
            sorted(segmented, key=lambda one: (one.case["dice"], one.xai_gt_iou or 0, one.case["case"])),
        ),
    ]
    if significant:
        kinds.append(
            (
                MOST_SPURIOUS,
                lambda one: (
                    f"Attention avoids the true part of the prediction most: in-PM excess alignment "
                    f"{one.case['in_pm_excess']:.3f} (p = {one.case['p_value']:.3f})."
                ),
                sorted(significant, key=lambda one: (one.case["in_pm_excess"], one.case["case"])),
            )
        )
    else:
        kinds.append(
            (
                MOST_SPURIOUS,
                lambda one: (
                    f"Largest gap between XAI-PM and XAI-GT IoU ({one.gap:.3f}); in no case of the cohort does "
                    f"attention avoid the truth significantly (p <= {SIGNIFICANCE:g})."
                ),
                sorted(gaps, key=lambda one: (-(one.gap or 0), one.case["case"])),
            )
        )
    return [(kind, why, found[:each]) for kind, why, found in kinds]


def _row(cohort: str, kind: str, why: str, one: _Scored, names: CaseNames) -> dict[str, Any]:
    name = one.case["case"]
    shown = names.shown(name)
    return {
        "cohort": cohort,
        "case": shown,
        "kind": kind,
        "why": why,
        "dice": one.case["dice"],
        "xai_gt_iou": one.xai_gt_iou,
        "xai_pm_iou": one.xai_pm_iou,
        "gap": one.gap,
        "in_pm_excess": one.case["in_pm_excess"],
        "p_value": one.case["p_value"],
        "folder": one.case["folder"] if shown == name else None,
    }
