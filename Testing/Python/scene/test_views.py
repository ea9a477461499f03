"""Views without a window draw what is in the scene, at its place and size."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import vtk

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.scene import views
from UMambaXAILogic.scene.grid import Grid, image_data
from UMambaXAILogic.scene.heat_map import add_attention_volume
from UMambaXAILogic.scene.views import SliceView, ThreeDView, check_rendering
from UMambaXAILogic.scene.volume_rendering import add_volume_rendering


@pytest.fixture(scope="module")
def opengl():
    try:
        check_rendering()
    except NotInstalledError as error:
        pytest.skip(f"skipped: {error.message}")


@pytest.fixture
def add_sphere(scene):
    def add(center, radius, color):
        source = vtk.vtkSphereSource()
        source.SetCenter(center)
        source.SetRadius(radius)
        source.SetThetaResolution(60)
        source.SetPhiResolution(60)
        source.Update()
        node = scene.AddNewNodeByClass("vtkMRMLModelNode", "Sphere")
        node.SetAndObservePolyData(source.GetOutput())
        node.CreateDefaultDisplayNodes()
        node.GetDisplayNode().SetColor(color)
        node.GetDisplayNode().SetVisibility2D(True)
        return node

    return add


def red_box(picture) -> tuple[int, int, int, int]:
    """(left, top, right, bottom) of the red pixels."""
    red = picture[..., 0] > picture[..., 2]  # the background is bluish
    rows, columns = np.nonzero(red.any(1))[0], np.nonzero(red.any(0))[0]
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def test_a_model_fills_the_frame_it_is_given(application, add_sphere, opengl):
    add_sphere((10, -20, 30), 15, (1, 0, 0))
    view = ThreeDView(application, 400, 300)
    points = np.array([[10, -20, 30]]) + 15 * np.array([[1, 0, 0], [-1, 0, 0], [0, 0, 1], [0, 0, -1]])
    view.look(points, (0, -1, 0), (20, 50, 320, 250))
    picture = view.draw()
    view.close()
    assert picture.shape == (300, 400, 3)
    np.testing.assert_allclose(red_box(picture), (70, 50, 270, 250), atol=2)  # 200 pixels high, centred in 20-320


def test_left_of_the_patient_is_on_the_right_when_looking_at_the_face(application, add_sphere, opengl):
    add_sphere((-40, 0, 0), 5, (1, 0, 0))  # RAS: -40 is left
    view = ThreeDView(application, 200, 200)
    view.look(np.array([[-50.0, 0, -50], [50, 0, 50]]), (0, -1, 0), (0, 0, 200, 200))
    left, _, right, _ = red_box(view.draw())
    view.close()
    assert left > 150 and right <= 200


def test_hidden_models_are_not_drawn(application, add_sphere, opengl):
    node = add_sphere((0, 0, 0), 15, (1, 0, 0))
    node.GetDisplayNode().SetVisibility(False)
    view = ThreeDView(application, 100, 100)
    view.look(np.array([[-15.0] * 3, [15.0] * 3]), (0, -1, 0), (0, 0, 100, 100))
    picture = view.draw()
    view.close()
    assert not ((picture[..., 0] > 80) & (picture[..., 1] < 60)).any()


def test_slices_show_image_and_model_outlines_at_the_same_place(application, add_volume, add_sphere, opengl):
    affine = np.diag([-0.5, -0.5, 0.5, 1.0])
    affine[:3, 3] = (20, 20, -20)
    k, j, i = np.indices((80, 80, 80))
    distance = np.linalg.norm(affine[:3, :3] @ np.stack([i, j, k]).reshape(3, -1) + affine[:3, 3:], axis=0)
    ball = add_volume((distance.reshape(80, 80, 80) <= 10).astype(np.int16) * 100, affine)
    ball.CreateDefaultDisplayNodes()
    ball.GetDisplayNode().SetAutoWindowLevel(False)
    ball.GetDisplayNode().SetWindowLevelMinMax(0, 100)
    add_sphere((0, 0, 0), 10, (1, 0, 0))
    view = SliceView(application, "Test", "Axial", 200, 200)
    view.logic.GetSliceCompositeNode().SetBackgroundVolumeID(ball.GetID())
    view.show((0, 0, 0), 40.0)  # 5 pixels a mm
    picture = view.draw().astype(int)
    view.close()
    outline = (picture[..., 0] > 150) & (picture[..., 1] < 100)
    white = (picture > 200).all(-1)
    rows, columns = np.nonzero(outline)
    radius = np.hypot(rows - 99.5, columns - 99.5)
    np.testing.assert_allclose(radius, 50, atol=3)
    rows, columns = np.nonzero(white)
    assert 44 < np.hypot(rows - 99.5, columns - 99.5).max() < 54
    assert white.sum() == pytest.approx(np.pi * 50**2, rel=0.1)


@pytest.mark.parametrize("projection", [False, True])
def test_volume_rendering_shows_strong_attention_and_hides_weak(application, scene, opengl, projection):
    k, j, i = np.indices((40, 40, 40))
    attention = np.where((np.abs(i - 10) < 5) & (np.abs(j - 20) < 5) & (np.abs(k - 20) < 5), 1.0, 0.05)
    affine = np.eye(4)
    affine[:3, 3] = -19.5
    node = add_attention_volume(
        scene, "Attention", image_data(attention.astype(np.float32)), Grid((40, 40, 40), affine), 0.3
    )
    view = ThreeDView(application, 100, 100)
    display = add_volume_rendering(scene, node, projection_view=view.node if projection else None)
    assert not display.GetVolumePropertyNode().GetVolumeProperty().GetShade()
    view.node.SetBackgroundColor(0, 0, 0)
    view.node.SetBackgroundColor2(0, 0, 0)
    view.look(np.array([[-20.0] * 3, [20.0] * 3]), (0, -1, 0), (0, 0, 100, 100))
    picture = view.draw().astype(int)
    view.close()
    bright = picture.sum(-1) > 150
    rows, columns = np.nonzero(bright)
    assert rows.min() >= 25 and rows.max() <= 75
    # i = 10 is 10 mm to the patient's left (negative R), so on the right side of the picture
    assert 55 < columns.mean() < 90
    assert picture[50, 10].sum() < 30


def test_where_nothing_can_be_drawn_the_package_is_named(monkeypatch):
    monkeypatch.setattr(views, "_PROBE", "import os; os.abort()")
    with pytest.raises(NotInstalledError, match="OpenGL") as caught:
        check_rendering()
    assert "libegl1" in caught.value.remedy
    assert sys.executable  # this process lives on
