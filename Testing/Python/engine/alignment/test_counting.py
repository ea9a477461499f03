from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from UMambaXAILogic.engine.alignment.counting import count_attention, count_segmentation

SHAPE = (3, 4, 5)
FLAGS = hnp.arrays(bool, SHAPE)
THRESHOLDS = st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4, 0.7, 0.9, 1.0]), min_size=1, max_size=5)
#: Values on both sides of thresholds, and on them, are as frequent as any other.
VALUES = st.one_of(
    st.floats(0, 1, width=32),
    st.sampled_from([np.float32(t) for t in (0.2, 0.3, 0.4, 0.7, 1.0)]).map(float),
    st.sampled_from([np.nextafter(np.float32(t), np.float32(0)) for t in (0.2, 0.3, 0.4, 0.7)]).map(float),
)
MAPS = hnp.arrays(np.float32, SHAPE, elements=VALUES)


@settings(max_examples=150, deadline=None)
@given(MAPS, FLAGS, FLAGS, FLAGS, THRESHOLDS, st.sampled_from([0, 1, 2]))
def test_one_pass_equals_a_comparison_per_threshold_and_slice(attention, gt, pm, region, thresholds, axis):
    counts = count_attention(attention, gt, pm, region, thresholds, axis)
    assert counts.thresholds == tuple(sorted(set(thresholds)))
    others = tuple(other for other in range(3) if other != axis)
    for column, threshold in enumerate(counts.thresholds):
        chosen = (attention >= threshold) & region  # as a user compares the float32 file
        np.testing.assert_array_equal(counts.attention[:, column], chosen.sum(axis=others))
        np.testing.assert_array_equal(counts.with_pm[:, column], (chosen & pm).sum(axis=others))
        np.testing.assert_array_equal(counts.with_gt[:, column], (chosen & gt).sum(axis=others))
        np.testing.assert_array_equal(counts.with_both[:, column], (chosen & gt & pm).sum(axis=others))


@settings(max_examples=50, deadline=None)
@given(FLAGS, FLAGS, st.one_of(st.none(), FLAGS), st.sampled_from([0, 1, 2]))
def test_segmentation_counts_equal_brute_force(pm, gt, region, axis):
    inside = np.ones(SHAPE, bool) if region is None else region
    others = tuple(other for other in range(3) if other != axis)
    counts = count_segmentation(pm, gt, region, axis)
    np.testing.assert_array_equal(counts.region, inside.sum(axis=others))
    np.testing.assert_array_equal(counts.pm, (pm & inside).sum(axis=others))
    np.testing.assert_array_equal(counts.gt, (gt & inside).sum(axis=others))
    np.testing.assert_array_equal(counts.overlap, (gt & pm & inside).sum(axis=others))


@pytest.mark.parametrize("threshold", [0.2, 0.3, 0.4])
def test_default_thresholds_give_the_same_set_in_float32_and_in_float64(threshold):
    edge = np.float32(threshold)
    attention = np.array([np.nextafter(edge, np.float32(0)), edge, np.nextafter(edge, np.float32(1))], np.float32)
    nothing = np.zeros((1, 1, 3), bool)
    counts = count_attention(attention.reshape(1, 1, 3), None, nothing, None, [threshold])
    assert counts.attention[0, 0] == (attention.astype(np.float64) >= threshold).sum() == 2


def test_without_ground_truth_only_the_prediction_is_compared():
    flags = np.ones(SHAPE, bool)
    counts = count_attention(np.ones(SHAPE, np.float32), None, flags, None, [0.5])
    assert counts.with_gt is None and counts.with_both is None
    assert counts.with_pm.sum() == 60
    assert count_segmentation(flags).pooled() is None


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.01, 1.01])
def test_a_map_outside_zero_to_one_is_refused(value):
    attention = np.zeros(SHAPE, np.float32)
    attention[1, 2, 3] = value
    with pytest.raises(ValueError, match="slice 1"):
        count_attention(attention, None, np.zeros(SHAPE, bool), None, [0.3])


def test_wrong_types_and_grids_are_refused():
    pm = np.zeros(SHAPE, bool)
    with pytest.raises(ValueError, match="float64"):
        count_attention(np.zeros(SHAPE), None, pm, None, [0.3])
    with pytest.raises(ValueError, match="gt is uint8"):
        count_segmentation(pm, pm.astype(np.uint8))
    with pytest.raises(ValueError, match="region has shape"):
        count_segmentation(pm, None, pm[:2])
