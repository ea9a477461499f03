from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from UMambaXAILogic.engine.domain.sample_distances import sample_kolmogorov_smirnov, sample_wasserstein

SAMPLE = st.lists(st.floats(-100, 100, allow_nan=False), min_size=1, max_size=20)


@given(SAMPLE, SAMPLE)
def test_distances_are_scipys(first, second):
    assert sample_wasserstein(first, second) == pytest.approx(stats.wasserstein_distance(first, second), abs=1e-9)
    assert sample_kolmogorov_smirnov(first, second) == pytest.approx(stats.ks_2samp(first, second).statistic)


def test_single_cases():
    assert (sample_wasserstein([2.0], [5.0]), sample_kolmogorov_smirnov([2.0], [5.0])) == (3.0, 1.0)


@given(SAMPLE)
def test_a_sample_has_no_distance_to_itself(values):
    assert (sample_wasserstein(values, values[::-1]), sample_kolmogorov_smirnov(values, values[::-1])) == (0.0, 0.0)
