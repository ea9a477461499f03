"""Which voxels a map puts first."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.benchmark.ranked_voxels import first_of, ranked_voxels


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.integers(0, 60), st.integers(0, 9))
def test_the_first_are_the_greatest_and_each_comes_once(values, count, seed):
    array = np.array(values, np.float32)
    count = min(count, array.size)
    ranked = ranked_voxels(array, count, seed)
    assert len(set(ranked.tolist())) == count
    assert sorted(array[ranked].tolist()) == sorted(array.tolist())[array.size - count :]
    assert np.all(np.diff(array[ranked]) <= 0)


def test_equal_voxels_come_in_an_order_of_chance_that_the_seed_fixes():
    values = np.zeros((4, 5, 6), np.float32)
    assert np.array_equal(ranked_voxels(values, 30, 1), ranked_voxels(values, 30, 1))
    assert not np.array_equal(ranked_voxels(values, 30, 1), ranked_voxels(values, 30, 2))
    assert np.ptp(ranked_voxels(values, 30, 1)) > 60  # not the first in storage order


def test_fewer_voxels_are_a_part_of_more():
    ranked = ranked_voxels(np.random.default_rng(0).random((3, 4, 5)), 20, 0)
    few, many = first_of(ranked, 5, (3, 4, 5)), first_of(ranked, 20, (3, 4, 5))
    assert few.sum() == 5 and many.sum() == 20 and (many | few == many).all()
