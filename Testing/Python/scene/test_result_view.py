"""A result shown in every way: made when first asked for, changed at once, reversible, and saved with the scene."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from hypothesis import given
from hypothesis import strategies as st
from vtk.util.numpy_support import vtk_to_numpy

from UMambaXAILogic.engine.attention_colors import attention_colors
from UMambaXAILogic.engine.errors import InputError, UsageError
from UMambaXAILogic.scene.colors import GROUND_TRUTH, PREDICTION_OUTLINE
from UMambaXAILogic.scene.grid import Grid, image_array, local_grid
from UMambaXAILogic.scene.label_export import segments_on_grid
from UMambaXAILogic.scene.result_view import ATTENTION_MODES, MASK_MODES, ResultView, ViewState, find_results
from UMambaXAILogic.scene.result_view.cloud import cloud_opacity
from UMambaXAILogic.scene.result_view.projection import projection_opacity
from UMambaXAILogic.scene.result_view.views import projection_view, three_d_view
from UMambaXAILogic.scene.run_nodes import remove_with_display
from UMambaXAILogic.scene.subject_hierarchy import folder_of
from UMambaXAILogic.scene.volume_rendering import CLOUD_OPACITY


@pytest.fixture
def composites(scene):
    """Two slice views."""
    nodes = []
    for name in ("Red", "Green"):
        node = slicer.vtkMRMLSliceCompositeNode()
        node.SetLayoutName(name)
        nodes.append(scene.AddNode(node))
    return nodes


def count(scene) -> int:
    return scene.GetNumberOfNodes()


def shown_levels(contours) -> set[float]:
    """The levels of the lines that the display lets through."""
    connection = contours.GetDisplayNode().GetOutputMeshConnection()
    connection.GetProducer().Update()
    mesh = connection.GetProducer().GetOutputDataObject(0)
    values = mesh.GetPointData().GetArray("Attention")
    return set() if not mesh.GetNumberOfPoints() else set(np.round(vtk_to_numpy(values).astype(float), 2))


def opacity_at(rendering, attention: float) -> float:
    return rendering.GetVolumePropertyNode().GetVolumeProperty().GetScalarOpacity().GetValue(attention)


def override(display, segment_id) -> tuple[float, ...]:
    """The colour that a display gives a segment instead of its own; -1 where it gives none."""
    color = display.GetSegmentOverrideColor(segment_id)
    return tuple(color[index] for index in range(3))


modes = st.lists(st.sampled_from(ATTENTION_MODES), unique=True)
unit = st.floats(0, 1)


@given(modes, st.sampled_from(MASK_MODES), st.sampled_from(MASK_MODES), st.booleans(), unit, unit)
def test_a_state_survives_as_text(attention, prediction, truth, errors, opacity, threshold):
    state = ViewState().changed(
        attention=attention,
        prediction=prediction,
        truth=truth,
        errors=errors,
        opacity=opacity,
        threshold=threshold,
        layer="encoder.2",
    )
    assert ViewState.from_text(state.to_text()) == state
    assert set(state.attention) == set(attention)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"attention": "heat"}, "heat"),
        ({"prediction": "dots"}, "dots"),
        ({"truth": "dots"}, "dots"),
        ({"opacity": 1.5}, "1.5"),
        ({"threshold": -0.1}, "-0.1"),
        ({"opacity": float("nan")}, "nan"),
    ],
)
def test_what_is_no_state_is_refused_with_the_value_and_leaves_the_view_alone(result, change, words):
    view = result().view
    before = view.show()
    with pytest.raises(UsageError, match=words):
        view.show(**change)
    assert view.state == before


def test_nothing_is_made_before_it_is_shown(result, scene):
    view = result().view
    view.show(attention=(), truth="off")
    names = [scene.GetNthNode(index).GetName() or "" for index in range(count(scene))]
    assert not [name for name in names if "contours" in name or "TP, FP, FN" in name or "encoder" in name]
    before = count(scene)
    view.show(attention="contours")
    added = count(scene) - before
    assert added > 0
    view.show(attention=())
    view.show(attention="contours", threshold=0.6)
    view.show(attention="contours", opacity=0.2)
    assert count(scene) == before + added


def test_the_overlay_gives_slice_views_back_what_they_showed(result, add_volume, composites):
    red, green = composites
    imported = result()
    other = add_volume(np.zeros((2, 2, 2), np.int16), np.eye(4), "other")
    red.SetForegroundVolumeID(other.GetID())
    red.SetForegroundOpacity(0.7)
    view = imported.view
    view.show(attention="overlay", threshold=0.4, opacity=0.3)
    attention = imported.attention_node
    for composite in composites:
        assert composite.GetForegroundVolumeID() == attention.GetID()
        assert composite.GetBackgroundVolumeID() == imported.volume_node.GetID()
        assert composite.GetForegroundOpacity() == pytest.approx(0.3)
    assert attention.GetDisplayNode().GetLowerThreshold() == pytest.approx(0.4)
    view.show(opacity=0.9)
    assert red.GetForegroundOpacity() == pytest.approx(0.9)
    view.hide()
    assert red.GetForegroundVolumeID() == other.GetID()
    assert red.GetForegroundOpacity() == pytest.approx(0.7)
    assert green.GetForegroundVolumeID() is None


def test_a_foreground_that_somebody_chose_meanwhile_stays(result, add_volume, composites):
    view = result().view
    view.show(attention="overlay")
    other = add_volume(np.zeros((2, 2, 2), np.int16), np.eye(4), "other")
    composites[0].SetForegroundVolumeID(other.GetID())
    view.hide()
    assert composites[0].GetForegroundVolumeID() == other.GetID()


def test_a_map_that_was_put_there_by_hand_goes_too(result, composites):
    imported = result()
    composites[0].SetForegroundVolumeID(imported.attention_node.GetID())
    imported.view.show(attention="overlay")
    imported.view.hide()
    assert composites[0].GetForegroundVolumeID() is None
    composites[0].SetForegroundVolumeID(imported.attention_node.GetID())
    imported.view.hide()
    assert composites[0].GetForegroundVolumeID() is None


def test_lines_below_the_threshold_go_at_once(result):
    view = result().view
    view.show(attention="contours", threshold=0.3)
    contours = view.nodes.get("contours")
    assert shown_levels(contours) == {0.3, 0.5, 0.7, 0.9}
    view.show(threshold=0.6)
    assert shown_levels(contours) == {0.7, 0.9}
    view.show(threshold=0.95)
    assert shown_levels(contours) == set()
    view.show(attention=())
    assert not contours.GetDisplayNode().GetVisibility()


def test_colours_are_dull_below_the_threshold_and_exact_above(result):
    view = result().view
    view.show(attention="surface", threshold=0.5)
    table = view.nodes.get("surface").GetDisplayNode().GetColorNode()
    color = [0.0] * 4
    for index in (0, 100, 128, 255):
        table.GetColor(index, color)
        exact = attention_colors(256)[index]
        if index >= 128:
            np.testing.assert_allclose(color[:3], exact, atol=1 / 255)
        else:
            assert np.ptp(color[:3]) < 0.5 * np.ptp(exact)
    view.show(threshold=0.0)
    table.GetColor(0, color)
    np.testing.assert_allclose(color[:3], attention_colors(256)[0], atol=1 / 255)


def test_the_surface_is_plainly_the_prediction_in_three_dimensions(result):
    view = result().view
    view.show(attention="surface", prediction="outline")
    assert view.nodes.get("surface").GetDisplayNode().GetVisibility()
    assert not view.nodes.get("segmentation").GetDisplayNode().GetVisibility3D()
    view.show(attention=())
    assert not view.nodes.get("surface").GetDisplayNode().GetVisibility()
    assert view.nodes.get("segmentation").GetDisplayNode().GetVisibility3D()


def test_layers_are_read_when_they_are_looked_at(result, vessel):
    view = result().view
    assert view.layers == ("mean", "encoder.2", "encoder.10", "decoder.0")
    view.show(attention=("overlay", "contours", "surface"), layer="encoder.2")
    node = view.nodes.get("layer.encoder.2")
    np.testing.assert_allclose(image_array(node.GetImageData()), vessel[2] ** 3, atol=1e-6)
    assert view.nodes.get("layer.decoder.0") is None
    surface = view.nodes.get("surface").GetPolyData()
    strong = vtk_to_numpy(surface.GetPointData().GetArray("Attention")).max()
    lines = view.nodes.get("contours").GetPolyData().GetNumberOfPoints()
    view.show(layer="mean")
    assert vtk_to_numpy(surface.GetPointData().GetArray("Attention")).max() > strong
    assert view.nodes.get("contours").GetPolyData().GetNumberOfPoints() > lines  # the mean is wider
    with pytest.raises(UsageError, match="encoder.7"):
        view.show(layer="encoder.7")
    assert view.state.layer == "mean"


def test_a_layer_whose_map_has_gone_can_be_hidden_and_left(result, scene):
    view = result().view
    view.show(layer="encoder.2")
    remove_with_display(scene, view.nodes.get("layer.encoder.2"))
    scene.RemoveNode(view.nodes.get("layer_files"))  # as in a scene that was saved and loaded
    with pytest.raises(UsageError, match="encoder.2"):
        view.show(threshold=0.5)
    assert view.hide().attention == ()
    assert view.show(attention="overlay", layer="mean").layer == "mean"


def test_layers_outlive_the_folder_they_were_written_to(result, tmp_path):
    import shutil

    view = result().view
    shutil.rmtree(tmp_path / "result")
    view.show(layer="decoder.0")
    assert view.nodes.get("layer.decoder.0") is not None


@given(st.floats(0, 1), st.floats(0, 1))
def test_no_opacity_below_the_threshold(threshold, opacity):
    for points in (cloud_opacity(threshold, opacity), projection_opacity(threshold)):
        values, amounts = zip(*points, strict=True)
        assert list(values) == sorted(values)
        assert all(0 <= value <= 1 and 0 <= amount <= 1 for value, amount in points)
        assert all(amount == 0 for value, amount in points if value < threshold - 0.01001)


def test_the_cloud_has_its_usual_opacity_at_the_usual_threshold():
    np.testing.assert_allclose(cloud_opacity(0.3, 0.55), CLOUD_OPACITY, atol=1e-9)


def test_cloud_and_projection_keep_to_their_views(result, scene):
    mine, own, black = scene.AddNewNodeByClass("vtkMRMLViewNode"), three_d_view(scene), projection_view(scene)
    view = result().view
    view.show(attention=("cloud", "projection"))
    cloud, projection = view.nodes.get("cloud.mean"), view.nodes.get("projection.mean")
    assert set(cloud.GetViewNodeIDs()) == {mine.GetID(), own.GetID()}
    assert set(projection.GetViewNodeIDs()) == {black.GetID()}
    assert black.GetRaycastTechnique() == slicer.vtkMRMLViewNode.MaximumIntensityProjection
    assert own.GetRaycastTechnique() != slicer.vtkMRMLViewNode.MaximumIntensityProjection
    view.show(layer="encoder.2")
    assert not cloud.GetVisibility() and view.nodes.get("cloud.encoder.2").GetVisibility()
    assert opacity_at(view.nodes.get("cloud.encoder.2"), 0.5) > 0
    view.show(threshold=0.8)
    assert opacity_at(view.nodes.get("cloud.encoder.2"), 0.5) == 0
    view.hide()
    assert not view.nodes.get("cloud.encoder.2").GetVisibility()
    assert not view.nodes.get("projection.encoder.2").GetVisibility()


@pytest.mark.parametrize("role", ["segmentation", "truth"])
def test_masks_are_outlines_or_fills_or_nothing(result, role):
    view = result().view
    name = {"segmentation": "prediction", "truth": "truth"}[role]
    display = view.nodes.get(role).GetDisplayNode()
    for mode, seen in (("outline", (1, 0, 1)), ("fill", (1, 1, 1)), ("off", (0, 0, 0))):
        view.show(**{name: mode})
        assert display.GetVisibility() == seen[0]
        if mode != "off":
            assert (display.GetVisibility2DFill(), display.GetVisibility2DOutline()) == seen[1:]


def test_an_outline_on_attention_is_not_in_its_colours(result):
    view = result().view
    view.show(attention="overlay", prediction="outline")
    display = view.nodes.get("segmentation").GetDisplayNode()
    segment = view.nodes.get("segmentation").GetSegmentation().GetNthSegmentID(0)
    assert override(display, segment) == pytest.approx(PREDICTION_OUTLINE)
    view.show(attention=())
    assert override(display, segment) == (-1, -1, -1)


def test_errors_are_counted_voxel_by_voxel(result, vessel, rigid):
    view = result().view
    view.show(errors=True)
    prediction, truth = vessel[0] > 0, vessel[1] > 0
    node = view.nodes.get("errors")
    world = local_grid(view.nodes.get("volume")).moved(rigid)
    for name, expected in (
        ("True positive", prediction & truth),
        ("False positive", prediction & ~truth),
        ("False negative", ~prediction & truth),
    ):
        found = segments_on_grid(node, name, Grid(world.size, world.ijk_to_ras), "errors") > 0
        np.testing.assert_array_equal(found, expected)
    view.show(errors=False)
    assert not node.GetDisplayNode().GetVisibility()


def test_three_dimensions_show_of_the_truth_what_was_missed_and_a_ghost_around_the_cloud(result):
    view = result().view
    view.show(attention="surface", truth="outline")
    missed = view.nodes.get("missed")
    first = missed.GetSegmentation().GetNthSegmentID(0)
    assert missed.GetDisplayNode().GetVisibility()
    assert override(missed.GetDisplayNode(), first) == pytest.approx(GROUND_TRUTH)
    assert view.nodes.get("ghost") is None
    view.show(attention="cloud")
    assert view.nodes.get("ghost").GetVisibility() and not missed.GetDisplayNode().GetVisibility()
    assert not view.nodes.get("truth").GetDisplayNode().GetVisibility3D()  # cyan over amber would turn olive
    view.show(attention=(), prediction="off")
    assert view.nodes.get("truth").GetDisplayNode().GetVisibility3D()
    assert not view.nodes.get("ghost").GetVisibility()


@pytest.mark.parametrize(("passed", "word"), [(True, "passed"), (False, "failed"), (None, "not judged")])
def test_the_legend_says_whether_the_map_can_be_believed(result, passed, word):
    gate = {"name": "parameter_randomisation", "passed": passed, "value": 0.1, "limit": 0.5, "text": ""}
    view = result(metrics={"badges": None if passed is None else [gate]}).view
    view.show(attention="overlay")
    assert view.nodes.get("legend").GetTitleText().endswith(f"\nsanity: {word}")
    view.show(layer="encoder.2")
    assert view.nodes.get("legend").GetTitleText().endswith("\nsanity: not judged")


def test_the_legend_says_what_is_shown_in_one_place(result, scene):
    view = result().view
    red = slicer.vtkMRMLSliceNode()
    red.SetLayoutName("Red")
    three_d_view(scene)
    view.show(attention=("overlay", "surface"), threshold=0.4, layer="encoder.2")
    legend = view.nodes.get("legend")
    title = legend.GetTitleText()
    assert [word in title for word in ("Attention (0-1)", "seg-xres-cam", "encoder.2", "0.40")] == [True] * 4
    assert list(legend.GetViewNodeIDs()) == [three_d_view(scene).GetID()]
    assert "sanity" not in title  # these metrics say nothing of badges
    view.show(attention="overlay")
    assert list(legend.GetViewNodeIDs()) == ["vtkMRMLSliceNodeRed"]
    view.show(attention="projection")
    assert list(legend.GetViewNodeIDs()) == [projection_view(scene).GetID()]
    view.show(attention=())
    assert not legend.GetVisibility()


def test_what_is_made_later_lies_with_the_rest_and_goes_with_it(result, scene, rigid):
    imported = result()
    view = imported.view
    view.show(attention=("contours", "surface", "cloud", "projection", "overlay"), errors=True, layer="encoder.2")
    for role in ("contours", "surface", "errors", "missed", "layer.encoder.2"):
        node = view.nodes.get(role)
        assert node.GetTransformNodeID() == imported.volume_node.GetTransformNodeID(), role
        assert folder_of(scene, node) == imported.folder_item, role
    kinds = sorted(scene.GetNthNode(index).GetClassName() for index in range(count(scene)))
    again = result(volume=imported.volume_node)
    again.view.show(attention=("contours", "surface", "cloud", "projection", "overlay"), errors=True, layer="encoder.2")
    assert sorted(scene.GetNthNode(index).GetClassName() for index in range(count(scene))) == kinds
    assert len(find_results(scene)) == 1


def test_a_node_that_the_user_removed_is_made_again(result, scene):
    view = result().view
    view.show(attention="contours")
    remove_with_display(scene, view.nodes.get("contours"))
    assert view.nodes.get("contours") is None
    view.show(attention="contours")
    assert view.nodes.get("contours").GetDisplayNode().GetVisibility()
    remove_with_display(scene, view.nodes.get("segmentation"))
    with pytest.raises(InputError, match="segmentation"):
        view.show(prediction="fill")


def test_without_a_map_or_a_truth_the_view_says_so(result):
    view = result(truth=False, attention=False).view
    assert view.show(prediction="fill").truth == "off"
    with pytest.raises(InputError, match="no attention map"):
        view.show(attention="overlay")
    with pytest.raises(InputError, match="no ground truth"):
        view.show(truth="outline")
    with pytest.raises(InputError, match="no ground truth"):
        view.show(errors=True)
    assert view.show().attention == ()


def test_the_view_is_the_same_after_saving_and_loading(result, application, scene, composites, tmp_path):
    view = result().view
    shown = view.show(attention=("overlay", "contours", "cloud"), truth="fill", layer="encoder.2", threshold=0.45)
    bundle = str(tmp_path / "scene.mrb")
    for index in range(count(scene)):
        node = scene.GetNthNode(index)
        if node.IsA("vtkMRMLStorableNode") and node.GetSaveWithScene():
            node.AddDefaultStorageNode()
    assert scene.WriteToMRB(bundle)
    scene.Clear(False)
    scene.SetURL(bundle)
    assert scene.ReadFromMRB(bundle, True)
    (nodes,) = find_results(scene)
    again = ResultView(nodes)
    assert again.state == shown
    assert again.layers == ("mean", "encoder.2")  # what was looked at is in the scene, the files are not
    contours = nodes.get("contours")
    assert contours.GetDisplayNode().GetVisibility() and shown_levels(contours) == {0.5, 0.7, 0.9}
    assert nodes.get("truth").GetDisplayNode().GetVisibility2DFill()
    assert nodes.get("cloud.encoder.2").GetVisibility()
    before = count(scene)
    again.show(threshold=0.8)
    assert shown_levels(contours) == {0.9}
    assert count(scene) == before
    assert nodes.metrics["gap"] == 0.25
