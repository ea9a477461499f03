"""Two maps compared in a scene: nodes, their places, and that they go and come with their results."""

from __future__ import annotations

import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest
import slicer
from scipy import stats

from UMambaXAILogic.engine.errors import InputError, UsageError
from UMambaXAILogic.scene.comparison.comparison import compare_maps, find_comparisons
from UMambaXAILogic.scene.comparison.layout_description import (
    COMPARISON_LAYOUT,
    COMPARISON_VIEWS,
    TABLE_TAG,
    VIEW_A,
    VIEW_B,
    VIEW_DIFFERENCE,
    register_comparison_layout,
)
from UMambaXAILogic.scene.comparison.maps import MapChoice, map_choices
from UMambaXAILogic.scene.comparison.views import (
    composite_of,
    is_side_by_side,
    leave_side_by_side,
    show_side_by_side,
    slice_view,
)
from UMambaXAILogic.scene.grid import image_array, local_grid
from UMambaXAILogic.scene.import_results import ImportRequest, ResultImport
from UMambaXAILogic.scene.input_volumes import input_volumes
from UMambaXAILogic.scene.result_layout import restore_layout, show_layout
from UMambaXAILogic.scene.result_layout_description import LAYOUT, layout_node
from UMambaXAILogic.scene.result_view import find_results
from UMambaXAILogic.scene.subject_hierarchy import folder_of, subject_hierarchy
from UMambaXAILogic.scene.views import SliceView

FOUR_UP = slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView


@pytest.fixture
def first(result):
    """A result with layer maps, of a volume under a transform."""
    return result()


@pytest.fixture
def run_again(scene, write_result, vessel, oblique_affine, tmp_path):
    """Adds a result of another method on the volume, its map squared: run_again(volume)."""

    def run(volume, prediction=None):
        files = write_result(
            vessel[0] if prediction is None else prediction, vessel[2] ** 2, oblique_affine, folder=tmp_path / "second"
        )
        request = ImportRequest(volume.GetID(), local_grid(volume), files, "demo", "dea", 0.3)
        return ResultImport(scene, request).run()

    return run


@pytest.fixture
def choices(first, run_again):
    """The mean maps of two methods."""
    second = run_again(first.volume_node)
    return MapChoice(first.view.nodes), MapChoice(second.view.nodes)


def count(scene) -> int:
    return scene.GetNumberOfNodes()


def kinds(scene) -> list[str]:
    return sorted(scene.GetNthNode(index).GetClassName() for index in range(count(scene)))


def test_numbers_and_difference_are_those_of_the_maps(choices, vessel):
    prediction, truth, values = vessel
    found = compare_maps(*choices, threshold=0.3)
    numbers = found.agreement
    squared = values**2
    assert numbers.pearson == pytest.approx(np.corrcoef(values.ravel(), squared.ravel())[0, 1], abs=1e-6)
    inside = prediction > 0
    assert numbers.pearson_in_prediction == pytest.approx(np.corrcoef(values[inside], squared[inside])[0, 1], abs=1e-6)
    assert numbers.prediction_voxels == inside.sum()
    inside = truth > 0
    assert numbers.pearson_in_truth == pytest.approx(np.corrcoef(values[inside], squared[inside])[0, 1], abs=1e-6)
    high = values >= 0.3
    assert numbers.spearman == pytest.approx(stats.spearmanr(values[high], squared[high])[0], abs=1e-9)
    assert numbers.iou == pytest.approx((squared >= 0.3).sum() / high.sum())
    difference = image_array(found.difference_node.GetImageData())
    assert difference.dtype == np.float32
    np.testing.assert_array_equal(difference, values - squared)


def test_the_prediction_is_that_of_either_result(first, run_again, vessel):
    other = np.zeros_like(vessel[0])
    other[9:11, 5:9, 5:9] = 1
    second = run_again(first.volume_node, other)
    found = compare_maps(MapChoice(first.view.nodes), MapChoice(second.view.nodes), 0.3)
    assert found.agreement.prediction_voxels == (vessel[0] | other).sum()


def test_layers_of_one_result_are_compared_and_read_from_their_files(first, vessel):
    nodes = first.view.nodes
    assert [choice.layer for choice in map_choices(nodes)] == ["mean", "encoder.2", "encoder.10", "decoder.0"]
    found = compare_maps(MapChoice(nodes, "encoder.2"), MapChoice(nodes, "decoder.0"), 0.3)
    np.testing.assert_allclose(
        image_array(found.difference_node.GetImageData()), vessel[2] ** 3 - vessel[2] ** 4, atol=1e-6
    )
    assert "encoder.2" in found.table_node.GetCellText(0, 1)


