"""Excess alignment of cohorts, from cases whose excess is known."""

from __future__ import annotations

import math

import pytest

from UMambaXAILogic.engine.diagnosis.excess import exponential, log_excess, log_in_pm_excess, summarise_excess
from UMambaXAILogic.engine.statistics import mean_interval


def case(excess=None, in_pm=None, p_value=None, attended=100, inside=50, expected=0.4, p=0.5):
    return {
        "excess": excess,
        "in_pm_excess": in_pm,
        "p_value": p_value,
        "attention_voxels": attended,
        "xai_pm_overlap_voxels": inside,
        "excess_expected": expected,
        "excess_p": p,
    }


def test_the_geometric_mean_is_that_of_the_cases():
    values = [0.5, 1.0, 2.0, 0.25, 1.5, 0.8]
    found = summarise_excess([case(excess=value, in_pm=value / 2) for value in values], seed=0)
    assert exponential(found.log_excess).estimate == pytest.approx(math.prod(values) ** (1 / 6))
    assert found.log_in_pm_excess.estimate == pytest.approx(found.log_excess.estimate - math.log(2))
    assert found.log_excess == mean_interval([math.log(value) for value in values])
    limits = exponential(found.log_excess)
    assert limits.low == pytest.approx(math.exp(found.log_excess.low)) and limits.low < limits.estimate < limits.high


def test_no_true_attention_counts_with_half_a_voxel_and_is_not_left_out():
    # Of 100 attended voxels 40 were expected to be true: half a voxel is 0.5 / 100 / 0.4.
    assert log_excess(case(excess=0.0)) == pytest.approx(math.log(0.0125))
    assert log_in_pm_excess(case(in_pm=0.0)) == pytest.approx(math.log(0.5 / 50 / 0.5))
    found = summarise_excess([case(excess=0.0, in_pm=0.5), case(excess=1.0, in_pm=0.0)], seed=0)
    assert found.halved == (1, 1) and found.log_excess.count == 2


def test_what_cannot_be_computed_is_left_out():
    assert log_excess(case()) is None and log_in_pm_excess(case()) is None
    found = summarise_excess([case(), case(excess=2.0)], seed=0)
    assert found.log_excess.count == 1 and found.log_in_pm_excess.estimate is None
    assert found.to_json()["significant_share"] is None


def test_only_small_p_values_under_one_are_significant():
    cases = [
        case(in_pm=0.7, p_value=0.05),
        case(in_pm=0.7, p_value=0.051),
        case(in_pm=1.3, p_value=0.01),
        case(in_pm=0.7),
    ]
    found = summarise_excess(cases, seed=0)
    assert (found.tested, found.under_one) == (3, 1)
    assert found.to_json()["significant_share"] == pytest.approx(1 / 3)


def test_values_of_few_cases_are_told_on_the_same_scale():
    found = exponential(mean_interval([math.log(0.5), math.log(2.0)]))
    assert found.values == pytest.approx((0.5, 2.0)) and found.estimate == pytest.approx(1.0)
