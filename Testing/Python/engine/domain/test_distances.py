"""Distances of histograms are those of the values they were made from, to the width of the bins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import ks_2samp, wasserstein_distance

from UMambaXAILogic.engine.domain import (
    DIAMETER,
    HOUNSFIELD,
    SIGNED_OCTAVES,
    Histogram,
    kolmogorov_smirnov,
    wasserstein,
)

samples = arrays(float, st.integers(1, 40), elements=st.floats(-150, 550, allow_nan=False))


@given(samples, samples)
def test_wasserstein_is_scipys_to_the_mean_bin_width(first, second):
    found = wasserstein(Histogram.of(first, HOUNSFIELD), Histogram.of(second, HOUNSFIELD))
    assert found == pytest.approx(wasserstein_distance(first, second), abs=1.0)  # half a bin on either side


@given(samples, samples, samples)
def test_wasserstein_is_a_distance(first, second, third):
    a, b, c = (Histogram.of(values, HOUNSFIELD) for values in (first, second, third))
    assert wasserstein(a, a) == 0
    assert wasserstein(a, b) == pytest.approx(wasserstein(b, a))
    assert wasserstein(a, c) <= wasserstein(a, b) + wasserstein(b, c) + 1e-9


def test_of_whole_numbers_both_are_exact():
    """A whole CT number is alone in its bin."""
    rng = np.random.default_rng(0)
    first, second = np.rint(rng.normal(40, 9, 700)), np.rint(rng.normal(52, 14, 500))
    a, b = Histogram.of(first, HOUNSFIELD), Histogram.of(second, HOUNSFIELD)
    assert kolmogorov_smirnov(a, b) == pytest.approx(ks_2samp(first, second).statistic)
    assert wasserstein(a, b) == pytest.approx(wasserstein_distance(first, second), abs=0.02)


def test_lines_that_cross_inside_a_bin_count_both_triangles():
    edge = DIAMETER.edges[100]
    narrow = Histogram.of([edge - 0.01, edge + 0.01], DIAMETER)
    left = Histogram.of([edge - 0.03, edge + 0.03], DIAMETER)
    # The distributions differ by 1/2 over one bin on either side, and cross in the middle.
    assert wasserstein(narrow, left) == pytest.approx(0.02)
    assert kolmogorov_smirnov(narrow, left) == pytest.approx(0.5)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
def test_a_shift_of_arbitrary_units_is_found_at_any_scale(scale):
    values = np.random.default_rng(1).gamma(4, 1, 4000)
    a, b = (Histogram.of(scale * values * factor, SIGNED_OCTAVES) for factor in (1.0, 1.5))
    assert wasserstein(a, b) == pytest.approx(0.5 * scale * values.mean(), rel=0.02)


@pytest.mark.parametrize("padding", [[-3024.0] * 200, [-2000.0] * 199 + [-32768.0], [-1500.0] * 100 + [9000.0] * 100])
def test_padding_and_stray_voxels_count_as_the_outermost_edge(padding):
    """One voxel of -32768 HU must not spread all padding over 30,000 HU."""
    rng = np.random.default_rng(3)
    tissue = np.rint(rng.normal(40, 9, 800))
    padded = np.concatenate([tissue, padding])
    a, b = Histogram.of(padded, HOUNSFIELD), Histogram.of(tissue, HOUNSFIELD)
    clipped = np.clip(padded, HOUNSFIELD.edges[0], HOUNSFIELD.edges[-1])
    assert wasserstein(a, b) == pytest.approx(wasserstein_distance(clipped, tissue), abs=0.1)
    assert kolmogorov_smirnov(a, b) == pytest.approx(ks_2samp(padded, tissue).statistic)
    assert wasserstein(a, a) == 0


def test_shares_decide_and_not_counts():
    few, many = Histogram.of([1.0, 2.0], DIAMETER), Histogram.of([1.0, 2.0] * 50, DIAMETER)
    assert wasserstein(few, many) == pytest.approx(0, abs=1e-12)
    assert kolmogorov_smirnov(few, many) == pytest.approx(0, abs=1e-12)


def test_nothing_has_no_distance_and_other_bins_are_a_mistake():
    some = Histogram.of([1.0], DIAMETER)
    assert wasserstein(some, Histogram.empty(DIAMETER)) is None
    assert kolmogorov_smirnov(Histogram.empty(DIAMETER), some) is None
    with pytest.raises(ValueError, match="cannot be compared"):
        wasserstein(some, Histogram.of([1.0], HOUNSFIELD))