def test_what_cannot_be_compared_is_refused_and_nothing_is_added(first, result, scene):
    nodes = first.view.nodes
    before = count(scene)
    with pytest.raises(UsageError, match="itself"):
        compare_maps(MapChoice(nodes), MapChoice(nodes), 0.3)
    with pytest.raises(UsageError, match=r"encoder\.7"):
        compare_maps(MapChoice(nodes), MapChoice(nodes, "encoder.7"), 0.3)
    with pytest.raises(UsageError, match=r"1\.5"):
        compare_maps(MapChoice(nodes), MapChoice(nodes, "encoder.2"), 1.5)
    assert count(scene) == before
    elsewhere = result()
    with pytest.raises(InputError, match="different volumes"):
        compare_maps(MapChoice(nodes), MapChoice(elsewhere.view.nodes), 0.3)
    unexplained = result(attention=False, volume=first.volume_node)
    with pytest.raises(InputError, match="no attention map"):
        compare_maps(MapChoice(unexplained.view.nodes), MapChoice(elsewhere.view.nodes), 0.3)


def test_the_nodes_lie_in_a_folder_below_the_volume_under_its_transform(choices, scene):
    found = compare_maps(*choices, 0.3)
    show_side_by_side(found)
    volume = choices[0].nodes.get("volume")
    hierarchy = subject_hierarchy(scene)
    folder = folder_of(scene, found.difference_node)
    assert hierarchy.GetItemParent(folder) == hierarchy.GetItemByDataNode(volume)
    assert folder == folder_of(scene, found.table_node) == folder_of(scene, found.get(f"legend_carrier.{VIEW_A}"))
    assert found.difference_node.GetTransformNodeID() == volume.GetTransformNodeID() is not None
    assert found.difference_node not in input_volumes(scene)
    assert len(find_results(scene)) == 2  # a comparison is no result


@pytest.mark.parametrize("which", [0, 1])
def test_a_comparison_goes_with_either_result(first, run_again, result, scene, which):
    second = run_again(first.volume_node)
    before = kinds(scene)
    found = compare_maps(MapChoice(first.view.nodes), MapChoice(second.view.nodes), 0.3)
    show_side_by_side(found)
    folder = folder_of(scene, found.difference_node)
    leave_side_by_side(scene)
    views = 2 * len(COMPARISON_VIEWS) + 2  # slice views with what they show, table view and layout stay
    if which == 0:
        result(volume=first.volume_node)
    else:
        run_again(first.volume_node)
    assert find_comparisons(scene) == []
    assert len(kinds(scene)) == len(before) + views
    items: list[int] = []
    hierarchy = subject_hierarchy(scene)
    hierarchy.GetItemChildren(hierarchy.GetSceneItemID(), items, True)
    assert folder not in items


def test_a_comparison_takes_the_place_of_the_one_before_unless_told_otherwise(choices, first, scene):
    compare_maps(*choices, 0.3)
    before = kinds(scene)
    again = compare_maps(choices[1], choices[0], 0.5)
    assert kinds(scene) == before and len(find_comparisons(scene)) == 1
    assert find_comparisons(scene)[0].agreement == again.agreement
    compare_maps(*choices, 0.3, replace=False)
    assert len(find_comparisons(scene)) == 2


def test_each_view_shows_its_map_over_the_same_image_and_follows_the_others(choices, application, scene):
    found = compare_maps(*choices, 0.4)
    show_side_by_side(found)
    shown = dict(zip(COMPARISON_VIEWS, (choices[0].map, choices[1].map, found.difference_node), strict=True))
    group = {slice_view(scene, tag).GetViewGroup() for tag in COMPARISON_VIEWS}
    assert len(group) == 1 and group != {0}
    for tag, node in shown.items():
        view = SliceView(application, tag, "Axial", 200, 160, slice_view(scene, tag))  # as the layout manager does
        composite = view.logic.GetSliceCompositeNode()
        assert composite is composite_of(scene, tag)
        assert composite.GetLinkedControl() and composite.GetForegroundVolumeID() == node.GetID()
        assert composite.GetBackgroundVolumeID() == choices[0].nodes.get("volume").GetID()
        assert view.node.GetOrientation() == "Axial"
    assert all(choice.map.GetDisplayNode().GetLowerThreshold() == 0.4 for choice in choices)
    table = scene.GetSingletonNode(TABLE_TAG, "vtkMRMLTableViewNode")
    assert table.GetTableNode() is found.table_node


