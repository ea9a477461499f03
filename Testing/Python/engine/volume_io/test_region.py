"""A region is the voxels whose centres lie in the box, or those above 0 in the mask."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.request import Region
from UMambaXAILogic.engine.volume import Geometry, Volume
from UMambaXAILogic.engine.volume_io import region_mask, write_volume

GRID = Geometry((8, 7, 6), (1.0, 1.5, 2.0), (10.0, -20.0, 30.0))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_box_holds_the_voxels_whose_centres_lie_in_it(geometries, data):
    geometry = data.draw(geometries)
    centre = (geometry.affine_ras @ (*((np.array(geometry.size) - 1) // 2), 1))[:3]
    half = np.array(data.draw(st.tuples(*[st.floats(0.01, 12)] * 3)))
    bounds = np.stack([centre - half, centre + half], axis=1)
    if data.draw(st.booleans()):
        bounds = bounds[:, ::-1]  # bounds may come in either order

    mask = region_mask(Region(box_mm_ras=tuple(bounds.ravel())), geometry)

    index = np.stack([*np.indices(geometry.shape)[::-1], np.ones(geometry.shape)])
    positions = np.einsum("ij,jzyx->izyx", geometry.affine_ras, index)[:3]
    distance = np.abs(positions - centre[:, None, None, None]) - half[:, None, None, None]
    inside, near_a_face = (distance <= 0).all(axis=0), (np.abs(distance) < 2e-3).any(axis=0)
    np.testing.assert_array_equal(mask[~near_a_face], inside[~near_a_face])


def test_a_bound_on_a_voxel_centre_includes_it():
    mask = region_mask(Region(box_mm_ras=(-12, -10, 15.5, 20, 30, 32)), GRID)
    expected = np.zeros(GRID.shape, dtype=bool)
    expected[:2, :4, :3] = True
    np.testing.assert_array_equal(mask, expected)


def test_a_box_beside_the_volume_is_refused_with_the_volumes_bounds():
    with pytest.raises(InputError) as caught:
        region_mask(Region(box_mm_ras=(100, 120, 0, 10, 30, 40)), GRID)
    assert "100,120,0,10,30,40" in caught.value.message
    assert "R -17 to -10; A 11 to 20; S 30 to 40 mm" in caught.value.message


def test_a_mask_file_holds_the_voxels_above_zero(tmp_path):
    labels = np.random.default_rng(0).integers(-2, 3, GRID.shape)
    write_volume(labels, tmp_path / "region.nii.gz", like=Volume(labels, GRID))
    np.testing.assert_array_equal(region_mask(Region(mask=tmp_path / "region.nii.gz"), GRID), labels > 0)


def test_an_empty_mask_is_refused(tmp_path):
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    write_volume(labels, tmp_path / "region.nii.gz", like=Volume(labels, GRID))
    with pytest.raises(InputError, match="region.nii.gz"):
        region_mask(Region(mask=tmp_path / "region.nii.gz"), GRID)


def test_a_mask_on_another_grid_is_refused(tmp_path):
    labels = np.ones((3, 3, 3), dtype=np.uint8)
    write_volume(labels, tmp_path / "region.nrrd", like=Volume(labels, Geometry((3, 3, 3), (1, 1, 1))))
    with pytest.raises(InputError, match="another grid") as refused:
        region_mask(Region(mask=tmp_path / "region.nrrd"), GRID)
    assert "a box in mm" in str(refused.value.remedy) and "--resample-gt" not in str(refused.value)
