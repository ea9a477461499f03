"""What two cohorts say together: does alignment drop from source to target beyond what the segmentation explains?

XAI-GT falls wherever Dice falls: attention that follows a wrong prediction cannot lie on the truth. Excess alignment
(``alignment.excess``) divides that out. A drop counts as shown where the 95 % interval of target - source lies below 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..alignment.verdict import printed_cutoffs
from ..request import VerdictCutoffs
from ..statistics import GroupComparison
from ..statistics.intervals import CASES_FOR_INTERVAL
from .cohort_measures import CASE_QUANTITIES
from .cohort_verdict import CohortVerdict, with_interval

DROP_BEYOND_SEGMENTATION = "drop_beyond_segmentation"
DROP_NOT_BEYOND = "drop_not_beyond_segmentation"
DROP_NOT_ATTRIBUTABLE = "drop_not_attributable"
NO_DROP = "no_drop"
NOT_AVAILABLE = "not_available"

QUESTION = "Does attention meet fewer true vessels in the target cohort than its segmentation explains?"

PAIR_TEXT = {
    DROP_BEYOND_SEGMENTATION: "Alignment drops beyond what the segmentation explains",
    DROP_NOT_BEYOND: "The drop in alignment is not shown to exceed what the segmentation explains",
    DROP_NOT_ATTRIBUTABLE: "Alignment drops; whether beyond what the segmentation explains cannot be decided",
    NO_DROP: "No drop in alignment is shown",
    NOT_AVAILABLE: "No verdict",
}

#: Excess divides out which share of the attended voxels is true, not how much of a mask is attended.
_LESS_ON_PREDICTION = (
    "It also agrees less with the network's own segmentation (XAI-PM), and part of the drop may be that: excess "
    "compares precisions and does not measure it."
)
#: Sentence about alignment; the one about the segmentation stands before it.
_ALIGNMENT = {
    DROP_BEYOND_SEGMENTATION: "Its attention meets fewer true vessels there, and by more than the segmentation "
    "explains: the network looks elsewhere, it does not only segment worse.",
    DROP_NOT_BEYOND: "Its attention meets fewer true vessels there, but that is not shown to be more than the "
    "segmentation explains.",
    DROP_NOT_ATTRIBUTABLE: "Its attention meets fewer true vessels there; whether by more than the segmentation "
    "explains cannot be decided from these cases.",
    NO_DROP: "Its attention is not shown to meet fewer true vessels there.",
}


@dataclass(frozen=True)
class PairVerdict:
    """The verdict on a pair of cohorts.

    Args:
        name: one of ``PAIR_TEXT``.
        headline: in plain words, for a reader who knows none of the metrics.
        reasons: sentences with the numbers.
        cutoffs: of the cohorts' verdicts.
        source, target: the verdict on each cohort.
    """

    name: str
    headline: str
    reasons: tuple[str, ...]
    cutoffs: dict[str, float]
    source: CohortVerdict
    target: CohortVerdict

    def to_json(self) -> dict[str, Any]:
        """Field ``verdict`` of report.json; ``paper_rule`` is what the paper's rule says of the target."""
        return {
            "name": self.name,
            "text": PAIR_TEXT[self.name],
            "question": QUESTION,
            "headline": self.headline,
            "reasons": list(self.reasons),
            "cutoffs": self.cutoffs,
            "paper_rule": self.target.paper_rule,
            "source": self.source.to_json(),
            "target": self.target.to_json(),
        }


def judge_pair(
    comparisons: Mapping[str, GroupComparison],
    source: CohortVerdict,
    target: CohortVerdict,
    cutoffs: VerdictCutoffs,
    threshold: float,
) -> PairVerdict:
    """Decide from the differences of means over cases, target - source.

    Args:
        comparisons: of ``cohort_measures.CASE_QUANTITIES``, by key.
        source, target: the cohorts' own verdicts.
        cutoffs: of these.
        threshold: of the attention.
    """
    alignment = comparisons["xai_gt_iou"].difference
    excess = comparisons["log_excess"].difference
    printed = printed_cutoffs(cutoffs, threshold)
    if alignment.estimate is None:
        sides = [name for name, one in (("source", source), ("target", target)) if one.name == NOT_AVAILABLE]
        where = f"the {' and the '.join(sides)}" if sides else "the same cases of both cohorts"
        reason = f"XAI-GT is not known in {where}."
        headline = f"{_segmentation_sentence(comparisons['dice'])} The cohorts' attention cannot be compared: {reason}"
        return PairVerdict(NOT_AVAILABLE, headline.strip(), (reason,), printed, source, target)
    if alignment.high is None:
        name = NOT_AVAILABLE
        sentence = (
            f"Too few cases to compare the cohorts' attention: {alignment.count} on the smaller side, and "
            f"{CASES_FOR_INTERVAL} are needed."
        )
    else:
        if alignment.high >= 0:
            name = NO_DROP
        elif excess.high is None:
            name = DROP_NOT_ATTRIBUTABLE
        else:
            name = DROP_BEYOND_SEGMENTATION if excess.high < 0 else DROP_NOT_BEYOND
        sentence = _ALIGNMENT[name]
        on_prediction = comparisons["xai_pm_iou"].difference.high
        if name == DROP_NOT_BEYOND and on_prediction is not None and on_prediction < 0:
            sentence += f" {_LESS_ON_PREDICTION}"
    headline = f"{_segmentation_sentence(comparisons['dice'])} {sentence}".strip()
    keys = ("dice", "xai_gt_iou", "xai_pm_iou", "log_excess", "log_in_pm_excess")
    reasons = [_reason(key, comparisons[key]) for key in keys if comparisons[key].difference.estimate is not None]
    missing = [CASE_QUANTITIES[key] for key in keys if comparisons[key].difference.estimate is None]
    if missing:
        reasons.append(f"Not known in both cohorts: {', '.join(missing)}.")
    return PairVerdict(name, headline, tuple(reasons), printed, source, target)


def _segmentation_sentence(dice: GroupComparison) -> str:
    difference = dice.difference
    if difference.estimate is None or dice.source.estimate is None or dice.target.estimate is None:
        return ""
    sides = f"(mean Dice {dice.target.estimate:.2f}, source {dice.source.estimate:.2f})"
    if difference.low is None or difference.high is None:
        return f"There are too few cases to say whether the network segments the target cohort worse {sides}."
    if difference.high < 0:
        return f"The network segments the target cohort worse than the source cohort {sides}."
    if difference.low > 0:
        return f"The network segments the target cohort better than the source cohort {sides}."
    return f"The network is not shown to segment the target cohort worse or better than the source cohort {sides}."


def _reason(key: str, found: GroupComparison) -> str:
    source, target = (
        f"{side.estimate:.3f}" if side.estimate is not None else "n/a" for side in (found.source, found.target)
    )
    p_value = "no p-value" if found.p_value is None else f"p = {found.p_value:.2g}, {found.test}"
    sides = f"source {source}, target {target}"
    return f"{CASE_QUANTITIES[key]}: {sides}, difference {with_interval(found.difference)}; {p_value}."
