"""Which maps of the user's own can be judged on a volume."""

from __future__ import annotations

import numpy as np
import pytest

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.scene.grid import vtk_matrix
from UMambaXAILogic.scene.own_map import check_own_map

ARRAY = np.zeros((2, 3, 4), np.float32)


@pytest.fixture
def volume(add_volume, oblique_affine):
    return add_volume(ARRAY.astype(np.int16), oblique_affine, "CTA")


def test_a_map_on_the_volumes_grid_can_be_judged_whatever_its_axes_are(add_volume, oblique_affine, volume):
    check_own_map(add_volume(ARRAY, oblique_affine, "mine"), volume)
    flipped = oblique_affine @ np.array([[1, 0, 0, 0], [0, -1, 0, 2], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    check_own_map(add_volume(ARRAY, flipped, "flipped"), volume)
    turned = oblique_affine @ np.array([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    check_own_map(add_volume(ARRAY.transpose(0, 2, 1), turned, "turned"), volume)


@pytest.mark.parametrize(
    ("shape", "change", "words"),
    [
        ((2, 3, 5), np.eye(4), "it has 5 x 3 x 2 voxels, not 4 x 3 x 2"),
        ((2, 3, 4), np.diag([1, 1, 2, 1.0]), "its voxels measure"),
        ((2, 3, 4), np.array([[1, 0, 0, 0.5], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]), "shifted or turned"),
        ((2, 3, 4), np.array([[1, 0, 0, 1.0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]), "shifted or turned"),
    ],
)
def test_one_on_another_grid_is_refused_with_what_differs(add_volume, oblique_affine, volume, shape, change, words):
    own = add_volume(np.zeros(shape, np.float32), oblique_affine @ change, "mine")
    with pytest.raises(InputError, match=words) as raised:
        check_own_map(own, volume)
    assert raised.value.message.startswith("The map 'mine' lies on another grid than the volume 'CTA'")
    assert "Resample" in raised.value.remedy


def test_one_under_another_transform_is_refused(scene, add_volume, oblique_affine, volume):
    own = add_volume(ARRAY, oblique_affine, "mine")
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "registration")
    transform.SetMatrixTransformToParent(vtk_matrix(np.diag([1, 1, 1, 1.0]) + np.eye(4, k=3) * 7))
    volume.SetAndObserveTransformNodeID(transform.GetID())
    with pytest.raises(InputError, match="under another transform"):
        check_own_map(own, volume)
    own.SetAndObserveTransformNodeID(transform.GetID())
    check_own_map(own, volume)


def test_one_without_voxels_is_refused(scene, volume):
    with pytest.raises(InputError, match="no voxels"):
        check_own_map(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "empty"), volume)
