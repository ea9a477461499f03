"""Fills: checked voxel by voxel against distances written down anew."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from UMambaXAILogic.engine.intervention.fills import FillSource, make_fill
from UMambaXAILogic.engine.methods.settings import FILLS

SPACING_MM = (2.0, 1.0, 0.8)
BOX = (slice(3, 5), slice(4, 7), slice(2, 6))


@pytest.fixture
def source() -> FillSource:
    rng = np.random.default_rng(0)
    return FillSource(rng.normal(size=(2, 8, 12, 11)).astype(np.float32), rng.random((8, 12, 11)) < 0.3, SPACING_MM)


@pytest.fixture
def region() -> np.ndarray:
    return np.random.default_rng(1).random(tuple(part.stop - part.start for part in BOX)) < 0.6


def shell_by_hand(source: FillSource, region: np.ndarray, width_mm: float) -> list[tuple[int, ...]]:
    inside = [tuple(np.add(index, [part.start for part in BOX])) for index in np.argwhere(region)]
    found = []
    for voxel in itertools.product(*map(range, source.target.shape)):
        nearest = min(np.linalg.norm((np.subtract(voxel, other)) * SPACING_MM) for other in inside)
        if voxel not in inside and nearest <= width_mm + 1e-9 and not source.target[voxel]:
            found.append(voxel)
    return found


def test_shell_is_the_mean_of_what_lies_around_without_the_target(source, region):
    found = make_fill("shell", source)(region, BOX)
    voxels = shell_by_hand(source, region, 3.0)
    expected = [np.mean([channel[voxel] for voxel in voxels]) for channel in source.data]
    assert found.shape == (2, 1, 1, 1)
    assert found.ravel() == pytest.approx(expected, rel=1e-6)


def test_where_the_shell_holds_no_tissue_the_nearest_stands_in(source):
    source.target[:] = True
    tissue = [(0, 0, 0), (7, 11, 10), (2, 0, 5)]
    for voxel in tissue:
        source.target[voxel] = False
    region = np.ones((1, 1, 2), bool)
    found = make_fill("shell", source)(region, (slice(4, 5), slice(6, 7), slice(3, 5)))
    nearest = [
        min(tissue, key=lambda voxel: np.linalg.norm(np.subtract(voxel, inside) * SPACING_MM))
        for inside in [(4, 6, 3), (4, 6, 4)]
    ]
    expected = [np.mean([channel[voxel] for voxel in nearest]) for channel in source.data]
    assert found.ravel() == pytest.approx(expected, rel=1e-6)


def test_where_the_volume_holds_no_tissue_its_mean_stands_in(source, region):
    source.target[:] = True
    expected = source.data.mean(axis=(1, 2, 3), dtype=np.float64)
    assert make_fill("shell", source)(region, BOX).ravel() == pytest.approx(expected)


def test_voxels_thicker_than_the_shell_still_have_neighbours(source):
    coarse = FillSource(source.data, np.zeros_like(source.target), (6.0, 4.0, 5.0))
    found = make_fill("shell", coarse)(np.ones((1, 1, 1), bool), (slice(3, 4), slice(4, 5), slice(2, 3)))
    expected = (source.data[:, 3, 3, 2] + source.data[:, 3, 5, 2]) / 2
    assert found.ravel() == pytest.approx(expected, rel=1e-6)


def test_thick_slices_are_filled_from_their_own_plane(region):
    data = np.arange(8, dtype=np.float32)[None, :, None, None] * np.ones((1, 8, 12, 11), np.float32)
    source = FillSource(data, np.zeros((8, 12, 11), bool), (5.0, 1.0, 1.0))
    one_slice = region.copy()
    one_slice[1] = False
    assert make_fill("shell", source)(one_slice, BOX).ravel() == pytest.approx([3.0])


def test_mean_is_that_of_the_volume(source, region):
    found = make_fill("mean", source)(region, BOX)
    assert found.ravel() == pytest.approx(source.data.mean(axis=(1, 2, 3)), rel=1e-5)


def test_blur_is_a_gaussian_of_three_millimetres():
    data = np.zeros((1, 21, 41, 41), np.float32)
    data[0, 10, 20, 20] = 1
    box = (slice(0, 21), slice(0, 41), slice(0, 41))
    found = make_fill("blur", FillSource(data, np.zeros(data.shape[1:], bool), SPACING_MM))(np.ones((1,), bool), box)[0]
    peak = found[10, 20, 20]
    steps = {(1, 0, 0): 2.0, (0, 1, 0): 1.0, (0, 0, 1): 0.8}
    for step, millimetres in steps.items():
        there = found[tuple(np.add((10, 20, 20), step))]
        assert there / peak == pytest.approx(np.exp(-(millimetres**2) / (2 * 3.0**2)), rel=1e-3)


def test_every_fill_that_is_offered_is_there(source):
    assert len({type(make_fill(kind, source)) for kind in FILLS}) == len(FILLS)
