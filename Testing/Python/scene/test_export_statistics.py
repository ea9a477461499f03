"""A volume is measured where it lies in the patient."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
import slicer

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.scene.export_statistics import export_for_statistics
from UMambaXAILogic.scene.subject_hierarchy import item_of, subject_hierarchy
from UMambaXAILogic.scene.voxel_file import image_grid

pytestmark = pytest.mark.usefixtures("layer_by_layer")


def read(path):
    image = sitk.ReadImage(str(path))
    return sitk.GetArrayFromImage(image), image_grid(image).ijk_to_ras


def test_grids_of_every_orientation_are_kept(scene, add_volume, affine, numbered, tmp_path):
    exported = export_for_statistics(add_volume(numbered, affine), tmp_path)
    array, found = read(exported.volume)
    np.testing.assert_array_equal(array, numbered)
    np.testing.assert_allclose(found, affine, atol=1e-9)
    assert exported.vessels is None


def test_parent_transforms_are_applied_to_volume_and_mask(
    scene, add_volume, add_transform, oblique_affine, rigid, numbered, tmp_path
):
    volume = add_volume(numbered, oblique_affine)
    mask = add_volume((numbered > 0).astype(np.uint8), rigid @ oblique_affine, "mask", "vtkMRMLLabelMapVolumeNode")
    add_transform(rigid, volume)  # the mask lies where the volume lies now, without a transform
    exported = export_for_statistics(volume, tmp_path, mask)
    _, grid = read(exported.volume)
    np.testing.assert_allclose(grid, rigid @ oblique_affine, atol=1e-9)
    vessels, mask_grid = read(exported.vessels)
    np.testing.assert_array_equal(vessels, numbered > 0)
    np.testing.assert_allclose(mask_grid, grid, atol=1e-9)


def test_a_scaling_transform_scales_the_spacing(scene, add_volume, add_transform, numbered, tmp_path):
    volume = add_volume(numbered, np.diag([0.5, 0.5, 1.0, 1.0]))
    add_transform(np.diag([2.0, 2.0, 2.0, 1.0]), volume)
    _, grid = read(export_for_statistics(volume, tmp_path).volume)
    np.testing.assert_allclose(np.linalg.norm(grid[:3, :3], axis=0), (1.0, 1.0, 2.0))


def test_a_shearing_transform_is_refused(scene, add_volume, add_transform, numbered, tmp_path):
    volume = add_volume(numbered, np.eye(4))
    shear = np.eye(4)
    shear[0, 1] = 0.3
    add_transform(shear, volume)
    with pytest.raises(InputError, match="shears"):
        export_for_statistics(volume, tmp_path)


def test_segments_and_labels_of_any_value_are_vessels(scene, add_volume, add_segmentation, numbered, tmp_path):
    volume = add_volume(numbered, np.eye(4))
    left, right = numbered < -20, numbered > 40
    segmentation = add_segmentation({"left": left, "right": right}, np.eye(4))
    exported = export_for_statistics(volume, tmp_path, segmentation, "all")
    np.testing.assert_array_equal(read(exported.vessels)[0], left | right)
    exported = export_for_statistics(volume, tmp_path, segmentation, ["right"])
    np.testing.assert_array_equal(read(exported.vessels)[0], right)
    labels = add_volume((7 * right + 3 * left).astype(np.int16), np.eye(4), "labels", "vtkMRMLLabelMapVolumeNode")
    np.testing.assert_array_equal(read(export_for_statistics(volume, tmp_path, labels).vessels)[0], left | right)


def test_our_own_segmentation_is_a_prediction_and_any_other_the_truth(
    scene, add_volume, add_segmentation, numbered, tmp_path
):
    volume = add_volume(numbered, np.eye(4))
    segmentation = add_segmentation({"vessel": numbered > 0}, np.eye(4))
    assert export_for_statistics(volume, tmp_path, segmentation).vessels_are == "ground_truth"
    segmentation.SetAttribute("UMambaXAI.run", "demo, seg-xres-cam")
    assert export_for_statistics(volume, tmp_path, segmentation).vessels_are == "prediction"


def test_the_modality_is_that_of_the_dicom_tags(scene, add_volume, numbered, tmp_path):
    volume = add_volume(numbered, np.eye(4))
    assert export_for_statistics(volume, tmp_path).modality is None
    hierarchy = subject_hierarchy(scene)
    name = slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMSeriesModalityAttributeName()
    hierarchy.SetItemAttribute(item_of(hierarchy, volume), name, "MR")
    assert export_for_statistics(volume, tmp_path).modality == "MR"


def test_what_is_no_mask_is_refused(scene, add_volume, numbered, tmp_path):
    volume = add_volume(numbered, np.eye(4))
    with pytest.raises(InputError, match="not a mask"):
        export_for_statistics(volume, tmp_path, scene.AddNewNodeByClass("vtkMRMLModelNode"))
    other = add_volume((numbered > 0).astype(np.uint8), np.diag([2, 2, 2, 1.0]), "m", "vtkMRMLLabelMapVolumeNode")
    with pytest.raises(InputError, match="another grid"):
        export_for_statistics(volume, tmp_path, other)
