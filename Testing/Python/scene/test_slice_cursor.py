"""The chart's cursor follows the slice views to the slice that they show, and to nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest

from UMambaXAILogic.scene.grid import local_grid
from UMambaXAILogic.scene.import_results import ImportRequest, ResultImport
from UMambaXAILogic.scene.jump import jump_to_slice, shown_slice
from UMambaXAILogic.scene.slice_cursor import SliceCursor

SHAPE = (12, 14, 16)


@pytest.fixture
def views(scene):
    """The application's three slice views, by name."""
    nodes = {}
    for name, orientation in (("Red", "Axial"), ("Yellow", "Sagittal"), ("Green", "Coronal")):
        node = scene.AddNewNodeByClass("vtkMRMLSliceNode", name)
        node.SetLayoutName(name)
        node.SetOrientation(orientation)
        nodes[name] = node
    return nodes


@pytest.fixture
def nodes(scene, add_volume, write_result, vessel, oblique_affine):
    """A result whose slice n lies at 10 + 0.9 n mm in the chart."""
    prediction, _, attention = vessel
    volume = add_volume(np.zeros(prediction.shape, np.int16), oblique_affine)
    files = write_result(prediction, attention, oblique_affine)
    request = ImportRequest(volume.GetID(), local_grid(volume), files, "demo", "seg-xres-cam", 0.3)
    return ResultImport(scene, request).run().view.nodes


@pytest.fixture
def cursor():
    follower = SliceCursor()
    yield follower
    follower.stop()


def cursor_mm(nodes) -> float:
    """Where the line stands; both of its ends must."""
    table = nodes.get("cursor").GetTableNode().GetTable()
    ends = [table.GetColumnByName("position_s_mm").GetValue(row) for row in (0, 1)]
    assert ends[0] == ends[1] or all(map(math.isnan, ends))
    return ends[0]


def show(view, affine: np.ndarray, index: int, shape=SHAPE) -> None:
    """Move a view to a slice of a volume, as scrolling does."""
    middle = [(count - 1) / 2 for count in shape[::-1]]
    middle[2] = index
    view.JumpSliceByOffsetting(*(affine @ [*middle, 1.0])[:3])


def test_scrolling_moves_the_line(nodes, views, cursor, oblique_affine):
    jump_to_slice(nodes.scene, nodes.get("volume"), 3)
    cursor.follow(nodes)
    assert cursor_mm(nodes) == pytest.approx(10 + 0.9 * 3)
    for index in (0, 7, 11):
        show(views["Red"], oblique_affine, index)
        assert cursor_mm(nodes) == pytest.approx(10 + 0.9 * index)
    cursor.stop()
    show(views["Red"], oblique_affine, 2)
    assert cursor_mm(nodes) == pytest.approx(10 + 0.9 * 11)


def test_views_that_show_other_planes_do_not_move_it(nodes, views, cursor):
    jump_to_slice(nodes.scene, nodes.get("volume"), 3)
    cursor.follow(nodes)
    for name in ("Yellow", "Green"):
        views[name].SetSliceOffset(views[name].GetSliceOffset() + 2)
    assert cursor_mm(nodes) == pytest.approx(12.7)


def test_beside_the_volume_there_is_no_line(nodes, views, cursor, oblique_affine):
    jump_to_slice(nodes.scene, nodes.get("volume"), 3)  # turns the view into the slices' plane
    show(views["Red"], oblique_affine, -3)
    cursor.follow(nodes)
    assert math.isnan(cursor_mm(nodes))
    show(views["Red"], oblique_affine, 0)
    assert cursor_mm(nodes) == pytest.approx(10)


def test_one_result_at_a_time_is_followed(
    nodes, views, cursor, oblique_affine, scene, add_volume, write_result, vessel
):
    prediction, _, attention = vessel
    volume = add_volume(np.zeros(prediction.shape, np.int16), oblique_affine)
    files = write_result(prediction, attention, oblique_affine)
    request = ImportRequest(volume.GetID(), local_grid(volume), files, "other", "seg-xres-cam", 0.3)
    other = ResultImport(scene, request).run().view.nodes
    jump_to_slice(scene, volume, 4)
    cursor.follow(nodes)
    cursor.follow(other)
    show(views["Red"], oblique_affine, 8)
    assert cursor_mm(nodes) == pytest.approx(10 + 0.9 * 4)
    assert cursor_mm(other) == pytest.approx(10 + 0.9 * 8)


def test_a_result_that_goes_away_leaves_views_that_can_be_scrolled(nodes, views, cursor, oblique_affine, scene):
    cursor.follow(nodes)
    scene.RemoveNode(nodes.get("chart"))
    show(views["Red"], oblique_affine, 5)
    scene.RemoveNode(nodes.record)
    show(views["Red"], oblique_affine, 6)


@pytest.mark.parametrize("turned", [0, 80, 200])
def test_the_slice_that_is_shown_is_the_one_that_was_jumped_to(scene, views, add_volume, add_transform, affine, turned):
    """Also under a transform that turns the volume until another of its axes is the upright one."""
    volume = add_volume(np.zeros((7, 9, 11), np.int16), affine)
    angle = np.deg2rad(turned)
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    add_transform(turn, volume)
    for index in (0, 3, 6):
        jump_to_slice(scene, volume, index)
        assert shown_slice(scene, volume) == index


@pytest.mark.parametrize("index", [0, 3, 6])
@pytest.mark.parametrize("offset", [-0.49, -0.2, 0.3, 0.49])
def test_the_nearest_slice_counts(scene, views, add_volume, index, offset):
    volume = add_volume(np.zeros((7, 9, 11), np.int16), np.diag([-0.5, -0.5, 0.8, 1.0]))
    views["Red"].SetSliceOffset(0.8 * (index + offset))
    assert shown_slice(scene, volume) == index
