"""Moments of parts merge into those of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.engine.domain import Moments

numbers = st.lists(st.floats(-1e4, 1e4, allow_nan=False), max_size=30)


@given(st.lists(numbers, min_size=1, max_size=5))
def test_merging_parts_is_measuring_the_whole(parts):
    whole = np.concatenate([np.asarray(part, float) for part in parts])
    merged, expected = Moments.merged(Moments.of(part) for part in parts), Moments.of(whole)
    assert merged.count == expected.count
    if whole.size:
        assert merged.mean == pytest.approx(whole.mean(), abs=1e-8)
        assert merged.std == pytest.approx(whole.std(), abs=1e-6)
    else:
        assert (merged.mean, merged.std) == (None, None)


def test_sums_about_a_near_origin_keep_a_small_spread_on_a_large_mean():
    values = 1e6 + np.array([0.0, 1e-3, 2e-3])
    offsets = values - 1e6
    found = Moments.from_sums(3, offsets.sum(), (offsets**2).sum(), 1e6)
    assert found.mean == pytest.approx(values.mean(), abs=1e-9)
    assert found.std == pytest.approx(offsets.std(), rel=1e-6)
    assert Moments.from_sums(0, 0.0, 0.0) == Moments(0, None, None)
