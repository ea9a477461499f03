"""Nearest centreline points against a search through all of them."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from UMambaXAILogic.engine.vessel_readout import surroundings
from UMambaXAILogic.engine.vessel_readout.centreline import centreline_of
from UMambaXAILogic.engine.vessel_readout.radial import attention_by_distance
from UMambaXAILogic.engine.vessel_readout.surroundings import FARTHEST_MM, REACH_MM, surroundings_of

SPACINGS = [(1.0, 1.0, 1.0), (1.2, 0.7, 0.9)]


@pytest.mark.parametrize("spacing_mm", SPACINGS, ids=str)
@pytest.mark.parametrize("diameter_mm", [3.0, 9.0])
def test_every_voxel_belongs_to_the_nearest_point_that_reaches_it(make_tube, spacing_mm, diameter_mm):
    mask = make_tube(spacing_mm, (1, 2, 3), diameter_mm, 22.0, (6.0, 0.0, 0.0)).mask
    mask |= make_tube(spacing_mm, (0, 0, 1), 2.0, 22.0, (-7.0, 4.0, 0.0)).mask
    line = centreline_of(mask, spacing_mm)
    near = surroundings_of(line, mask, None, spacing_mm)
    places = np.argwhere(np.ones_like(mask)) * spacing_mm
    distances = np.linalg.norm(places[:, None] - line.points * np.asarray(spacing_mm), axis=2)
    reach = np.clip(line.diameters_mm, REACH_MM, FARTHEST_MM)
    within = np.where(distances <= reach + 1e-6, distances, np.inf).min(axis=1)
    expected = np.where(np.isinf(within) & mask.reshape(-1), distances.min(axis=1), within)
    assert np.array_equal(near.voxels, np.flatnonzero(np.isfinite(expected)))
    np.testing.assert_allclose(near.distance_mm, expected[near.voxels], atol=1e-9)
    np.testing.assert_allclose(near.distance_mm, distances[near.voxels, near.nearest], atol=1e-9)
    np.testing.assert_allclose(near.radii, near.distance_mm / (line.diameters_mm[near.nearest] / 2))


def test_of_a_bulky_mask_every_voxel_has_its_point(make_tube):
    mask = make_tube(SPACINGS[0], (0, 0, 1), 26.0, 30.0).mask
    line = centreline_of(mask, SPACINGS[0])
    near = surroundings_of(line, mask, None, SPACINGS[0])
    assert np.isin(np.flatnonzero(mask), near.voxels).all()
    assert near.distance_mm.max() > FARTHEST_MM
    assert np.array_equal(near.voxels, np.unique(near.voxels))


def test_the_region_limits_what_counts(make_tube):
    mask = make_tube(SPACINGS[1], (0, 1, 1), 3.0).mask
    line = centreline_of(mask, SPACINGS[1])
    region = np.zeros_like(mask)
    region[:, 5:9] = True
    inside = surroundings_of(line, mask, region, SPACINGS[1])
    everywhere = surroundings_of(line, mask, None, SPACINGS[1])
    kept = region.reshape(-1)[everywhere.voxels]
    assert np.array_equal(inside.voxels, everywhere.voxels[kept])
    assert np.array_equal(inside.distance_mm, everywhere.distance_mm[kept])


def test_many_voxels_are_taken_in_parts(make_tube, monkeypatch):
    mask = make_tube(SPACINGS[1], (0, 1, 1), 3.0).mask
    line = centreline_of(mask, SPACINGS[1])
    attention = np.random.default_rng(0).random(mask.shape, dtype=np.float32)
    at_once = surroundings_of(line, mask, None, SPACINGS[1])
    expected = attention_by_distance(attention, None, at_once)
    monkeypatch.setattr(surroundings, "_CHUNK", 100)
    near = surroundings_of(line, mask, None, SPACINGS[1])
    assert len(list(near.chunks())) > 10
    assert np.array_equal(near.distance_mm, at_once.distance_mm)
    found = attention_by_distance(attention, None, near)
    for unit in ("mm", "radii"):
        assert found[unit]["voxels"] == expected[unit]["voxels"]
        assert found[unit]["mean_attention"] == pytest.approx(expected[unit]["mean_attention"], rel=1e-12)
        assert found[unit]["beyond"] == pytest.approx(expected[unit]["beyond"], rel=1e-9)


def test_specks_everywhere_take_few_bytes_a_voxel(monkeypatch):
    noise = gaussian_filter(np.random.default_rng(0).normal(size=(96, 96, 96)), 2)
    mask = noise > np.quantile(noise, 0.997)
    monkeypatch.setattr(surroundings, "_CHUNK", 2**14)
    line = centreline_of(mask, SPACINGS[0])
    tracemalloc.start()
    near = surroundings_of(line, mask, None, SPACINGS[0])
    attention_by_distance(mask.astype(np.float32), None, near)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # The number of a point for every voxel of the widened box; of each voxel reached 20 bytes, some of it twice.
    assert peak < 4 * 1.4 * mask.size + 36 * len(near.voxels)
