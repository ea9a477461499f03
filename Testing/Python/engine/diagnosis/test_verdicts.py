"""What one cohort and a pair are said to show, and that nothing is said that few cases cannot show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from UMambaXAILogic.engine.diagnosis.cohort_measures import CASE_QUANTITIES
from UMambaXAILogic.engine.diagnosis.cohort_verdict import judge_cohort, with_interval
from UMambaXAILogic.engine.diagnosis.excess import summarise_excess
from UMambaXAILogic.engine.diagnosis.pair_verdict import judge_pair
from UMambaXAILogic.engine.request import VerdictCutoffs
from UMambaXAILogic.engine.statistics import compare_groups, mean_interval

CUTOFFS = VerdictCutoffs()
SPREAD = (-0.02, -0.01, 0.0, 0.01, 0.02, 0.0, 0.01)


@dataclass
class Cohort:
    """Stands in for measures whose case values are chosen."""

    xai_gt: list[float | None]
    xai_pm: list[float | None]
    in_pm: list[float | None] | None
    p_values: list[float | None] | None = None
    threshold: float = 0.3
    seed: int = 0
    has_ground_truth: bool = True
    method: str | None = "seg-xres-cam"
    results = SimpleNamespace(threshold=0.2)

    def values(self, quantity):
        return {"xai_gt_iou": self.xai_gt, "xai_pm_iou": self.xai_pm}[quantity]

    @property
    def excess(self):
        if self.in_pm is None:
            return None
        p_values = self.p_values or [None] * len(self.in_pm)
        cases = [
            {"excess": None, "in_pm_excess": value, "p_value": p, "attention_voxels": 100, "xai_pm_overlap_voxels": 50,
             "excess_expected": 0.5, "excess_p": 0.5}
            for value, p in zip(self.in_pm, p_values, strict=True)
        ]  # fmt: skip
        return summarise_excess(cases, 0)


def cohort(gt: float, pm: float, in_pm: float | None, cases: int = 7, **options) -> Cohort:
    def around(level):
        return [level + SPREAD[index % 7] for index in range(cases)]

    return Cohort(around(gt), around(pm), None if in_pm is None else around(in_pm), **options)


@pytest.mark.parametrize(
    ("gt", "pm", "in_pm", "name", "rule"),
    [
        (0.5, 0.5, 1.0, "anatomically_faithful", "anatomically_faithful"),
        (0.1, 0.1, 1.0, "diffuse_attention", "diffuse_attention"),
        (0.1, 0.5, 0.6, "spurious_correlation", "spurious_correlation"),
        (0.1, 0.5, 1.0, "low_xai_gt_from_segmentation_error", "spurious_correlation"),
        (0.1, 0.5, 1.4, "low_xai_gt_from_segmentation_error", "spurious_correlation"),
        (0.1, 0.5, None, "low_xai_gt_from_segmentation_error", "spurious_correlation"),
        (0.3, 0.5, 0.6, "inconclusive", "inconclusive"),
    ],
)
def test_spurious_needs_attention_that_avoids_the_truth_significantly(gt, pm, in_pm, name, rule):
    verdict = judge_cohort(cohort(gt, pm, in_pm), "the source cohort", CUTOFFS)
    assert (verdict.name, verdict.paper_rule) == (name, rule)
    assert verdict.headline.startswith("In the source cohort ")
    assert verdict.cutoffs == {"high": 0.4, "low": 0.2, "gap": 0.1, "threshold": 0.3, "significance": 0.05}
    assert f"{gt:.3f}"[:4] in verdict.reasons[0] and "mean over 7 cases" in verdict.reasons[0]


def test_at_another_threshold_than_the_cohorts_own_excess_is_not_known():
    verdict = judge_cohort(cohort(0.1, 0.5, None), "it", CUTOFFS)
    assert "not known at 0.3 (the cases were measured at 0.2)" in verdict.reasons[3]


@pytest.mark.parametrize(("cases", "name"), [(5, "low_xai_gt_from_segmentation_error"), (6, "spurious_correlation")])
def test_with_fewer_than_six_cases_spurious_cannot_be_said(cases, name):
    verdict = judge_cohort(cohort(0.1, 0.5, 0.6, cases), "the target cohort", CUTOFFS)
    assert verdict.name == name and verdict.paper_rule == "spurious_correlation"
    if cases == 5:
        assert "at least 6 cases are needed" in verdict.reasons[3] and "no interval with 5 cases" in verdict.reasons[0]


def test_a_wide_spread_of_excess_shows_nothing():
    verdict = judge_cohort(Cohort([0.1] * 7, [0.5] * 7, [0.3, 0.5, 2.0, 1.5, 0.4, 1.2, 0.8]), "it", CUTOFFS)
    assert verdict.name == "low_xai_gt_from_segmentation_error"
    assert "is not significantly under 1" in verdict.reasons[3]


def test_cases_that_are_significant_by_themselves_are_counted():
    one = cohort(0.1, 0.5, 0.6)
    one.p_values = [0.01, 0.2, 0.04, None, None, 0.3, 0.5]
    assert "in 2 of 5 cases" in judge_cohort(one, "it", CUTOFFS).reasons[4]


@pytest.mark.parametrize(
    ("xai_gt", "says"),
    [
        ([0.5] * 7, None),
        ([0.5] * 5, "too few cases for an interval"),
        ([0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], "The interval of XAI-GT IoU crosses a cut-off"),
    ],
)
def test_a_verdict_that_other_cases_might_change_says_so(xai_gt, says):
    count = len(xai_gt)
    reasons = judge_cohort(Cohort(xai_gt, [0.6] * count, [1.0] * count), "it", CUTOFFS).reasons
    doubts = [reason for reason in reasons if "cut-off:" in reason or "too few cases for" in reason]
    assert [says in doubt for doubt in doubts] == ([] if says is None else [True])


def test_only_cases_with_both_references_count():
    one = Cohort([0.5, None, 0.5], [0.5, 0.0, 0.5], [1.0, 1.0, 1.0])
    verdict = judge_cohort(one, "it", CUTOFFS)
    assert verdict.name == "anatomically_faithful" and "mean over 2 cases" in verdict.reasons[1]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"has_ground_truth": False}, "no ground truth to compare"),
        ({"method": None}, "No case has an attention map"),
        ({}, "both a ground truth and an attention map"),
    ],
)
def test_without_numbers_there_is_no_verdict(change, says):
    verdict = judge_cohort(Cohort([None], [None], None, **change), "the target cohort", CUTOFFS)
    assert verdict.name == verdict.paper_rule == "not_available"
    assert says in verdict.headline and verdict.headline.startswith("For the target cohort there is no verdict.")


def pair(dice, xai_gt, log_excess, cases=8, log_in_pm=None, xai_pm=0.0):
    """Verdict on a pair of cohorts with these differences of means (None: unknown in the target)."""

    def compared(difference):
        source = [0.5 + SPREAD[index % 7] for index in range(cases)]
        target = [None if difference is None else value + difference for value in source]
        return compare_groups(source, target)

    found = dict.fromkeys(CASE_QUANTITIES, compared(0.0))
    found |= {"dice": compared(dice), "xai_gt_iou": compared(xai_gt), "log_excess": compared(log_excess)}
    found |= {"log_in_pm_excess": compared(log_in_pm), "xai_pm_iou": compared(xai_pm)}
    sides = [judge_cohort(cohort(0.5, 0.5, 1.0), side, CUTOFFS) for side in ("a", "b")]
    return judge_pair(found, *sides, CUTOFFS, 0.3)


@pytest.mark.parametrize(
    ("dice", "xai_gt", "log_excess", "cases", "name", "says"),
    [
        (-0.3, -0.3, -0.5, 8, "drop_beyond_segmentation", "segments the target cohort worse"),
        (-0.3, -0.3, 0.0, 8, "drop_not_beyond_segmentation", "not shown to be more than the segmentation explains"),
        (-0.3, -0.3, 0.5, 8, "drop_not_beyond_segmentation", "(mean Dice 0.20, source 0.50)"),
        (0.3, -0.3, -0.5, 8, "drop_beyond_segmentation", "segments the target cohort better"),
        (0.0, -0.3, -0.5, 8, "drop_beyond_segmentation", "not shown to segment the target cohort worse or better"),
        (-0.3, 0.0, -0.5, 8, "no_drop", "not shown to meet fewer true vessels"),
        (-0.3, 0.3, -0.5, 8, "no_drop", "not shown to meet fewer true vessels"),
        (-0.3, -0.3, None, 8, "drop_not_attributable", "cannot be decided from these cases"),
        (-0.3, -0.3, -0.5, 5, "not_available", "Too few cases to compare the cohorts' attention: 5 on the"),
        (-0.3, None, -0.5, 8, "not_available", "The cohorts' attention cannot be compared"),
        (None, -0.3, -0.5, 8, "drop_beyond_segmentation", "Its attention meets fewer true vessels there, and by more"),
    ],
)  # fmt: skip
def test_a_drop_is_beyond_the_segmentation_only_where_excess_drops_too(dice, xai_gt, log_excess, cases, name, says):
    verdict = pair(dice, xai_gt, log_excess, cases)
    assert verdict.name == name
    assert says in verdict.headline
    assert verdict.to_json()["question"].endswith("?")


@pytest.mark.parametrize(("xai_pm", "said"), [(-0.2, True), (0.0, False), (0.2, False)])
def test_attention_that_leaves_the_prediction_too_is_not_put_down_to_the_segmentation(xai_pm, said):
    """XAI-GT IoU also falls where less of a mask is attended; excess, a ratio of precisions, does not see that."""
    verdict = pair(-0.3, -0.3, 0.0, xai_pm=xai_pm)
    assert verdict.name == "drop_not_beyond_segmentation"
    assert ("agrees less with the network's own segmentation" in verdict.headline) == said
    assert "attention follows" not in verdict.headline


def test_reasons_have_the_numbers_and_the_test():
    verdict = pair(-0.3, -0.2, -0.5)
    assert verdict.reasons[0].startswith("Dice: source 0.499, target 0.199, difference -0.300 (95 % interval ")
    assert "permutation test of Welch's t, two-sided, unpaired" in verdict.reasons[0]
    assert verdict.reasons[-1] == "Not known in both cohorts: Log in-PM excess alignment."


def test_intervals_are_told_with_their_warnings():
    assert with_interval(mean_interval([])) == "n/a"
    assert with_interval(mean_interval([0.5])) == "0.500 (one case)"
    assert with_interval(mean_interval([0.5, 0.7])) == "0.600 (no interval with 2 cases: 0.500, 0.700)"
    assert with_interval(mean_interval([0.5, 0.6] * 3)).endswith(", few cases)")
    assert "few cases" not in with_interval(mean_interval([0.5, 0.6] * 6))
    assert math.isclose(mean_interval([0.5, 0.6] * 6).estimate, 0.55)
