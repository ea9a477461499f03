"""The numbers of two maps against numpy's and scipy's, and cases with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from UMambaXAILogic.scene.comparison import agreement as module
from UMambaXAILogic.scene.comparison.agreement import agreement_in_pieces, pearson, spearman
from UMambaXAILogic.scene.stepwise import do_all


@pytest.fixture
def maps():
    """Two correlated maps with many equal values, a prediction and a ground truth."""
    random = np.random.default_rng(5)
    first = np.round(random.random((7, 9, 11)), 2).astype(np.float32)
    second = np.clip(np.round(0.6 * first + 0.4 * random.random(first.shape), 2), 0, 1).astype(np.float32)
    return first, second, random.random(first.shape) < 0.3, random.random(first.shape) < 0.2


def test_all_numbers_are_those_of_numpy_and_scipy(maps):
    first, second, prediction, truth = maps
    found = do_all(agreement_in_pieces(first, second, 0.6, prediction, truth))
    either = (first >= 0.6) | (second >= 0.6)
    both = (first >= 0.6) & (second >= 0.6)
    assert found.pearson == pytest.approx(np.corrcoef(first.ravel(), second.ravel())[0, 1], abs=1e-6)
    assert found.pearson_in_prediction == pytest.approx(
        stats.pearsonr(first[prediction].astype(float), second[prediction].astype(float))[0], abs=1e-6
    )
    assert found.pearson_in_truth == pytest.approx(
        stats.pearsonr(first[truth].astype(float), second[truth].astype(float))[0], abs=1e-6
    )
    assert found.spearman == pytest.approx(stats.spearmanr(first[either], second[either])[0], abs=1e-9)
    assert found.iou == pytest.approx(both.sum() / either.sum())
    assert found.mean_absolute_difference == pytest.approx(np.abs(first - second)[either].mean(), abs=1e-6)
    assert (found.voxels, found.prediction_voxels, found.truth_voxels) == (first.size, prediction.sum(), truth.sum())
    assert (found.high_voxels_both, found.high_voxels_either) == (both.sum(), either.sum())
    assert found.high_voxels_a + found.high_voxels_b == both.sum() + either.sum()


def test_in_pieces_it_is_the_same(maps, monkeypatch):
    whole = do_all(agreement_in_pieces(*maps[:2], 0.6, *maps[2:]))
    monkeypatch.setattr(module, "_PIECE_VOXELS", 100)
    steps, pieces = agreement_in_pieces(*maps[:2], 0.6, *maps[2:]), 0
    try:
        while True:
            next(steps)
            pieces += 1
    except StopIteration as end:
        assert end.value.pearson == pytest.approx(whole.pearson, abs=1e-12)
    assert pieces > 7


def test_alike_opposed_and_monotone_maps(maps):
    first = maps[0]
    same = do_all(agreement_in_pieces(first, first.copy(), 0.5, maps[2], None))
    assert (same.pearson, same.spearman, same.iou, same.mean_absolute_difference) == (1.0, 1.0, 1.0, 0.0)
    assert same.pearson_in_truth is None and same.truth_voxels is None
    opposed = do_all(agreement_in_pieces(first, 1 - first, 0.5, maps[2], None))
    assert opposed.pearson == pytest.approx(-1.0) and opposed.spearman == pytest.approx(-1.0)
    powered = do_all(agreement_in_pieces(first, first**3, 0.5, maps[2], None))
    assert powered.spearman == pytest.approx(1.0) and powered.pearson < 0.99


def test_what_cannot_be_computed_is_none(maps):
    first = maps[0]
    nothing = np.zeros_like(first)
    flat = do_all(agreement_in_pieces(nothing, first, 0.5, np.zeros(first.shape, bool), None))
    assert flat.pearson is flat.pearson_in_prediction is flat.spearman is None
    assert flat.iou == 0.0
    low = do_all(agreement_in_pieces(nothing, nothing, 0.5, maps[2], None))
    assert low.iou is low.mean_absolute_difference is low.spearman is None


values = st.lists(st.integers(0, 5), min_size=3, max_size=30)


@settings(max_examples=60, deadline=None)
@given(values, st.randoms(use_true_random=False))
def test_ranks_with_ties_are_those_of_scipy(numbers, random):
    first = np.array(numbers, float)
    second = first.copy()
    random.shuffle(second)
    if len(set(numbers)) == 1:
        assert spearman(first, second) is None
    else:
        assert spearman(first, second) == pytest.approx(stats.spearmanr(first, second)[0], abs=1e-12)


def test_a_small_variation_far_from_zero_is_not_lost():
    random = np.random.default_rng(1)
    first = 1e6 + random.random(2000)
    second = 1e6 - (first - 1e6)
    assert pearson(first, second) == pytest.approx(-1.0, abs=1e-6)
