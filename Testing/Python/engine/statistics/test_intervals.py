from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from UMambaXAILogic.engine.statistics import mean_interval
from UMambaXAILogic.engine.statistics.bootstrap import acceleration, bca_limits, mean_of

FINITE = st.floats(-1e6, 1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("count", "method", "few_cases"), [(1, "none", True), (5, "none", True), (6, "t", True), (11, "t", True)]
)
def test_few_cases_follow_the_rule(count, method, few_cases):
    values = list(np.random.default_rng(count).normal(10, 2, count))
    interval = mean_interval(values)
    assert (interval.method, interval.few_cases, interval.count) == (method, few_cases, count)
    assert list(interval.values) == (values if method == "none" else [])
    assert (interval.low is None) == (method == "none")
    assert interval.estimate == pytest.approx(np.mean(values))


def test_twelve_cases_are_bootstrapped():
    interval = mean_interval(np.random.default_rng(0).normal(size=12).tolist())
    assert (interval.method, interval.few_cases, interval.values) == ("bca", False, ())


def test_t_interval_is_scipys():
    values = [3.0, 4.5, 2.0, 8.0, 5.5, 4.0, 7.0]
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    interval = mean_interval(values)
    assert (interval.low, interval.high) == (pytest.approx(expected.low), pytest.approx(expected.high))


@pytest.mark.parametrize("count", [12, 40])
def test_bca_interval_is_scipys(count):
    values = np.random.default_rng(count).gamma(1.5, 2.0, count)
    expected = stats.bootstrap((values,), np.mean, n_resamples=9999, method="BCa").confidence_interval
    interval = mean_interval(values.tolist())
    tolerance = 0.06 * (expected.high - expected.low)  # Monte Carlo error of 2,000 resamples
    assert interval.low == pytest.approx(expected.low, abs=tolerance)
    assert interval.high == pytest.approx(expected.high, abs=tolerance)


def test_bca_limits_of_given_resamples():
    resampled = np.random.default_rng(3).gamma(3, 1, 2000)
    below = np.mean(resampled < 2.5)
    bias, accelerated = stats.norm.ppf(below), 0.04
    levels = [
        stats.norm.cdf(bias + (bias + z) / (1 - accelerated * (bias + z))) for z in stats.norm.ppf([0.025, 0.975])
    ]
    expected = np.quantile(resampled, levels)
    assert bca_limits(2.5, resampled, accelerated, 0.95) == pytest.approx(tuple(expected))


def test_acceleration_is_that_of_the_jackknife():
    values = np.random.default_rng(4).gamma(2, 1, 15)
    jackknife = np.array([np.delete(values, index).mean() for index in range(15)])
    deviation = jackknife.mean() - jackknife
    expected = (deviation**3).sum() / (6 * (deviation**2).sum() ** 1.5)
    assert acceleration(values) == pytest.approx(expected)


def test_intervals_cover_the_true_mean_as_often_as_they_say():
    rng = np.random.default_rng(7)
    for count, nominal in ((8, 0.95), (15, 0.93)):  # BCa of few values is known to cover a little less
        covered = 0
        for _ in range(300):
            interval = mean_interval(rng.normal(3, 1, count).tolist(), seed=int(rng.integers(1 << 30)))
            covered += interval.low <= 3 <= interval.high
        assert abs(covered / 300 - nominal) < 0.045


@pytest.mark.parametrize("count", [7, 20])
def test_equal_values_have_an_interval_without_width(count):
    interval = mean_interval([0.1] * count)
    assert (interval.estimate, interval.low, interval.high) == (0.1, 0.1, 0.1)


def test_ties_and_outliers_stay_in_range():
    values = [0.0] * 11 + [1.0]
    interval = mean_interval(values)
    assert 0 <= interval.low < interval.estimate < interval.high <= 1


def test_cases_without_value_are_left_out():
    assert mean_interval([1.0, None, 3.0]) == mean_interval([1.0, 3.0])
    nothing = mean_interval([None, None])
    assert (nothing.estimate, nothing.low, nothing.count, nothing.method) == (None, None, 0, "none")


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_value_that_is_no_number_is_refused(bad):
    with pytest.raises(ValueError, match="NaN"):
        mean_interval([1.0, bad])


def test_the_seed_decides():
    values = np.random.default_rng(0).normal(size=14).tolist()
    assert mean_interval(values, seed=3) == mean_interval(values, seed=3)
    assert mean_interval(values, seed=3) != mean_interval(values, seed=4)


@given(st.lists(FINITE, max_size=30))
def test_any_values_give_ordered_limits_and_strict_json(values):
    interval = mean_interval(values)
    json.dumps(interval.to_json(), allow_nan=False)
    if interval.low is not None:
        tolerance = 1e-9 * max(map(abs, values))
        assert interval.low <= interval.high
        if interval.method == "bca":  # resampled means stay between the extremes
            assert min(values) - tolerance <= interval.low <= interval.high <= max(values) + tolerance


@given(st.lists(FINITE, min_size=1, max_size=30))
def test_mean_is_the_mean(values):
    assert mean_of(np.array(values)) == pytest.approx(np.mean(values), abs=1e-8 * max(map(abs, values)) + 1e-300)
