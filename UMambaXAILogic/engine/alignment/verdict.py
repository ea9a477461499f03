"""The diagnostic rule of the paper, and this project's stricter reading of it.

Names of verdicts are stable (metrics.json); ``VERDICT_TEXT`` says them in words.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ..request import VerdictCutoffs
from .excess import ExcessAlignment

FAITHFUL = "anatomically_faithful"
DIFFUSE = "diffuse_attention"
SPURIOUS = "spurious_correlation"
SEGMENTATION_ERROR = "low_xai_gt_from_segmentation_error"
INCONCLUSIVE = "inconclusive"
NOT_AVAILABLE = "not_available"

VERDICT_TEXT = {
    FAITHFUL: "Anatomically faithful: the network attends to the vessels",
    DIFFUSE: "Diffuse attention: it lies neither on the vessels nor on the prediction",
    SPURIOUS: "Spurious correlation: attention follows the prediction and avoids its true part",
    SEGMENTATION_ERROR: "Low XAI-GT, explained by the segmentation error",
    INCONCLUSIVE: "Inconclusive: between the cut-offs",
    NOT_AVAILABLE: "No verdict",
}

SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class Verdict:
    """A verdict with everything that it rests on.

    Args:
        name: this project's verdict.
        paper_rule: what the paper's rule alone says.
        reasons: sentences with the numbers.
        cutoffs: the settings that were applied.
    """

    name: str
    paper_rule: str
    reasons: tuple[str, ...]
    cutoffs: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Field ``verdict`` of metrics.json."""
        return {
            "name": self.name,
            "text": VERDICT_TEXT[self.name],
            "paper_rule": self.paper_rule,
            "reasons": list(self.reasons),
            "cutoffs": self.cutoffs,
        }


def printed_cutoffs(cutoffs: VerdictCutoffs, threshold: float) -> dict[str, float]:
    """The settings as they are printed with every verdict."""
    return {**asdict(cutoffs), "threshold": threshold, "significance": SIGNIFICANCE}


def no_verdict(reason: str, cutoffs: VerdictCutoffs, threshold: float) -> Verdict:
    """The verdict where one of its numbers cannot be computed."""
    return Verdict(NOT_AVAILABLE, NOT_AVAILABLE, (reason,), printed_cutoffs(cutoffs, threshold))


def paper_rule(xai_gt_iou: float, xai_pm_iou: float, cutoffs: VerdictCutoffs) -> str:
    """The rule as published, with cut-offs that the paper does not print (arXiv 2512.13977, diagnostic logic).

    Args:
        xai_gt_iou: IoU of attention with the ground truth at the reporting threshold.
        xai_pm_iou: IoU of attention with the prediction.
    """
    if xai_gt_iou >= cutoffs.high and xai_pm_iou >= cutoffs.high:
        return FAITHFUL
    if xai_gt_iou < cutoffs.low and xai_pm_iou < cutoffs.low:
        return DIFFUSE
    if xai_gt_iou < cutoffs.low and xai_pm_iou - xai_gt_iou >= cutoffs.gap:
        return SPURIOUS
    return INCONCLUSIVE


def judge(
    xai_gt_iou: float, xai_pm_iou: float, excess: ExcessAlignment | None, cutoffs: VerdictCutoffs, threshold: float
) -> Verdict:
    """The paper's rule, and "spurious" only where attention inside the prediction avoids the truth significantly.

    Args:
        xai_gt_iou: of the layer mean at the reporting threshold.
        xai_pm_iou: likewise.
        excess: excess alignment of the same map; None where it was not computed.
        threshold: the reporting threshold.
    """
    rule = paper_rule(xai_gt_iou, xai_pm_iou, cutoffs)
    at = f"at attention >= {threshold:g}"
    reasons = [
        f"XAI-GT IoU {xai_gt_iou:.3f} is {level_words(xai_gt_iou, cutoffs)} {at}.",
        f"XAI-PM IoU {xai_pm_iou:.3f} is {level_words(xai_pm_iou, cutoffs)} {at}.",
        f"Gap (XAI-PM - XAI-GT) {xai_pm_iou - xai_gt_iou:.3f}; {cutoffs.gap:g} or more counts as a gap.",
    ]
    name = rule
    if rule == SPURIOUS:
        significant, reason = _avoids_truth(excess)
        name = SPURIOUS if significant else SEGMENTATION_ERROR
        reasons.append(reason)
    return Verdict(name, rule, tuple(reasons), printed_cutoffs(cutoffs, threshold))


def level_words(iou: float, cutoffs: VerdictCutoffs) -> str:
    """``high (>= 0.4)``: which side of the cut-offs an IoU lies on."""
    if iou >= cutoffs.high:
        return f"high (>= {cutoffs.high:g})"
    return f"low (< {cutoffs.low:g})" if iou < cutoffs.low else f"moderate ({cutoffs.low:g} to {cutoffs.high:g})"


def _avoids_truth(excess: ExcessAlignment | None) -> tuple[bool, str]:
    if excess is None or excess.in_pm_excess is None:
        return False, "In-PM excess alignment cannot be computed, so nothing shows that attention avoids the truth."
    untested = "so nothing shows that attention avoids the truth"
    value = f"In-PM excess alignment {excess.in_pm_excess:.3f}"
    p_value = excess.test.p_value
    if p_value is None:
        return (
            False,
            f"{value} was not tested ({excess.test.reason}), {untested}.",
        )
    significant = p_value <= SIGNIFICANCE and excess.in_pm_excess < 1
    says = "is significantly under 1" if significant else "is not significantly under 1"
    of_segments = "" if excess.test.observed is None else f"{excess.test.observed:.3f} over "
    return (
        significant,
        f"{value} {says} (tested: {of_segments}{excess.test.segments} vessel segments, p = {p_value:.3f}).",
    )
