"""Slice views show the very slice that was counted, wherever the volume lies."""

from __future__ import annotations

import numpy as np
import pytest

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.volume import Geometry
from UMambaXAILogic.scene.grid import Grid, image_data, numpy_matrix
from UMambaXAILogic.scene.heat_map import add_attention_volume
from UMambaXAILogic.scene.jump import jump_to_slice, slice_axis

SHAPE = (7, 9, 11)


@pytest.fixture
def views(scene):
    """The application's three slice views, by orientation."""
    nodes = {}
    for name, orientation in (("Red", "Axial"), ("Yellow", "Sagittal"), ("Green", "Coronal")):
        node = scene.AddNewNodeByClass("vtkMRMLSliceNode", name)
        node.SetLayoutName(name)
        node.SetOrientation(orientation)
        nodes[orientation] = node
    return nodes


def frame(view) -> np.ndarray:
    return numpy_matrix(view.GetSliceToRAS())


def distance_mm(view, points: np.ndarray) -> np.ndarray:
    """Of world points (N, 3) from the view's plane."""
    to_ras = frame(view)
    return np.abs((points - to_ras[:3, 3]) @ to_ras[:3, 2])


def corners(affine: np.ndarray, axis: int, index: int) -> np.ndarray:
    """World positions (4, 3) of a slice's corner voxels, written without the code under test."""
    size = SHAPE[::-1]
    found = []
    for first in (0, 1):
        for second in (0, 1):
            ijk = [0.0, 0.0, 0.0]
            others = [other for other in range(3) if other != axis]
            ijk[others[0]], ijk[others[1]] = first * (size[others[0]] - 1), second * (size[others[1]] - 1)
            ijk[axis] = index
            found.append((affine @ [*ijk, 1.0])[:3])
    return np.array(found)


@pytest.mark.parametrize("transformed", [False, True])
def test_the_axial_view_shows_the_whole_slice(add_volume, add_transform, affine, rigid, scene, views, transformed):
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    world = affine
    if transformed:
        add_transform(rigid, volume)
        world = rigid @ affine
    axis = slice_axis(Grid(SHAPE[::-1], affine))
    for index in (0, 2, SHAPE[2 - axis] - 1):
        point = jump_to_slice(scene, volume, index)
        normal = np.cross(*(np.delete(world[:3, :3], axis, axis=1).T))
        facing = max(views.values(), key=lambda view: abs(frame(view)[:3, 2] @ normal))
        np.testing.assert_allclose(distance_mm(facing, corners(world, axis, index)), 0, atol=1e-4)
        for view in views.values():
            assert distance_mm(view, point[None])[0] < 1e-4
            to_ras = frame(view)[:3, :3]
            np.testing.assert_allclose(to_ras.T @ to_ras, np.eye(3), atol=1e-6)  # neither stretched nor sheared


def test_the_other_views_keep_their_orientation(add_volume, oblique_affine, scene, views):
    volume = add_volume(np.zeros(SHAPE, np.int16), oblique_affine)
    before = {name: frame(view)[:3, :3] for name, view in views.items()}
    jump_to_slice(scene, volume, 3)
    np.testing.assert_allclose(frame(views["Sagittal"])[:3, :3], before["Sagittal"])
    np.testing.assert_allclose(frame(views["Coronal"])[:3, :3], before["Coronal"])
    assert np.abs(frame(views["Axial"])[:3, :3] - before["Axial"]).max() > 0.1


def test_the_views_meet_where_attention_is_strongest(add_volume, add_transform, affine, rigid, scene, views):
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    attention = np.zeros(SHAPE, np.float32)
    axis = slice_axis(Grid(SHAPE[::-1], affine))
    ijk = [2, 5, 3]
    attention[ijk[2], ijk[1], ijk[0]] = 0.8
    attention[0, 0, 0] = 1.0  # in another slice
    node = add_attention_volume(scene, "Attention", image_data(attention), Grid(SHAPE[::-1], affine), 0.3)
    add_transform(rigid, volume, node)
    point = jump_to_slice(scene, volume, ijk[axis], node)
    np.testing.assert_allclose(point, (rigid @ affine @ [*ijk, 1])[:3], atol=1e-9)


def test_slices_are_counted_along_the_axis_of_the_slice_table(affine):
    grid = Grid(SHAPE[::-1], affine)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    direction = np.diag([-1, -1, 1]) @ affine[:3, :3] / spacing
    geometry = Geometry(
        grid.size, tuple(spacing), tuple(np.diag([-1, -1, 1]) @ affine[:3, 3]), tuple(direction.ravel())
    )
    assert slice_axis(grid) == 2 - geometry.superior_axis


@pytest.mark.parametrize("index", [-1, 99])
def test_a_slice_that_is_none_is_refused(add_volume, oblique_affine, scene, views, index):
    volume = add_volume(np.zeros(SHAPE, np.int16), oblique_affine)
    before = frame(views["Axial"])
    with pytest.raises(UsageError, match=str(index)):
        jump_to_slice(scene, volume, index)
    np.testing.assert_array_equal(frame(views["Axial"]), before)
