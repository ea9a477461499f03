from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from UMambaXAILogic.engine.statistics import compare_groups, mean_interval
from UMambaXAILogic.engine.statistics.difference import PAIRED_TEST, UNPAIRED_TEST

VALUES = st.lists(st.one_of(st.none(), st.floats(-1e3, 1e3, allow_nan=False)), max_size=14)


def groups(sources, targets, shift=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, sources).tolist(), rng.normal(shift, 2, targets).tolist()


def test_the_difference_is_target_minus_source():
    result = compare_groups([1.0, 2.0], [5.0, 7.0])
    assert (result.source.estimate, result.target.estimate, result.difference.estimate) == (1.5, 6.0, 4.5)
    assert result.source.values == (1.0, 2.0) and result.target.values == (5.0, 7.0)


@pytest.mark.parametrize(
    ("sources", "targets", "method"), [(5, 30, "none"), (30, 6, "t"), (11, 12, "t"), (12, 12, "bca")]
)
def test_the_smaller_group_decides_which_interval(sources, targets, method):
    difference = compare_groups(*groups(sources, targets)).difference
    assert (difference.method, difference.count) == (method, min(sources, targets))
    assert difference.few_cases == (method != "bca")


def test_few_cases_get_welchs_interval():
    source, target = groups(9, 7)
    expected = stats.ttest_ind(target, source, equal_var=False).confidence_interval(0.95)
    difference = compare_groups(source, target).difference
    assert (difference.low, difference.high) == (pytest.approx(expected.low), pytest.approx(expected.high))


def test_many_cases_get_scipys_bca_interval_of_two_samples():
    rng = np.random.default_rng(2)
    source, target = rng.gamma(1, 1, 14), rng.gamma(2, 2, 25)

    def statistic(a, b, axis):
        return a.mean(axis=axis) - b.mean(axis=axis)

    expected = stats.bootstrap((target, source), statistic, n_resamples=9999, method="BCa").confidence_interval
    difference = compare_groups(source.tolist(), target.tolist()).difference
    tolerance = 0.06 * (expected.high - expected.low)  # Monte Carlo error of 2,000 resamples
    assert difference.low == pytest.approx(expected.low, abs=tolerance)
    assert difference.high == pytest.approx(expected.high, abs=tolerance)


def test_paired_groups_are_compared_by_their_differences():
    source, target = groups(8, 8)
    target[2] = None
    pairs = [(s, t) for s, t in zip(source, target, strict=True) if t is not None]
    result = compare_groups(source, target, paired=True)
    assert result.test == PAIRED_TEST and result.paired
    assert result.difference == mean_interval([t - s for s, t in pairs])
    assert result.source.count == result.target.count == 7
    expected = stats.permutation_test(
        ([t - s for s, t in pairs],), lambda x, axis: x.mean(axis=axis), permutation_type="samples", n_resamples=np.inf
    )
    assert result.exact and result.p_value == pytest.approx(expected.pvalue)


def test_unpaired_groups_are_tested_by_permuting_welchs_t():
    source, target = groups(5, 6)

    def statistic(a, b, axis):
        return np.abs(stats.ttest_ind(a, b, axis=axis, equal_var=False).statistic)

    expected = stats.permutation_test((target, source), statistic, n_resamples=np.inf, alternative="greater")
    result = compare_groups(source, target)
    assert result.test == UNPAIRED_TEST and not result.paired
    assert result.exact and result.arrangements == 462
    assert result.p_value == pytest.approx(expected.pvalue)


@pytest.mark.parametrize("paired", [False, True])
def test_random_arrangements_agree_with_the_t_test(paired):
    source, target = groups(40, 40, shift=0.6, seed=5)
    test = stats.ttest_rel(target, source) if paired else stats.ttest_ind(target, source, equal_var=False)
    result = compare_groups(source, target, paired=paired)
    assert not result.exact and result.arrangements == 10_000
    assert result.p_value == pytest.approx(test.pvalue, abs=0.02)
    assert result == compare_groups(source, target, paired=paired)


def test_the_test_keeps_its_level_where_spread_and_size_differ():
    rng = np.random.default_rng(11)
    found = sum(
        compare_groups(rng.normal(0, 1, 10).tolist(), rng.normal(0, 4, 6).tolist()).p_value <= 0.05 for _ in range(300)
    )
    assert found / 300 < 0.09  # the permuted plain difference of means finds a difference in about 0.16 of them


def test_the_smallest_p_value_of_four_against_four():
    assert compare_groups([1.0] * 4, [2.0] * 4).p_value == pytest.approx(2 / 70)
    assert compare_groups([1.0] * 4, [2.0] * 4, paired=True).p_value == pytest.approx(2 / 16)


@pytest.mark.parametrize("count", [4, 7, 20])
def test_equal_constants_do_not_differ(count):
    for paired in (False, True):
        result = compare_groups([0.1] * count, [0.1] * count, paired=paired)
        assert result.p_value == 1.0 and result.difference.estimate == 0.0
        assert result.difference.low in (None, 0.0) and result.difference.high in (None, 0.0)


def test_no_p_value_with_fewer_than_four_cases_on_a_side():
    source, target = groups(3, 20)
    result = compare_groups(source, target)
    assert result.p_value is None and result.arrangements is None
    assert "3 in the source" in result.p_value_missing_because and "target" not in result.p_value_missing_because
    assert compare_groups(*groups(4, 20)).p_value is not None


def test_an_empty_side_leaves_the_difference_open():
    result = compare_groups([], [1.0, None])
    assert result.difference.estimate is None and result.target.estimate == 1.0


def test_paired_groups_have_one_length():
    with pytest.raises(ValueError, match="2 and 1"):
        compare_groups([1.0, 2.0], [1.0], paired=True)


@given(VALUES, VALUES)
def test_exchanging_the_groups_turns_the_sign(source, target):
    forth, back = compare_groups(source, target), compare_groups(target, source)
    json.dumps(forth.to_json(), allow_nan=False)
    if forth.difference.estimate is not None:
        assert forth.difference.estimate == pytest.approx(-back.difference.estimate, abs=1e-9)
    if forth.p_value is not None:
        assert 0 < forth.p_value <= 1
        if forth.exact:
            assert forth.p_value == pytest.approx(back.p_value)
