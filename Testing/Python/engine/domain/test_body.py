"""Air, body and soft tissue on blocks."""

from __future__ import annotations

import numpy as np
import pytest

from UMambaXAILogic.engine.domain.blocks import BlockGrid
from UMambaXAILogic.engine.domain.body import find_tissue
from UMambaXAILogic.engine.domain.measure import first_pass
from UMambaXAILogic.engine.domain.slabs import Slabs
from UMambaXAILogic.engine.volume import Geometry, Volume

from .heads import GEOMETRY, SHAPE, clean_head, white_noise, whole


def blocks_of(array):
    _, blocks = first_pass(Slabs(Volume(array, GEOMETRY), None), None)
    return blocks


def voxels(mask, grid):
    """A mask of blocks as a mask of voxels."""
    for axis, edge in enumerate(grid.voxels):
        mask = np.repeat(mask, edge, axis=axis)
    return mask[: grid.shape[0], : grid.shape[1], : grid.shape[2]]


@pytest.mark.parametrize(
    "size, spacing", [((7, 5, 3), (2.0, 2.0, 2.0)), ((50, 41, 9), (0.45, 0.45, 1.1)), ((12, 12, 40), (0.7, 0.7, 0.3))]
)
def test_block_statistics_are_those_of_their_voxels(size, spacing):
    array = np.random.default_rng(0).normal(size=size[::-1]).astype(np.float32)
    geometry = Geometry(size, spacing)
    _, blocks = first_pass(Slabs(Volume(array, geometry), None), None)
    grid = BlockGrid.over(geometry)
    assert grid.sizes.sum() == array.size
    for index in np.ndindex(grid.counts):
        part = array[tuple(slice(i * edge, (i + 1) * edge) for i, edge in zip(index, grid.voxels, strict=True))]
        assert blocks.mean[index] == pytest.approx(part.mean(), abs=1e-6)
        assert (blocks.low[index], blocks.high[index]) == (part.min(), part.max())
        assert grid.sizes[index] == part.size


def test_blocks_are_near_two_millimetres_and_never_so_small_that_chance_makes_them_constant():
    assert BlockGrid.over(Geometry((512, 512, 300), (0.452, 0.452, 0.715))).voxels == (3, 4, 4)
    assert BlockGrid.over(Geometry((64, 64, 93), (3.2, 3.2, 1.5))).voxels == (1, 3, 3)


def test_every_tissue_lies_where_it_is_and_away_from_others():
    array = whole(clean_head() + 5 * white_noise())
    blocks = blocks_of(array)
    tissue = find_tissue(blocks, "HU")
    clean = clean_head()
    air, body, soft = (voxels(mask, blocks.grid) for mask in (tissue.air, tissue.body, tissue.soft))
    assert np.abs(clean[air] + 1000).max() < 1 and air.sum() > 60_000
    assert np.abs(clean[soft] - 40).max() < 1 and soft.sum() > 20_000
    assert not (air & body).any() and not (soft & ~body).any()
    assert (clean[body] > 30).all()


def test_cavities_belong_to_the_body():
    clean = clean_head()
    clean[8:16, 44:52, 44:52] = -1000
    tissue = find_tissue(blocks_of(whole(clean + 5 * white_noise())), "HU")
    assert tissue.body[10, 16, 16] and not tissue.air[10, 16, 16] and not tissue.soft[10, 16, 16]


def test_a_dark_and_a_bright_half_are_both_body_where_there_is_no_air():
    """In arbitrary units a threshold can be put through anything; tissue is not four times as dark as tissue."""
    array = np.full(SHAPE, 300.0)
    array[:, :, :48] = 150.0
    tissue = find_tissue(blocks_of((array + 10 * white_noise()).astype(np.float32)), "arbitrary")
    assert tissue.body.all() and not tissue.air.any()


@pytest.mark.parametrize("units", ["HU", "arbitrary"])
def test_a_constant_image_has_no_tissue(units):
    tissue = find_tissue(blocks_of(np.zeros(SHAPE, np.int16)), units)
    assert not (tissue.air.any() or tissue.body.any() or tissue.soft.any())


def test_an_image_of_air_alone_has_air_alone():
    tissue = find_tissue(blocks_of(whole(-1000 + 8 * white_noise())), "HU")
    assert tissue.air.mean() > 0.9 and not tissue.body.any()
