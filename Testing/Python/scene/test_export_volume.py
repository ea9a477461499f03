"""A volume node reaches the worker voxel by voxel at the place where it lies."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
import slicer

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.volume_io import read_volume
from UMambaXAILogic.scene.export_statistics import export_for_statistics
from UMambaXAILogic.scene.export_volume import export_volume, mark_phantom, volume_file
from UMambaXAILogic.scene.grid import vtk_matrix


def ras_of(image: sitk.Image, index: tuple[int, int, int]) -> np.ndarray:
    return np.array(image.TransformIndexToPhysicalPoint(index)) * [-1, -1, 1]


def test_voxels_and_positions_survive_in_every_orientation(add_volume, numbered, affine, tmp_path):
    export_volume(add_volume(numbered, affine), tmp_path / "volume.nrrd")
    image = sitk.ReadImage(tmp_path / "volume.nrrd")
    assert np.array_equal(sitk.GetArrayFromImage(image), numbered)
    assert image.GetPixelID() == sitk.sitkInt16
    for index in [(0, 0, 0), (4, 0, 0), (0, 5, 0), (0, 0, 3), (4, 5, 3)]:
        np.testing.assert_allclose(ras_of(image, index), (affine @ [*index, 1])[:3], atol=1e-5)


def test_the_parent_transform_is_not_applied(add_volume, add_transform, numbered, affine, rigid, tmp_path):
    node = add_volume(numbered, affine)
    add_transform(rigid, node)
    grid = export_volume(node, tmp_path / "volume.nrrd")
    np.testing.assert_allclose(grid.ijk_to_ras, affine)
    image = sitk.ReadImage(tmp_path / "volume.nrrd")
    np.testing.assert_allclose(ras_of(image, (4, 5, 3)), (affine @ [4, 5, 3, 1])[:3], atol=1e-5)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_the_number_type_is_kept(add_volume, oblique_affine, tmp_path, kind):
    array = np.linspace(0, 200, 24).reshape(2, 3, 4).astype(kind)
    export_volume(add_volume(array, oblique_affine), tmp_path / "volume.nrrd")
    back = sitk.GetArrayFromImage(sitk.ReadImage(tmp_path / "volume.nrrd"))
    assert back.dtype == kind and np.array_equal(back, array)


def test_the_file_is_not_compressed(add_volume, oblique_affine, tmp_path):
    export_volume(add_volume(np.zeros((8, 8, 8), np.int16), oblique_affine), tmp_path / "volume.nrrd")
    assert b"encoding: raw" in (tmp_path / "volume.nrrd").read_bytes()


def test_the_file_of_a_phantom_says_so_and_no_other(add_volume, numbered, tmp_path):
    node = add_volume(numbered, np.diag([-0.5, -0.5, 0.8, 1.0]))
    export_volume(node, tmp_path / "volume.nrrd")
    assert not read_volume(tmp_path / "volume.nrrd")[1].is_phantom
    mark_phantom(node)
    export_volume(node, tmp_path / "phantom.nrrd")
    assert read_volume(tmp_path / "phantom.nrrd")[1].is_phantom
    assert read_volume(export_for_statistics(node, tmp_path).volume)[1].is_phantom


def test_a_non_linear_parent_transform_is_refused_with_the_remedy(scene, add_volume, numbered, affine, tmp_path):
    node = add_volume(numbered, affine)
    warp = scene.AddNewNodeByClass("vtkMRMLBSplineTransformNode", "Warp")
    warp.SetAndObserveTransformToParent(slicer.vtkOrientedBSplineTransform())
    node.SetAndObserveTransformNodeID(warp.GetID())
    with pytest.raises(InputError, match="'Warp'") as caught:
        export_volume(node, tmp_path / "volume.nrrd")
    assert "Harden" in caught.value.remedy
    assert not list(tmp_path.iterdir())


def test_a_non_linear_transform_above_a_linear_one_is_refused_too(
    scene, add_volume, add_transform, numbered, affine, tmp_path
):
    node = add_volume(numbered, affine)
    linear = add_transform(np.eye(4), node)
    warp = scene.AddNewNodeByClass("vtkMRMLBSplineTransformNode", "Warp")
    warp.SetAndObserveTransformToParent(slicer.vtkOrientedBSplineTransform())
    linear.SetAndObserveTransformNodeID(warp.GetID())
    with pytest.raises(InputError, match="non-linear"):
        export_volume(node, tmp_path / "volume.nrrd")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("vtkMRMLLabelMapVolumeNode", "LabelMapVolumeNode"),
        ("vtkMRMLModelNode", "ModelNode"),
    ],
)
def test_what_is_no_image_is_refused_by_its_kind(scene, kind, message, tmp_path):
    with pytest.raises(InputError, match=message):
        export_volume(scene.AddNewNodeByClass(kind, "Odd"), tmp_path / "volume.nrrd")


def test_an_empty_volume_is_refused(scene, tmp_path):
    with pytest.raises(InputError, match="no voxels"):
        export_volume(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty"), tmp_path / "volume.nrrd")


def test_a_colour_image_is_refused(scene, numbered, tmp_path):
    import vtk

    image = vtk.vtkImageData()
    image.SetDimensions(3, 3, 3)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    node = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "Photo")
    node.SetAndObserveImageData(image)
    node.SetIJKToRASMatrix(vtk_matrix(np.eye(4)))
    with pytest.raises(InputError, match="3 values a voxel"):
        export_volume(node, tmp_path / "volume.nrrd")


def test_voxels_without_size_are_refused_with_their_spacing(add_volume, numbered, affine, tmp_path):
    node = add_volume(numbered, affine)
    node.SetSpacing(0.5, 0.0, 0.5)
    with pytest.raises(InputError, match="spacing is 0.5 x 0 x 0.5 mm"):
        export_volume(node, tmp_path / "volume.nrrd")


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("CTA", "volume CTA.nrrd"),
        ("Müller/../2: Kopf", "volume M_ller_.._2_ Kopf.nrrd"),
        ("x" * 300, f"volume {'x' * 60}.nrrd"),
        ("", "volume .nrrd"),
    ],
)
def test_a_file_is_called_after_its_volume_in_letters_that_every_system_takes(tmp_path, name, file):
    assert volume_file(tmp_path, name) == tmp_path / file
