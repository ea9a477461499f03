"""What takes the place of scattered voxels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.benchmark.voxel_fill import VoxelFill
from UMambaXAILogic.engine.intervention import FillSource

SPACING = (1.0, 1.0, 1.0)


def source(data: np.ndarray, target: np.ndarray | None = None, spacing=SPACING) -> FillSource:
    return FillSource(data, np.zeros(data.shape[1:], bool) if target is None else target, spacing)


def test_each_voxel_gets_the_mean_of_the_tissue_near_it():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(1, 9, 10, 11))
    target = rng.random((9, 10, 11)) < 0.2
    selected = rng.random((9, 10, 11)) < 0.1
    filled = VoxelFill("shell", source(data, target)).filled(selected)
    tissue = ~(target | selected)
    for z, y, x in np.argwhere(selected):
        near = (slice(max(0, z - 3), z + 4), slice(max(0, y - 3), y + 4), slice(max(0, x - 3), x + 4))
        assert filled[0, z, y, x] == pytest.approx(data[0][near][tissue[near]].mean(), rel=1e-9)
    assert np.array_equal(filled[0][~selected], data[0][~selected])


def test_the_reach_is_in_millimetres():
    data = np.zeros((1, 5, 5, 21))
    data[..., 14:] = 1.0
    selected = np.zeros((5, 5, 21), bool)
    selected[2, 2, 10] = True
    near = VoxelFill("shell", source(data, spacing=(1.0, 1.0, 3.0))).filled(selected)  # one voxel on either side
    wide = VoxelFill("shell", source(data, spacing=(1.0, 1.0, 0.5))).filled(selected)  # six
    assert near[0, 2, 2, 10] == 0
    assert wide[0, 2, 2, 10] > 0.1


def test_deep_inside_a_thick_target_the_nearest_tissue_stands_in():
    data = np.zeros((1, 3, 3, 30))
    data[..., :15], data[..., 15:] = -1.0, 1.0
    target = np.zeros((3, 3, 30), bool)
    target[..., 5:25] = True
    filled = VoxelFill("shell", source(data, target)).filled(target)
    assert filled[0, 1, 1, 12] == -1.0
    assert filled[0, 1, 1, 18] == 1.0


def test_where_nothing_is_tissue_the_volumes_mean_stands_in():
    data = np.arange(27.0).reshape(1, 3, 3, 3)
    everything = np.ones((3, 3, 3), bool)
    assert np.allclose(VoxelFill("shell", source(data, everything)).filled(everything), 13.0)


def test_the_other_fills_are_those_of_regions():
    data = np.random.default_rng(1).normal(size=(1, 6, 6, 6))
    selected = np.zeros((6, 6, 6), bool)
    selected[2:4, 3, 1] = True
    mean = VoxelFill("mean", source(data)).filled(selected)
    assert np.allclose(mean[0][selected], data.mean())
    blurred = VoxelFill("blur", source(data))
    assert np.array_equal(blurred.filled(selected)[0][selected], blurred.erased()[0][selected])


def test_nothing_selected_changes_nothing():
    data = np.random.default_rng(1).normal(size=(2, 4, 4, 4))
    assert np.array_equal(VoxelFill("shell", source(data)).filled(np.zeros((4, 4, 4), bool)), data)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from(["shell", "mean", "blur"]))
def test_a_constant_image_stays_what_it_is(seed, kind):
    rng = np.random.default_rng(seed)
    data = np.full((1, 5, 6, 7), 3.25)
    fill = VoxelFill(kind, source(data, rng.random((5, 6, 7)) < 0.3))
    assert np.allclose(fill.filled(rng.random((5, 6, 7)) < 0.3), 3.25)
    assert np.allclose(fill.erased(), 3.25)
