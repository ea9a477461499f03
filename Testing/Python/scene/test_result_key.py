"""The keys say what every colour means that is in sight, and nothing about those that are not."""

from __future__ import annotations

import numpy as np
import pytest
import slicer

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.scene.colors import FALSE_NEGATIVE, GROUND_TRUTH, PREDICTION, PREDICTION_OUTLINE, TRUE_POSITIVE
from UMambaXAILogic.scene.export_volume import write_array
from UMambaXAILogic.scene.grid import Grid
from UMambaXAILogic.scene.import_results import GroundTruthFile, ImportRequest, ResultImport
from UMambaXAILogic.scene.result_view import ViewState
from UMambaXAILogic.scene.result_view.key import key_entries, slice_key, three_d_key
from UMambaXAILogic.scene.result_view.renewal import renew_legends
from UMambaXAILogic.scene.result_view.views import three_d_view
from UMambaXAILogic.scene.views import SliceView, ThreeDView, check_rendering

NOTHING = ViewState(attention=(), prediction="off", truth="off", errors=False)


def texts(entries) -> list[str]:
    return [entry.text for entry in entries]


@pytest.mark.parametrize(
    ("changes", "slices", "three_d"),
    [
        ({}, [], []),
        ({"attention": "overlay"}, [], []),  # the colour legend is there
        ({"attention": ("overlay", "projection"), "threshold": 0.25}, ["Attention from 0.25"], []),
        ({"attention": ("contours", "surface")}, ["Attention from 0.30"], ["Attention below 0.30"]),
        ({"attention": "cloud", "truth": "fill"}, ["Ground truth"], ["Ground truth"]),
        ({"truth": "outline"}, ["Ground truth"], ["Ground truth"]),
        (
            {"prediction": "fill", "truth": "outline"},
            ["Prediction", "Ground truth"],
            ["Prediction", "Missed, beyond 1 voxel"],
        ),
        (
            {"attention": ("overlay", "surface"), "truth": "outline"},
            ["Attention from 0.30", "Ground truth"],
            ["Attention below 0.30", "Missed, beyond 1 voxel"],
        ),
        (
            {"errors": True},
            ["True positive", "False positive", "False negative"],
            ["Found", "False, beyond 1 voxel", "Missed, beyond 1 voxel"],
        ),
        (
            {"errors": True, "attention": "surface"},
            ["True positive", "False positive", "False negative"],
            ["Attention below 0.30", "Missed, beyond 1 voxel"],
        ),
    ],
)
def test_each_state_has_its_words(changes, slices, three_d):
    state = NOTHING.changed(**changes)
    assert texts(slice_key(state, True)) == slices
    assert texts(three_d_key(state, True)) == three_d


def test_colours_are_those_that_are_drawn():
    on_attention = NOTHING.changed(attention="overlay", prediction="outline", truth="outline")
    assert slice_key(on_attention, True)[0].color == three_d_key(on_attention, True)[0].color == PREDICTION_OUTLINE
    alone = NOTHING.changed(prediction="outline")
    assert slice_key(alone, True)[0].color == three_d_key(alone, True)[0].color == PREDICTION
    assert slice_key(NOTHING.changed(truth="fill"), True)[0].color == GROUND_TRUTH
    assert slice_key(NOTHING.changed(errors=True), True)[2].color == FALSE_NEGATIVE


def test_a_prediction_of_several_labels_has_no_one_colour():
    state = NOTHING.changed(prediction="fill")
    assert slice_key(state, False) == three_d_key(state, False) == []


@pytest.fixture
def view(scene, add_volume, write_result, vessel, tmp_path):
    prediction, truth, attention = vessel
    affine = np.diag([-1.0, -1.0, 1.0, 1.0])
    volume = add_volume(np.zeros(prediction.shape, np.int16), affine)
    grid = Grid(prediction.shape[::-1], affine)
    write_array(truth, grid, tmp_path / "gt.nrrd")
    files = write_result(prediction, attention, affine, truth)
    truth_file = GroundTruthFile(tmp_path / "gt.nrrd", (1,))
    request = ImportRequest(volume.GetID(), grid, files, "demo", "seg-xres-cam", 0.3, truth_file)
    return ResultImport(scene, request).run().view


def written(view, where: str) -> list[str]:
    """Top to bottom."""
    legend = view.nodes.get(f"key.{where}")
    if legend is None or not legend.GetVisibility():
        return []
    return [entry.text for entry in reversed(key_entries(view.nodes.get(f"key_colors.{where}"))) if entry.text]


def test_the_views_hold_the_keys_of_what_they_show(view, scene):
    three_d = three_d_view(scene)
    view.show(attention=("overlay", "surface"), truth="outline", threshold=0.4)
    assert written(view, "slices") == ["Attention from 0.40", "Ground truth"]
    assert written(view, "3d") == ["Attention below 0.40", "Missed, beyond 1 voxel"]
    assert view.nodes.get("key.3d").IsDisplayableInView(three_d.GetID())
    assert not view.nodes.get("key.3d").IsDisplayableInView("vtkMRMLSliceNodeRed")
    assert view.nodes.get("key.slices").IsDisplayableInView("vtkMRMLSliceNodeRed")
    view.show(attention=(), errors=True, truth="off")
    assert written(view, "slices") == ["True positive", "False positive", "False negative"]
    view.show(errors=False, truth="fill")
    assert written(view, "slices") == ["Ground truth"]  # a single entry too
    view.hide()
    assert written(view, "slices") == written(view, "3d") == []


def test_the_legend_says_range_model_method_layer_and_what_is_left_out(view):
    view.show(attention=("overlay", "cloud"), threshold=0.4)
    title = view.nodes.get("legend").GetTitleText()
    assert title == "Attention (0-1)\ndemo, seg-xres-cam\nencoder.1\nhidden below 0.40"
    view.show(attention="surface")
    assert view.nodes.get("legend").GetTitleText().endswith("dull below 0.40")


def test_an_unchanged_key_is_left_alone(view):
    """Sliders call this many times a second, and every change draws the views."""
    view.show(attention=("overlay", "surface"), truth="outline")
    table = view.nodes.get("key_colors.slices")
    before = table.GetMTime()
    view.show(opacity=0.2)
    assert table.GetMTime() == before


@pytest.fixture
def opengl():
    try:
        check_rendering()
    except NotInstalledError as error:
        pytest.skip(f"skipped: {error.message}")


def near(picture, color) -> int:
    return int((np.abs(picture / 255 - np.array(color)) < 0.05).all(-1).sum())


def test_a_view_that_is_made_later_gets_the_legends_too(view, application, scene, opengl):
    """As the result's layout makes its 3-D view after the result is shown."""
    view.show(attention=(), prediction="off", truth="off", errors=True)
    for name in ("errors", "missed"):  # nothing but the key is left to see
        view.nodes.get(name).GetDisplayNode().SetVisibility(False)
    later = ThreeDView(application, 400, 360, three_d_view(scene))
    slices = SliceView(application, "Red", "Axial", 400, 360)
    assert near(later.draw(), TRUE_POSITIVE) == near(slices.draw(), TRUE_POSITIVE) == 0
    count = scene.GetNumberOfNodesByClass("vtkMRMLColorLegendDisplayNode")
    renew_legends(view.nodes)
    assert near(later.draw(), TRUE_POSITIVE) > 50 and near(slices.draw(), TRUE_POSITIVE) > 50
    assert scene.GetNumberOfNodesByClass("vtkMRMLColorLegendDisplayNode") == count
    assert isinstance(view.nodes.get("key.3d"), slicer.vtkMRMLColorLegendDisplayNode)
    later.close()
    slices.close()
