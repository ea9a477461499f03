"""Centreline Dice against an independent small implementation, and where its value is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from skimage.morphology import skeletonize

from UMambaXAILogic.engine.vessel_readout.centreline import centreline_of, skeleton_points
from UMambaXAILogic.engine.vessel_readout.cl_dice import ClDice, cl_dice

ISOTROPIC = (1.0, 1.0, 1.0)
MASKS = arrays(bool, (7, 8, 9), elements=st.booleans(), fill=st.just(False))


def measured(pm: np.ndarray, gt: np.ndarray, region: np.ndarray | None = None) -> ClDice:
    return cl_dice(pm, gt, centreline_of(pm, ISOTROPIC), centreline_of(gt, ISOTROPIC), region)


def winding(seed: int, steps: int = 120, width: int = 2) -> np.ndarray:
    random = np.random.default_rng(seed)
    track = np.cumsum(ndimage.gaussian_filter(random.normal(size=(steps, 3)), (8, 0)) * 4, axis=0) + 20
    mask = np.zeros((40, 40, 40), bool)
    mask[tuple(np.clip(np.rint(track), 4, 35).astype(int).T)] = True
    return ndimage.binary_dilation(mask, iterations=width)


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_its_definition_on_winding_vessels(seed):
    gt = winding(seed)
    pm = np.roll(gt, (seed, 1, 0), axis=(0, 1, 2)) | winding(seed + 10, 40)
    of_pm, of_gt = (skeletonize(mask, method="lee") > 0 for mask in (pm, gt))
    precision = (of_pm * gt).sum() / of_pm.sum()
    sensitivity = (of_gt * pm).sum() / of_gt.sum()
    found = measured(pm, gt)
    assert found.precision == pytest.approx(precision)
    assert found.sensitivity == pytest.approx(sensitivity)
    assert found.value == pytest.approx(2 / (1 / precision + 1 / sensitivity))
    assert 0 < found.value < 1


@settings(max_examples=60, deadline=None)
@given(MASKS)
def test_every_part_has_a_centreline_inside_it(mask):
    points, _ = skeleton_points(mask)
    parts, count = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    assert set(parts[tuple(points.T)]) == set(range(1, count + 1))


@settings(max_examples=40, deadline=None)
@given(MASKS)
def test_identical_masks_agree_and_complements_do_not(mask):
    mask = mask.copy()
    mask[0, 0, 0], mask[-1, -1, -1] = True, False
    assert measured(mask, mask).value == 1
    assert measured(mask, ~mask).value == 0


@settings(max_examples=40, deadline=None)
@given(MASKS, MASKS)
def test_swapping_the_masks_swaps_precision_and_sensitivity(one, other):
    there, back = measured(one, other), measured(other, one)
    assert (there.precision, there.sensitivity) == (back.sensitivity, back.precision)
    assert there.value == pytest.approx(back.value) if there.value is not None else back.value is None


def test_a_broken_vessel_costs_sensitivity_only():
    gt = np.zeros((9, 9, 41), bool)
    gt[3:6, 3:6, 1:40] = True
    pm = gt.copy()
    pm[:, :, 15:25] = False
    found = measured(pm, gt)
    assert found.precision == 1
    assert found.sensitivity == pytest.approx(27 / 37)  # 37 points; thinning takes one voxel off each end


def test_thickness_costs_nothing():
    thin, thick = np.zeros((2, 15, 15, 40), bool)
    thin[6:9, 6:9, 2:38] = True
    thick[4:11, 4:11, 2:38] = True
    assert measured(thin, thick).value == 1


def test_a_block_that_is_thinned_to_nothing_on_both_grids_is_its_deepest_voxel():
    block = np.ones((7, 8, 9), bool)
    block[6, 6, 2] = block[0, 0, 0] = False
    points, thinned_again = skeleton_points(block)
    assert (len(points), thinned_again) == (1, 1)
    assert (np.abs(points[0] - [3, 3.5, 4]) <= [0, 0.5, 1]).all()  # four voxels from every wall


@pytest.mark.parametrize("width", [2, 4, 6])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_rods_that_skimage_thins_to_nothing_keep_their_centreline(width, axis):
    rod = np.zeros((16, 16, 30), bool)
    rod[5 : 5 + width, 5 : 5 + width, 3:27] = True
    rod = np.moveaxis(rod, 2, axis)
    assert not skeletonize(rod, method="lee").any()
    points, thinned_again = skeleton_points(rod)
    assert thinned_again == 1
    across = np.delete(points, axis, axis=1)
    assert np.abs(across - (5 + (width - 1) / 2)).max() == 0.5  # one of the two middle voxels
    assert len(np.unique(points[:, axis])) >= 24 - width
    found = centreline_of(rod, ISOTROPIC)
    assert found.lengths_mm.sum() == pytest.approx(24 - width, abs=1.5)
    assert measured(rod, rod).value == 1


def test_without_a_centreline_there_is_a_reason_and_no_number():
    vessel, nothing = np.zeros((2, 6, 7, 8), bool)
    vessel[2:5, 2:5, 1:7] = True
    missed = measured(nothing, vessel)
    assert (missed.value, missed.sensitivity) == (None, 0)
    assert missed.missing_because == "the prediction has no centreline"
    both = measured(nothing, nothing)
    assert both.missing_because == "the prediction and the ground truth have no centreline"
    assert measured(vessel, vessel, nothing).missing_because == (
        "the prediction and the ground truth have no centreline inside the evaluation region"
    )


def test_only_the_region_counts():
    gt = np.zeros((9, 9, 41), bool)
    gt[3:6, 3:6, 1:40] = True
    pm, region = gt.copy(), np.zeros_like(gt)
    pm[:, :, 15:25] = False
    region[:, :, :14] = True
    assert measured(pm, gt, region).value == 1
    region[:, :, :20] = True
    assert measured(pm, gt, region).sensitivity == pytest.approx(13 / 18)
