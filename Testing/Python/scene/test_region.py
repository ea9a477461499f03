"""A ROI or a segment becomes a region of the volume's own space."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.scene.grid import vtk_matrix
from UMambaXAILogic.scene.region import export_region

pytestmark = pytest.mark.usefixtures("layer_by_layer")

SHAPE = (6, 9, 8)


@pytest.fixture
def add_roi(scene):
    def add(center, size, rotation=None):
        node = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "ROI")
        matrix = np.eye(4)
        if rotation is not None:
            matrix[:3, :3] = rotation
        matrix[:3, 3] = center
        node.SetSize(*size)
        node.SetAndObserveObjectToNodeMatrix(vtk_matrix(matrix))
        return node

    return add


def inside(affine, center, size, rotation=None, to_world=None):
    """Independent test of every voxel centre."""
    rotation = np.eye(3) if rotation is None else rotation
    to_world = np.eye(4) if to_world is None else to_world
    result = np.zeros(SHAPE, np.uint8)
    for k, j, i in np.ndindex(SHAPE):
        point = (to_world @ affine @ [i, j, k, 1])[:3]
        result[k, j, i] = (np.abs(rotation.T @ (point - center)) <= np.asarray(size) / 2).all()
    return result


def middle(affine):
    return (affine @ [3.6, 4.1, 2.4, 1])[:3]


def test_an_upright_roi_is_six_numbers_in_mm_ras(add_volume, add_roi, affine, tmp_path):
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    center = middle(affine)
    region = export_region(add_roi(center, (2.0, 3.0, 2.5)), volume, tmp_path / "region.nrrd")
    x, y, z = center
    np.testing.assert_allclose(region.box_mm_ras, (x - 1, x + 1, y - 1.5, y + 1.5, z - 1.25, z + 1.25), atol=1e-9)
    assert not list(tmp_path.iterdir())


def test_a_tilted_roi_is_a_mask_of_the_voxel_centres_inside(add_volume, add_roi, affine, rigid, tmp_path):
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    roi = add_roi(middle(affine), (2.0, 3.0, 2.5), rigid[:3, :3])
    region = export_region(roi, volume, tmp_path / "region.nrrd")
    mask = sitk.GetArrayFromImage(sitk.ReadImage(region.mask))
    assert np.array_equal(mask, inside(affine, middle(affine), (2.0, 3.0, 2.5), rigid[:3, :3]))
    assert 0 < mask.sum() < mask.size


def test_a_roi_in_the_world_is_brought_into_a_transformed_volume(
    add_volume, add_roi, add_transform, affine, rigid, tmp_path
):
    """The volume is tilted, the ROI is not: relative to the volume it is tilted."""
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    add_transform(rigid, volume)
    center = middle(rigid @ affine)
    region = export_region(add_roi(center, (2.0, 3.0, 2.5)), volume, tmp_path / "region.nrrd")
    mask = sitk.GetArrayFromImage(sitk.ReadImage(region.mask))
    assert np.array_equal(mask, inside(affine, center, (2.0, 3.0, 2.5), to_world=rigid))


def test_a_roi_under_the_volumes_own_transform_stays_six_numbers(
    add_volume, add_roi, add_transform, affine, rigid, tmp_path
):
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    roi = add_roi(middle(affine), (2.0, 3.0, 2.5))
    add_transform(rigid, volume, roi)
    region = export_region(roi, volume, tmp_path / "region.nrrd")
    x, y, z = middle(affine)
    np.testing.assert_allclose(region.box_mm_ras, (x - 1, x + 1, y - 1.5, y + 1.5, z - 1.25, z + 1.25), atol=1e-6)


def test_an_inside_out_roi_is_everything_else(add_volume, add_roi, affine, tmp_path):
    roi = add_roi(middle(affine), (2.0, 3.0, 2.5))
    roi.SetInsideOut(True)
    region = export_region(roi, add_volume(np.zeros(SHAPE, np.int16), affine), tmp_path / "region.nrrd")
    mask = sitk.GetArrayFromImage(sitk.ReadImage(region.mask))
    assert np.array_equal(mask, 1 - inside(affine, middle(affine), (2.0, 3.0, 2.5)))


def test_a_segment_is_a_mask(add_volume, add_segmentation, affine, tmp_path):
    drawn = np.zeros(SHAPE, np.uint8)
    drawn[1:3, 2:6, 4] = 1
    node = add_segmentation({"brain": drawn, "neck": np.roll(drawn, 2, 0)}, affine)
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    region = export_region(node, volume, tmp_path / "region.nrrd", segments="brain")
    assert np.array_equal(sitk.GetArrayFromImage(sitk.ReadImage(region.mask)), drawn)


def test_a_region_beside_the_volume_is_refused(add_volume, add_roi, affine, tmp_path):
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    with pytest.raises(InputError, match="holds no voxel"):
        export_region(add_roi(middle(affine) + 500, (2.0, 3.0, 2.5)), volume, tmp_path / "region.nrrd")


def test_other_nodes_are_refused(scene, add_volume, affine, tmp_path):
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    with pytest.raises(InputError, match="not a region"):
        export_region(scene.AddNewNodeByClass("vtkMRMLModelNode", "M"), volume, tmp_path / "region.nrrd")


def test_a_segment_on_another_grid_is_refused_without_promising_to_resample_it(
    add_volume, add_segmentation, affine, tmp_path
):
    drawn = np.zeros(SHAPE, np.uint8)
    drawn[1:3, 2:6, 4] = 1
    shifted = affine.copy()
    shifted[:3, 3] += 0.2
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    with pytest.raises(InputError, match="another grid") as caught:
        export_region(add_segmentation({"brain": drawn}, shifted), volume, tmp_path / "region.nrrd")
    assert "resample" not in caught.value.remedy


def test_a_box_that_was_not_placed_is_refused(add_volume, affine, add_roi, tmp_path):
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    with pytest.raises(InputError, match="'ROI' has no extent"):
        export_region(add_roi(affine[:3, 3], (0.0, 0.0, 0.0)), volume, tmp_path / "region.nrrd")