def test_a_slice_that_is_dragged_moves_all_three(choices, application, scene):
    show_side_by_side(compare_maps(*choices, 0.4))
    link = slicer.vtkMRMLSliceLinkLogic()
    link.SetMRMLApplicationLogic(application.application_logic)
    link.SetMRMLScene(scene)
    one = slice_view(scene, VIEW_A)
    logic = SliceView(application, VIEW_A, "Axial", 200, 160, one).logic
    logic.StartSliceNodeInteraction(slicer.vtkMRMLSliceNode.SliceToRASFlag)
    logic.SetSliceOffset(12.5)
    logic.EndSliceNodeInteraction()
    assert one.GetSliceOffset() == pytest.approx(12.5)
    assert slice_view(scene, VIEW_B).GetSliceOffset() == pytest.approx(12.5)
    assert slice_view(scene, VIEW_DIFFERENCE).GetSliceOffset() == pytest.approx(12.5)


def test_a_result_that_is_shown_meanwhile_leaves_the_views_alone(choices, first, scene):
    found = compare_maps(*choices, 0.3)
    show_side_by_side(found)
    first.view.show(attention="overlay", threshold=0.6)
    assert composite_of(scene, VIEW_B).GetForegroundVolumeID() == choices[1].map.GetID()
    first.view.hide()
    assert composite_of(scene, VIEW_A).GetForegroundVolumeID() == choices[0].map.GetID()


def test_contours_of_one_map_stay_out_of_the_views(choices, first, scene):
    red = scene.AddNode(slicer.vtkMRMLSliceNode())
    first.view.show(attention="contours")
    show_side_by_side(compare_maps(*choices, 0.3))
    display = first.view.contours_node.GetDisplayNode()
    assert not any(display.IsDisplayableInView(slice_view(scene, tag).GetID()) for tag in COMPARISON_VIEWS)
    assert display.IsDisplayableInView(red.GetID())
    leave_side_by_side(scene)
    assert display.GetViewNodeIDs() == ()


def test_the_way_back_leads_to_the_layout_before_also_over_the_results_own(choices, first, scene):
    layout = layout_node(scene)
    layout.SetViewArrangement(FOUR_UP)
    found = compare_maps(*choices, 0.3)
    show_side_by_side(found)
    assert layout.GetViewArrangement() == COMPARISON_LAYOUT and is_side_by_side(scene)
    assert not layout.GetSaveWithScene()
    leave_side_by_side(scene)
    assert layout.GetViewArrangement() == FOUR_UP and layout.GetSaveWithScene()
    show_layout(first.view.nodes)
    show_side_by_side(found)
    leave_side_by_side(scene)
    assert layout.GetViewArrangement() == LAYOUT
    show_side_by_side(found)
    show_layout(first.view.nodes)
    restore_layout(scene)
    assert layout.GetViewArrangement() == FOUR_UP
    layout.SetViewArrangement(slicer.vtkMRMLLayoutNode.SlicerLayoutOneUp3DView)
    leave_side_by_side(scene)
    assert layout.GetViewArrangement() == slicer.vtkMRMLLayoutNode.SlicerLayoutOneUp3DView


def test_the_layout_is_registered_with_a_size_for_every_item(scene):
    register_comparison_layout(scene)
    register_comparison_layout(scene)
    description = ElementTree.fromstring(layout_node(scene).GetLayoutDescription(COMPARISON_LAYOUT))
    assert all(int(item.get("splitSize")) > 0 for item in description.iter("item"))
    assert {view.get("singletontag") for view in description.iter("view")} == {*COMPARISON_VIEWS, TABLE_TAG}


def test_knowing_the_layout_at_start_up_imports_no_package():
    code = (
        "import sys; import UMambaXAILogic.scene.comparison.layout_description;"
        "print([name for name in ('numpy', 'vtk', 'SimpleITK', 'torch') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_is_there_again_after_saving_and_loading(choices, scene, tmp_path):
    found = compare_maps(*choices, 0.3)
    show_side_by_side(found)
    numbers = found.agreement
    bundle = str(tmp_path / "scene.mrb")
    for index in range(count(scene)):
        node = scene.GetNthNode(index)
        if node.IsA("vtkMRMLStorableNode") and node.GetSaveWithScene():
            node.AddDefaultStorageNode()
    assert scene.WriteToMRB(bundle)
    scene.Clear(False)
    assert scene.ReadFromMRB(bundle, True)
    (again,) = find_comparisons(scene)
    assert again.agreement == numbers
    assert [choice.name for choice in again.choices] == ["demo, seg-xres-cam", "demo, dea"]
    maps = [image_array(choice.map.GetImageData()) for choice in again.choices]  # flipped together, if at all
    np.testing.assert_array_equal(image_array(again.difference_node.GetImageData()), maps[0] - maps[1])
    display = again.difference_node.GetDisplayNode()
    assert display.GetColorNode() is again.get("colors")
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (-1.0, 1.0)
    layout_node(scene)  # not saved while it is the comparison's
    before = kinds(scene)
    show_side_by_side(again)
    assert composite_of(scene, VIEW_DIFFERENCE).GetForegroundVolumeID() == again.difference_node.GetID()
    assert kinds(scene) == before
