from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest

from UMambaXAILogic.engine.alignment.segments import (
    UNASSIGNED,
    cut_skeleton,
    permutation_test,
    vessel_segments,
)

ISOTROPIC = (1.0, 1.0, 1.0)


def line(length: int, start: int = 0, row: int = 0) -> np.ndarray:
    return np.array([(0, row, start + step) for step in range(length)])


def test_a_line_is_cut_into_pieces_of_at_least_five_millimetres():
    labels = cut_skeleton(line(61), ISOTROPIC, 5.0)
    sizes = np.bincount(labels)
    assert len(sizes) == 10
    assert sizes.min() >= 6  # 6 voxels span 5 mm
    changes = np.count_nonzero(np.diff(labels))
    assert changes == len(sizes) - 1  # every piece is connected


def test_spacing_counts():
    assert len(set(cut_skeleton(line(61), (1.0, 1.0, 0.5), 5.0))) == 5


def test_a_part_too_short_has_no_segment():
    points = np.concatenate([line(5), line(20, row=10)])
    labels = cut_skeleton(points, ISOTROPIC, 5.0)
    assert set(labels[:5]) == {UNASSIGNED}
    assert UNASSIGNED not in labels[5:]


def test_branches_and_loops_leave_no_voxel_out():
    angles = np.linspace(0, 2 * np.pi, 400)
    ring = np.unique(np.round(np.column_stack([0 * angles, 15 * np.sin(angles), 15 * np.cos(angles)])), axis=0)
    spoke = line(30, start=16)
    labels = cut_skeleton(np.concatenate([ring, spoke]).astype(int), ISOTROPIC, 5.0)
    assert labels.min() == 0 and set(labels) == set(range(labels.max() + 1))
    assert labels.max() + 1 >= 12


def test_specks_join_the_nearest_segment():
    mask = np.zeros((5, 30, 60), bool)
    mask[1:4, 4:7, 2:58] = True
    mask[2, 20, 50] = True  # a speck
    voxels, labels = vessel_segments(mask, ISOTROPIC)
    assert labels.min() == 0
    at = {tuple(point): label for point, label in zip(np.column_stack(voxels), labels, strict=True)}
    assert at[2, 20, 50] == at[2, 5, 50]


def test_an_empty_mask_and_a_speck_have_no_segments():
    assert vessel_segments(np.zeros((3, 3, 3), bool), ISOTROPIC)[1].size == 0
    speck = np.zeros((3, 3, 3), bool)
    speck[1, 1, 1] = True
    assert list(vessel_segments(speck, ISOTROPIC)[1]) == [UNASSIGNED]


def test_fewer_than_eight_segments_are_not_tested():
    seven = np.full(7, 10)
    result = permutation_test(seven, seven // 2, seven // 2)
    assert result.p_value is None and "7 vessel segments" in result.reason


def test_attention_that_avoids_the_truth_is_significant_and_the_reverse_is_not():
    voxels = np.full(20, 100)
    true = np.repeat([100, 0], 10)
    avoiding, following = np.repeat([5, 80], 10), np.repeat([80, 5], 10)
    assert permutation_test(voxels, avoiding, true).p_value == pytest.approx(0.001)
    assert permutation_test(voxels, avoiding, true).observed == pytest.approx((5 / 85) / 0.5)
    assert permutation_test(voxels, following, true).p_value == pytest.approx(1.0)


def test_equal_attention_everywhere_says_nothing():
    voxels = np.arange(30, 50)
    result = permutation_test(voxels, voxels, voxels // 2)
    assert result.observed == pytest.approx(1.0) and result.p_value == 1.0


def test_the_same_seed_gives_the_same_p_value():
    random = np.random.default_rng(3)
    voxels = random.integers(50, 150, 15)
    attended, true = (voxels * random.random(15)).astype(int), (voxels * random.random(15)).astype(int)
    first, again = (permutation_test(voxels, attended, true, seed=7) for _ in range(2))
    assert first == again


def test_p_values_are_uniform_when_attention_ignores_the_truth():
    """Whole segments are attended or not, and true or not, independently; a voxel test fails here."""
    random = np.random.default_rng(11)
    p_values = []
    for trial in range(400):
        voxels = random.integers(40, 120, 24)
        true = (voxels * random.beta(0.5, 0.5, 24)).astype(int)
        attended = (voxels * random.beta(0.5, 0.5, 24)).astype(int)
        p_values.append(permutation_test(voxels, attended, true, seed=trial).p_value)
    assert kstest(p_values, "uniform").pvalue > 0.01
    assert np.mean(np.array(p_values) <= 0.05) < 0.085  # 3 standard errors above the nominal 0.05
