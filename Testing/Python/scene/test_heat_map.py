"""Attention on slices: every pixel is the one that grid, window, threshold and colours demand."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from vtk.util.numpy_support import vtk_to_numpy

from UMambaXAILogic.engine.attention_colors import attention_colors
from UMambaXAILogic.scene.colors import attention_color_node
from UMambaXAILogic.scene.grid import Grid, image_data, numpy_matrix
from UMambaXAILogic.scene.heat_map import (
    add_attention_volume,
    add_legend,
    hide_from_slices,
    set_threshold,
    show_on_slices,
)

SIZE = 220
OPACITY, THRESHOLD = 0.6, 0.3
LOW, HIGH = 0.0, 1000.0


@pytest.fixture
def head() -> tuple[np.ndarray, np.ndarray]:
    """An image and a map without symmetry, (14, 20, 24)."""
    random = np.random.default_rng(3)
    image = random.integers(0, 1000, (14, 20, 24)).astype(np.int16)
    return image, random.random((14, 20, 24)).astype(np.float32)


@pytest.fixture
def draw(application, scene):
    """The pixels of a slice view, (row, column, RGB), row 0 at the bottom, and XY to RAS."""

    def run(orientation: str, show):
        logic = slicer.vtkMRMLSliceLogic()
        logic.SetMRMLApplicationLogic(application.application_logic)
        application.application_logic.GetSliceLogics().AddItem(logic)
        logic.SetMRMLScene(scene)
        node = logic.AddSliceNode("Test")
        node.SetOrientation(orientation)
        logic.ResizeSliceNode(SIZE, SIZE)
        show()
        logic.FitSliceToAll()
        pipeline = logic.GetImageDataConnection()
        pipeline.GetProducer().Update()
        image = pipeline.GetProducer().GetOutputDataObject(pipeline.GetIndex())
        pixels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(SIZE, SIZE, -1)[:, :, :3]
        return pixels.astype(float), numpy_matrix(node.GetXYToRAS())

    return run


def expected_pixels(image, attention, ras_to_ijk, xy_to_ras):
    """Nearest-neighbour look-up, window, colours, blending: written without VTK."""
    y, x = np.indices((SIZE, SIZE))
    points = ras_to_ijk @ xy_to_ras @ np.stack([x.ravel(), y.ravel(), np.zeros(x.size), np.ones(x.size)])
    indices = points[:3]
    i, j, k = np.floor(indices + 0.5).astype(int)
    size = np.array(image.shape[::-1])[:, None]
    inside = ((indices > -0.49) & (indices < size - 0.51)).all(0)
    clear = inside & (np.abs(indices - np.floor(indices) - 0.5) > 0.02).all(0)  # not on the edge of two voxels
    i, j, k = (np.clip(axis, 0, end - 1) for axis, end in zip((i, j, k), size.ravel(), strict=True))
    grey = np.clip((image[k, j, i] - LOW) / (HIGH - LOW), 0, 1)[:, None] * 255 * np.ones(3)
    values = attention[k, j, i]
    color = attention_colors(256)[np.clip((values * 255).round().astype(int), 0, 255)] * 255
    alpha = np.where(values >= THRESHOLD, OPACITY, 0.0)[:, None]
    return ((1 - alpha) * grey + alpha * color).reshape(SIZE, SIZE, 3), clear.reshape(SIZE, SIZE)


def wrong_share(pixels, expected, clear) -> float:
    return float((np.abs(pixels - expected)[clear] > 4).any(-1).mean())


@pytest.mark.parametrize("orientation", ["Axial", "Coronal", "Sagittal"])
def test_slice_pixels_are_predicted(scene, add_volume, add_transform, draw, head, affine, rigid, orientation):
    image, attention = head
    volume = add_volume(image, affine)
    volume.CreateDefaultDisplayNodes()
    display = volume.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(LOW, HIGH)
    node = add_attention_volume(scene, "Attention", image_data(attention), Grid(image.shape[::-1], affine), THRESHOLD)
    display.SetInterpolate(False)
    node.GetDisplayNode().SetInterpolate(False)
    add_transform(rigid, volume, node)
    pixels, xy_to_ras = draw(orientation, lambda: show_on_slices(scene, volume, node, OPACITY))
    ras_to_ijk = np.linalg.inv(rigid @ affine)
    expected, clear = expected_pixels(image, attention, ras_to_ijk, xy_to_ras)
    assert clear.mean() > 0.1
    assert wrong_share(pixels, expected, clear) < 0.002
    shifted = np.eye(4)
    shifted[:3, 3] = 0.5  # the check itself notices half a voxel
    assert wrong_share(pixels, expected_pixels(image, attention, shifted @ ras_to_ijk, xy_to_ras)[0], clear) > 0.05


def test_threshold_and_hiding(scene, add_volume, head, oblique_affine):
    image, attention = head
    composite = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    other = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    volume = add_volume(image, oblique_affine)
    node = add_attention_volume(scene, "Attention", image_data(attention), Grid(image.shape[::-1], oblique_affine), 0.3)
    set_threshold(node, 0.7)
    assert node.GetDisplayNode().GetLowerThreshold() == pytest.approx(0.7)
    show_on_slices(scene, volume, node, 0.5)
    other.SetForegroundVolumeID(volume.GetID())
    hide_from_slices(scene, node)
    assert composite.GetForegroundVolumeID() is None
    assert other.GetForegroundVolumeID() == volume.GetID()  # what somebody else shows stays


def test_the_colour_table_is_one_per_scene(scene):
    first = attention_color_node(scene)
    assert attention_color_node(scene) is first
    color = [0.0] * 4
    for index in (0, 77, 255):
        first.GetColor(index, color)
        np.testing.assert_allclose(color[:3], attention_colors(256)[index], atol=1 / 255)


def test_legend_ticks_are_a_quarter_apart_and_say_so(scene, head, oblique_affine):
    node = add_attention_volume(scene, "Attention", image_data(head[1]), Grid(head[1].shape[::-1], oblique_affine), 0.3)
    legend = add_legend(node)
    labels = [legend.GetLabelFormat() % value for value in np.linspace(0, 1, legend.GetNumberOfLabels())]
    assert labels == ["0.00", "0.25", "0.50", "0.75", "1.00"]
