"""One pass and a second look give what numpy gives from all values at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from UMambaXAILogic.engine.domain import HOUNSFIELD, PERCENTILES, SIGNED_OCTAVES, Histogram
from UMambaXAILogic.engine.domain.value_counts import Percentiles, ValueCounts, from_sortable, sortable

finite = st.floats(-1e6, 1e6, allow_nan=False, width=32)
whole = st.integers(-2000, 4000).map(float)
#: Where negative values must fall into the bin that begins with them, and where zeros have a sign.
awkward = st.sampled_from([0.0, -0.0, 64.0, -64.0, -63.0, -1024.5, -1024.0, 3079.5, 599.5, -200.5, 1e-30, -1e-30])
values = arrays(np.float32, st.integers(1, 80), elements=st.one_of(finite, whole, awkward))


@given(values)
def test_keys_sort_as_values_do_and_lead_back(array):
    keys = sortable(array)
    order = np.argsort(keys, kind="stable")
    assert (np.diff(array[order]) >= 0).all()
    np.testing.assert_array_equal(from_sortable(keys), array)


@settings(max_examples=60)
@given(values, st.integers(1, 4))
def test_parts_give_the_figures_of_the_whole(array, parts):
    counts = ValueCounts((0.0, 80.0))
    pieces = np.array_split(array, parts)
    for piece in pieces:
        counts.add(piece)
    percentiles = Percentiles(counts.by_key, PERCENTILES)
    for piece in pieces:
        percentiles.add(piece)
    exact = array.astype(np.float64)
    assert counts.extremes == (exact.min(), exact.max())
    assert counts.moments.count == exact.size
    assert counts.moments.mean == pytest.approx(exact.mean(), abs=1e-6)
    assert counts.moments.std == pytest.approx(exact.std(), abs=1e-3)
    window = exact[(exact >= 0) & (exact <= 80)]
    assert counts.in_window.count == window.size
    if window.size:
        assert counts.in_window.mean == pytest.approx(window.mean(), abs=1e-9)
        assert counts.in_window.std == pytest.approx(window.std(), abs=1e-6)
    for share, value in percentiles.result().items():
        assert value == pytest.approx(np.percentile(exact, share), rel=1e-12, abs=1e-9)
    for bins in (HOUNSFIELD, SIGNED_OCTAVES):
        found, expected = counts.histogram(bins), Histogram.of(exact, bins)
        np.testing.assert_array_equal(found.counts, expected.counts)
        assert (found.below, found.above) == (expected.below, expected.above)


def test_without_a_window_there_are_no_figures_of_one():
    counts = ValueCounts(None)
    counts.add(np.arange(5, dtype=np.float32))
    assert counts.in_window is None and counts.moments.count == 5
