"""What one cohort's alignment says: the paper's rule and our stricter one, on means over cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..alignment.verdict import (
    DIFFUSE,
    FAITHFUL,
    INCONCLUSIVE,
    NOT_AVAILABLE,
    SEGMENTATION_ERROR,
    SPURIOUS,
    VERDICT_TEXT,
    level_words,
    paper_rule,
    printed_cutoffs,
)
from ..request import VerdictCutoffs
from ..statistics import Interval, mean_interval
from ..statistics.intervals import CASES_FOR_INTERVAL
from .cohort_measures import CohortMeasures
from .excess import ExcessSummary, exponential

#: For a reader who knows none of the metrics; {cohort} is "the source cohort (name)".
_HEADLINES = {
    FAITHFUL: "In {cohort} the network looks where the vessels are: its attention agrees with the ground truth and "
    "with its own segmentation.",
    DIFFUSE: "In {cohort} the network's attention is spread out: it lies neither on the true vessels nor on what the "
    "network segmented.",
    SPURIOUS: "In {cohort} the network's attention follows its own segmentation and avoids the part of it that is "
    "true: something other than vessels seems to drive it.",
    SEGMENTATION_ERROR: "In {cohort} the network's attention misses true vessels, but it is not shown to miss more "
    "than the segmentation itself misses.",
    INCONCLUSIVE: "In {cohort} the numbers lie between the cut-offs and support no diagnosis.",
    NOT_AVAILABLE: "For {cohort} there is no verdict.",
}


@dataclass(frozen=True)
class CohortVerdict:
    """The verdict on one cohort, with everything that it rests on.

    Args:
        name: ours, one of ``alignment.verdict``.
        paper_rule: what the paper's rule alone says.
        headline: in plain words.
        reasons: sentences with the numbers.
        cutoffs: the settings that were applied.
    """

    name: str
    paper_rule: str
    headline: str
    reasons: tuple[str, ...]
    cutoffs: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """``verdict.source`` or ``verdict.target`` in report.json."""
        return {
            "name": self.name,
            "text": VERDICT_TEXT[self.name],
            "headline": self.headline,
            "reasons": list(self.reasons),
            "cutoffs": self.cutoffs,
            "paper_rule": self.paper_rule,
            "paper_rule_text": VERDICT_TEXT[self.paper_rule],
        }


def judge_cohort(measures: CohortMeasures, cohort: str, cutoffs: VerdictCutoffs) -> CohortVerdict:
    """Apply the paper's rule to mean XAI-GT and XAI-PM IoU over cases, and ask the excess before saying "spurious".

    "Spurious" needs an in-PM excess that is significantly under 1 for the cohort: the interval of the mean of its
    logarithm over cases lies below 0. With fewer than 6 cases there is no interval, and it cannot be said.

    Args:
        measures: of the cohort.
        cohort: how the sentences call it.
        cutoffs: of the rule.
    """
    printed = printed_cutoffs(cutoffs, measures.threshold)
    pairs = [
        (gt, pm)
        for gt, pm in zip(measures.values("xai_gt_iou"), measures.values("xai_pm_iou"), strict=True)
        if gt is not None and pm is not None
    ]
    if not pairs:
        reason = _why_not(measures)
        headline = f"{_HEADLINES[NOT_AVAILABLE].format(cohort=cohort)} {reason}"
        return CohortVerdict(NOT_AVAILABLE, NOT_AVAILABLE, headline, (reason,), printed)
    gt, pm, gap = (
        mean_interval(values, measures.seed)
        for values in ([gt for gt, _ in pairs], [pm for _, pm in pairs], [pm - gt for gt, pm in pairs])
    )
    assert gt.estimate is not None and pm.estimate is not None and gap.estimate is not None
    rule = name = paper_rule(gt.estimate, pm.estimate, cutoffs)
    at = f"at attention >= {measures.threshold:g}, mean over {counted(len(pairs), 'case')}"
    reasons = [
        f"XAI-GT IoU {with_interval(gt)} is {level_words(gt.estimate, cutoffs)} {at}.",
        f"XAI-PM IoU {with_interval(pm)} is {level_words(pm.estimate, cutoffs)} {at}.",
        f"Gap (XAI-PM - XAI-GT) {with_interval(gap)}; {cutoffs.gap:g} or more counts as a gap.",
    ]
    avoids, reason = avoids_truth(measures)
    reasons.append(reason)
    if measures.excess is not None and measures.excess.tested:
        reasons.append(_cases_reason(measures.excess))
    reasons += _doubts({"XAI-GT IoU": gt, "XAI-PM IoU": pm}, cutoffs)
    if rule == SPURIOUS and not avoids:
        name = SEGMENTATION_ERROR
    return CohortVerdict(name, rule, _HEADLINES[name].format(cohort=cohort), tuple(reasons), printed)


def _doubts(intervals: Mapping[str, Interval], cutoffs: VerdictCutoffs) -> list[str]:
    """Where other cases of the same hospital might well have given another verdict."""
    if any(interval.low is None for interval in intervals.values()):
        return ["There are too few cases for an interval: the rule was applied to the means of these cases alone."]
    crossing = [
        name
        for name, interval in intervals.items()
        if interval.low is not None
        and interval.high is not None
        and level_words(interval.low, cutoffs) != level_words(interval.high, cutoffs)
    ]
    if not crossing:
        return []
    verb = "crosses" if len(crossing) == 1 else "cross"
    return [f"The interval of {' and of '.join(crossing)} {verb} a cut-off: the verdict could as well be the next one."]


def avoids_truth(measures: CohortMeasures) -> tuple[bool, str]:
    """Whether attention inside the prediction avoids its true part in the cohort as a whole, and the sentence."""
    if measures.excess is None:
        why = "without ground truth" if not measures.has_ground_truth else _other_threshold(measures)
        return False, f"In-PM excess alignment is not known {why}, so nothing shows that attention avoids the truth."
    found = measures.excess.log_in_pm_excess
    if found.estimate is None:
        return False, "In-PM excess alignment cannot be computed in any case."
    over = f"(geometric mean over {counted(found.count, 'case')})"
    value = f"In-PM excess alignment {with_interval(exponential(found))} {over}"
    nothing_shows = "nothing shows that attention avoids the truth"
    if found.high is None or found.low is None:
        return False, f"{value} cannot be tested: at least {CASES_FOR_INTERVAL} cases are needed; {nothing_shows}."
    if found.high < 0:
        return True, f"{value} is significantly under 1: attention avoids the true part of the prediction."
    if found.low > 0:
        return False, f"{value} is significantly above 1: inside the prediction, attention prefers its true part."
    return False, f"{value} is not significantly under 1: {nothing_shows}."


def with_interval(interval: Interval, digits: int = 3) -> str:
    """``0.412 (95 % interval 0.380 to 0.440)``, or the values where there are too few cases for an interval."""
    if interval.estimate is None:
        return "n/a"
    text = f"{interval.estimate:.{digits}f}"
    if interval.low is not None and interval.high is not None:
        few = ", few cases" if interval.few_cases else ""
        return f"{text} (95 % interval {interval.low:.{digits}f} to {interval.high:.{digits}f}{few})"
    if interval.count > 1 and interval.values:
        return (
            f"{text} (no interval with {interval.count} cases: {', '.join(f'{v:.{digits}f}' for v in interval.values)})"
        )
    return f"{text} (one case)" if interval.count == 1 else f"{text} (no interval)"


def counted(number: int, noun: str) -> str:
    """``1 case``, ``7 cases``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _cases_reason(excess: ExcessSummary) -> str:
    return (
        f"Case by case, attention significantly avoids the true part of the prediction in {excess.under_one} of "
        f"{counted(excess.tested, 'case')} that could be tested."
    )


def _other_threshold(measures: CohortMeasures) -> str:
    return f"at {measures.threshold:g} (the cases were measured at {measures.results.threshold:g})"


def _why_not(measures: CohortMeasures) -> str:
    if not measures.has_ground_truth:
        return "There is no ground truth to compare attention with."
    if measures.method is None:
        return "No case has an attention map."
    return "No case has both a ground truth and an attention map."
