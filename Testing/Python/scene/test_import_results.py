"""A finished run appears in the scene: at the right place, under the right names, as a whole or not at all."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.scene import voxel_file
from UMambaXAILogic.scene.export_volume import write_array
from UMambaXAILogic.scene.grid import image_array, local_grid, numpy_matrix, parent_to_world
from UMambaXAILogic.scene.import_results import GroundTruthFile, ImportRequest, ResultImport
from UMambaXAILogic.scene.result_view import find_result_of, find_results
from UMambaXAILogic.scene.subject_hierarchy import folder_of, item_of, subject_hierarchy


def node_names(scene) -> list[str]:
    return sorted(f"{scene.GetNthNode(index).GetID()}" for index in range(scene.GetNumberOfNodes()))


@pytest.fixture
def import_vessel(scene, add_volume, write_result, vessel, oblique_affine, tmp_path):
    """Imports the run of ``vessel`` on a fresh or given volume; returns (volume node, result)."""

    def run(volume=None, affine=oblique_affine, truth=True, **options):
        prediction, ground_truth, attention = vessel
        volume = volume or add_volume(np.zeros(prediction.shape, np.int16), affine)
        files = write_result(prediction, attention, local_grid(volume).ijk_to_ras, ground_truth)
        gt_file = None
        if truth:
            write_array(ground_truth, local_grid(volume), tmp_path / "gt.nrrd")
            gt_file = GroundTruthFile(tmp_path / "gt.nrrd", (1,))
        settings = {"model": "demo", "method": "seg-xres-cam", "threshold": 0.3, **options}
        request = ImportRequest(volume.GetID(), local_grid(volume), files, ground_truth=gt_file, **settings)
        return volume, ResultImport(scene, request).run()

    return run


def segment_points_world(node, segment_id) -> set[tuple[float, ...]]:
    """World RAS of a segment's voxel centres, rounded to a thousandth of a mm."""
    segment = node.GetSegmentation().GetSegment(segment_id)
    image = segment.GetRepresentation("Binary labelmap")
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    to_world = parent_to_world(node) @ numpy_matrix(matrix)
    k, j, i = np.nonzero(image_array(image) == segment.GetLabelValue())
    first = image.GetExtent()[::2]  # segments are stored cropped
    points = to_world @ np.stack([i + first[0], j + first[1], k + first[2], np.ones(len(i))])
    return {tuple(point) for point in np.round(points[:3].T, 3) + 0.0}


def mask_points_world(mask, to_world) -> set[tuple[float, ...]]:
    k, j, i = np.nonzero(mask)
    return {tuple(point) for point in np.round((to_world @ np.stack([i, j, k, np.ones(len(i))]))[:3].T, 3) + 0.0}


def test_prediction_and_attention_lie_in_the_patient_where_they_belong(import_vessel, vessel, affine):
    _, result = import_vessel(affine=affine)
    prediction, _, attention = vessel
    segment_id = result.segmentation_node.GetSegmentation().GetNthSegmentID(0)
    assert segment_points_world(result.segmentation_node, segment_id) == mask_points_world(prediction, affine)
    np.testing.assert_allclose(local_grid(result.attention_node).ijk_to_ras, affine, atol=1e-9)
    values = image_array(result.attention_node.GetImageData())
    assert values.dtype == np.float32 and np.array_equal(values, attention)


def test_results_follow_the_input_under_its_parent_transform(
    add_volume, add_transform, import_vessel, vessel, affine, rigid
):
    volume = add_volume(np.zeros(vessel[0].shape, np.int16), affine)
    transform = add_transform(rigid, volume)
    _, result = import_vessel(volume=volume)
    for node in (result.segmentation_node, result.attention_node, result.surface_node, result.view.errors_node):
        assert node.GetTransformNodeID() == transform.GetID()
    segment_id = result.segmentation_node.GetSegmentation().GetNthSegmentID(0)
    expected = mask_points_world(vessel[0], rigid @ affine)
    assert segment_points_world(result.segmentation_node, segment_id) == expected
    np.testing.assert_allclose(local_grid(result.attention_node).ijk_to_ras, affine, atol=1e-9)


def test_the_surface_lies_around_the_prediction(import_vessel, vessel, affine):
    _, result = import_vessel(affine=affine)
    surface = result.surface_node.GetPolyData()
    points = vtk_to_numpy(surface.GetPoints().GetData()).astype(float)
    ijk = (np.linalg.inv(affine) @ np.column_stack([points, np.ones(len(points))]).T)[:3].T
    np.testing.assert_allclose(ijk.min(0), [4.5, 4.5, 1.5], atol=0.5)
    np.testing.assert_allclose(ijk.max(0), [8.5, 8.5, 8.5], atol=0.5)


def test_the_surface_carries_the_attention_of_its_points(import_vessel, vessel, affine):
    _, result = import_vessel(affine=affine)
    surface = result.surface_node.GetPolyData()
    points = vtk_to_numpy(surface.GetPoints().GetData()).astype(float)
    i, j, k = (np.linalg.inv(affine) @ np.column_stack([points, np.ones(len(points))]).T)[:3]
    expected = np.exp(-((k - 5) ** 2 + (j - 6.5) ** 2 + (i - 6.5) ** 2) / 18.0)
    found = vtk_to_numpy(surface.GetPointData().GetArray("Attention"))
    np.testing.assert_allclose(found, expected, atol=0.03)  # linear interpolation of a smooth map


def test_errors_are_told_apart_voxel_by_voxel(import_vessel, vessel, oblique_affine):
    _, result = import_vessel()
    prediction, truth = vessel[0].astype(bool), vessel[1].astype(bool)
    errors_node = result.view.errors_node
    segmentation = errors_node.GetSegmentation()
    for index, mask in enumerate((prediction & truth, prediction & ~truth, ~prediction & truth)):
        points = segment_points_world(errors_node, segmentation.GetNthSegmentID(index))
        assert points == mask_points_world(mask, oblique_affine)


def test_only_what_is_further_than_a_voxel_away_is_missed_in_3d(import_vessel, vessel, oblique_affine):
    _, result = import_vessel()
    missed = np.zeros_like(vessel[1])
    missed[10:11, 5:9, 6:9] = 1  # two slices beyond the prediction's end; the first of them touches it
    missed[5:7, 11:13, 12:15] = 1
    segmentation = result.missed_node.GetSegmentation()
    points = segment_points_world(result.missed_node, segmentation.GetNthSegmentID(0))
    assert points == mask_points_world(missed, oblique_affine)
    assert "beyond 1 voxel" in segmentation.GetNthSegment(0).GetName()


def test_the_display_is_honest(import_vessel):
    _, result = import_vessel()
    display = result.attention_node.GetDisplayNode()
    assert not display.GetAutoWindowLevel()
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (0.0, 1.0)
    assert display.GetApplyThreshold() and display.GetLowerThreshold() == pytest.approx(0.3)
    assert display.GetColorNode().GetName() == "Attention"
    assert display.GetColorNode().GetNumberOfColors() == 256
    surface = result.surface_node.GetDisplayNode()
    assert surface.GetScalarRange() == (0.0, 1.0)
    assert surface.GetColorNode() is display.GetColorNode()


def test_segments_are_named_and_coded(import_vessel):
    _, result = import_vessel()
    segment = result.segmentation_node.GetSegmentation().GetNthSegment(0)
    assert segment.GetName() == "vessel"
    tag = vtk.reference("")
    assert segment.GetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), tag)
    assert "SCT^59820001^Blood vessel" in str(tag)
    entry = slicer.vtkSlicerTerminologyEntry()
    logic = slicer.vtkSlicerTerminologiesModuleLogic()
    assert logic.DeserializeTerminologyEntry(str(tag), entry)
    assert entry.GetTypeObject().GetCodeMeaning() == "Blood vessel"


def test_results_lie_in_a_folder_below_the_volume_named_by_model_and_method(scene, import_vessel):
    volume, result = import_vessel()
    hierarchy = subject_hierarchy(scene)
    assert hierarchy.GetItemParent(result.folder_item) == item_of(hierarchy, volume)
    assert hierarchy.GetItemName(result.folder_item) == "CT: demo, seg-xres-cam"
    for node in (result.segmentation_node, result.attention_node, result.metrics_table_node, result.chart_node):
        assert folder_of(scene, node) == result.folder_item
    assert result.attention_node.GetName() == "CT attention (demo, seg-xres-cam)"


def test_a_second_run_replaces_the_first(scene, import_vessel):
    volume, first = import_vessel()
    count = scene.GetNumberOfNodes()
    first_id = first.attention_node.GetID()
    _, second = import_vessel(volume=volume)
    assert scene.GetNumberOfNodes() == count
    assert scene.GetNodeByID(first_id) is None
    children: list[int] = []
    hierarchy = subject_hierarchy(scene)
    hierarchy.GetItemChildren(item_of(hierarchy, volume), children, False)
    assert children == [second.folder_item]


def test_a_second_run_is_added_on_request(scene, import_vessel):
    volume, first = import_vessel()
    _, second = import_vessel(volume=volume, replace=False)
    assert scene.IsNodePresent(first.attention_node) and scene.IsNodePresent(second.attention_node)
    assert first.folder_item != second.folder_item
    _, third = import_vessel(volume=volume, replace=False)
    names = [one.attention_node.GetName() for one in (first, second, third)]
    runs = ["demo, seg-xres-cam", "demo, seg-xres-cam (2)", "demo, seg-xres-cam (3)"]
    assert names == [f"CT attention ({run})" for run in runs]
    for one in (first, second, third):  # each belongs to itself
        assert find_result_of(one.attention_node).record is one.view.nodes.record
    import_vessel(volume=volume)  # replaces the first, and what was kept stays
    assert not scene.IsNodePresent(first.attention_node)
    assert scene.IsNodePresent(second.attention_node) and scene.IsNodePresent(third.attention_node)
    assert len(find_results(scene)) == 3


def test_other_methods_models_and_volumes_are_left_alone(scene, import_vessel):
    volume, first = import_vessel()
    import_vessel(volume=volume, method="seg-grad-cam")
    import_vessel(volume=volume, model="other")
    import_vessel()
    assert scene.IsNodePresent(first.attention_node)


def test_what_the_user_moved_into_the_folder_survives_a_second_run(scene, import_vessel, add_volume):
    volume, first = import_vessel()
    mine = add_volume(np.zeros((2, 2, 2), np.int16), np.eye(4), "Mine")
    hierarchy = subject_hierarchy(scene)
    hierarchy.SetItemParent(item_of(hierarchy, mine), first.folder_item)
    import_vessel(volume=volume)
    assert scene.IsNodePresent(mine)
    assert hierarchy.GetItemParent(item_of(hierarchy, mine)) == item_of(hierarchy, volume)


def test_nothing_predicted_brings_tables_and_an_empty_segmentation(scene, add_volume, write_result, oblique_affine):
    volume = add_volume(np.zeros((6, 6, 6), np.int16), oblique_affine)
    files = write_result(np.zeros((6, 6, 6), np.uint8), None, oblique_affine)
    request = ImportRequest(volume.GetID(), local_grid(volume), files, "demo", "seg-xres-cam", 0.3)
    result = ResultImport(scene, request).run()
    assert result.attention_node is None and result.surface_node is None
    assert result.segmentation_node.GetSegmentation().GetNumberOfSegments() == 0
    assert result.metrics_table_node.GetNumberOfRows() > 0


def test_a_result_on_another_grid_leaves_the_scene_as_it_was(scene, add_volume, write_result, vessel, oblique_affine):
    volume = add_volume(np.zeros(vessel[0].shape, np.int16), oblique_affine)
    shifted = oblique_affine.copy()
    shifted[0, 3] += 0.3
    files = write_result(vessel[0], vessel[2], shifted)
    before = node_names(scene)
    request = ImportRequest(volume.GetID(), local_grid(volume), files, "demo", "seg-xres-cam", 0.3)
    with pytest.raises(InputError, match="does not lie on the volume's grid"):
        ResultImport(scene, request).run()
    assert node_names(scene) == before


STEPS = 11


def scene_content(scene) -> dict[str, tuple]:
    """Every node with what it refers to, and where it lies in the subject hierarchy."""
    hierarchy = subject_hierarchy(scene)
    found = {}
    for index in range(scene.GetNumberOfNodes()):
        node = scene.GetNthNode(index)
        references = tuple(
            (role, node.GetNthNodeReferenceID(role, number))
            for role in (node.GetNthNodeReferenceRole(one) for one in range(node.GetNumberOfNodeReferenceRoles()))
            for number in range(node.GetNumberOfNodeReferences(role))
        )
        item = hierarchy.GetItemByDataNode(node)
        found[node.GetID()] = (references, hierarchy.GetItemParent(item) if item else None)
    items: list[int] = []
    hierarchy.GetItemChildren(hierarchy.GetSceneItemID(), items, True)
    found["items"] = tuple(sorted(items))
    return found


#: Step, whether it fails at its end, whether an earlier run is replaced: after the last step that one is gone for good.
FAILURES = [(number, at_end, rerun) for number in range(STEPS) for at_end in (False, True) for rerun in (False, True)]
FAILURES.remove((STEPS - 1, True, True))


@pytest.mark.parametrize(("number", "at_end", "is_rerun"), FAILURES)
def test_a_failure_at_any_step_leaves_the_scene_as_it_was(
    scene, add_volume, add_transform, rigid, write_result, vessel, oblique_affine, tmp_path, number, at_end, is_rerun
):
    volume = add_volume(np.zeros(vessel[0].shape, np.int16), oblique_affine)
    add_transform(rigid, volume)
    item_of(subject_hierarchy(scene), volume)  # in the application every node has one
    files = write_result(vessel[0], vessel[2], oblique_affine, vessel[1])
    write_array(vessel[1], local_grid(volume), tmp_path / "gt.nrrd")
    truth = GroundTruthFile(tmp_path / "gt.nrrd", (1,))
    request = ImportRequest(volume.GetID(), local_grid(volume), files, "demo", "seg-xres-cam", 0.3, truth)
    if is_rerun:
        ResultImport(scene, request).run().view.show()
    before = scene_content(scene)

    class Failing(ResultImport):
        def work(self):
            def fail():
                if at_end:
                    steps[number]()
                raise MemoryError

            steps = super().work()
            assert len(steps) == STEPS
            return (*steps[:number], fail, *steps[number + 1 :])

    running = Failing(scene, request)
    with pytest.raises(MemoryError):
        running.run()
    assert scene_content(scene) == before
    assert running.result.segmentation_node is None


def test_colours_that_another_result_uses_survive_a_failure(scene, import_vessel, add_volume, write_result, vessel):
    volume = add_volume(np.zeros(vessel[0].shape, np.int16), np.eye(4))
    files = write_result(vessel[0], vessel[2], np.eye(4))
    running = ResultImport(scene, ImportRequest(volume.GetID(), local_grid(volume), files, "b", "c", 0.3))
    for step in running.steps():
        step()
    _, other = import_vessel()
    running.undo()
    assert other.attention_node.GetDisplayNode().GetColorNode().GetName() == "Attention"


def test_a_volume_that_is_removed_meanwhile_leaves_nothing_behind(
    scene, add_volume, write_result, vessel, oblique_affine
):
    volume = add_volume(np.zeros(vessel[0].shape, np.int16), oblique_affine)
    files = write_result(vessel[0], vessel[2], oblique_affine)
    before = node_names(scene)
    running = ResultImport(scene, ImportRequest(volume.GetID(), local_grid(volume), files, "b", "c", 0.3))
    steps = running.steps()
    for step in steps[:6]:
        step()
    assert node_names(scene) != before
    scene.RemoveNode(volume)
    with pytest.raises(InputError, match="removed from the scene"):
        for step in steps[6:]:
            step()
    assert node_names(scene) == [name for name in before if name != volume.GetID()]


def test_nothing_is_computed_before_it_is_shown(scene, import_vessel):
    _, result = import_vessel()
    closed_surface = "Closed surface"
    for node in (result.segmentation_node, result.truth_node):
        assert not node.GetSegmentation().ContainsRepresentation(closed_surface)
    for role in ("surface", "missed", "contours", "errors"):
        assert result.view.nodes.get(role) is None
    assert result.surface_node is result.view.nodes.get("surface")
    assert not result.surface_node.GetDisplayNode().GetVisibility()
    assert not result.missed_node.GetDisplayNode().GetVisibility()


@pytest.mark.parametrize("temporary", [False, True])
def test_layer_maps_of_a_job_are_moved_and_those_of_a_folder_stay(
    scene, add_volume, write_result, vessel, oblique_affine, tmp_path, temporary
):
    volume = add_volume(np.zeros(vessel[0].shape, np.int16), oblique_affine)
    files = write_result(vessel[0], vessel[2], oblique_affine)
    layer = tmp_path / "result" / "layers" / "attention.encoder.2.nrrd"
    layer.parent.mkdir()
    write_array(vessel[2], local_grid(volume), layer)
    request = ImportRequest(volume.GetID(), local_grid(volume), files, "demo", "cam", 0.3, temporary=temporary)
    view = ResultImport(scene, request).run().view
    assert layer.exists() is not temporary
    assert view.layers == ("mean", "encoder.2")
    view.show(layer="encoder.2")


def test_several_labels_become_several_segments(scene, add_volume, write_result, oblique_affine):
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[1:3], labels[4:6] = 1, 4
    files = write_result(
        labels,
        labels / 4.0,
        oblique_affine,
        metrics={
            "model": {"labels": {"background": 0, "BA": 1, "R-PCA": 2, "L-PCA": 3, "R-ICA": 4}},
            "target": {"label": [1, 2, 3, 4], "name": "foreground", "kind": "prediction"},
        },
    )
    volume = add_volume(np.zeros(labels.shape, np.int16), oblique_affine)
    request = ImportRequest(volume.GetID(), local_grid(volume), files, "topcow", "seg-xres-cam", 0.3)
    result = ResultImport(scene, request).run()
    segmentation = result.segmentation_node.GetSegmentation()
    assert [segmentation.GetNthSegment(index).GetName() for index in range(2)] == ["BA", "R-ICA"]
    colors = {segmentation.GetNthSegment(index).GetColor() for index in range(2)}
    assert len(colors) == 2
    tag = vtk.reference("")
    segmentation.GetNthSegment(1).GetTag("TerminologyEntry", tag)
    assert "86117002^Internal carotid artery" in str(tag)
    for index, value in ((0, 1), (1, 4)):
        points = segment_points_world(result.segmentation_node, segmentation.GetNthSegmentID(index))
        assert points == mask_points_world(labels == value, oblique_affine)


def test_results_survive_saving_and_loading_the_scene(scene, import_vessel, vessel, oblique_affine, tmp_path):
    _, result = import_vessel()
    attention_id, segmentation_id = result.attention_node.GetID(), result.segmentation_node.GetID()
    folder_name = "CT: demo, seg-xres-cam"
    bundle = tmp_path / "scene.mrb"
    assert scene.WriteToMRB(str(bundle))
    scene.Clear(True)
    assert scene.GetNodeByID(attention_id) is None
    assert scene.ReadFromMRB(str(bundle), True)
    attention, segmentation = scene.GetNodeByID(attention_id), scene.GetNodeByID(segmentation_id)
    found = image_array(attention.GetImageData())
    to_ijk = np.linalg.inv(local_grid(attention).ijk_to_ras)
    for index in [(0, 0, 0), (15, 0, 0), (0, 13, 0), (0, 0, 11), (6, 6, 5), (9, 3, 2)]:  # a reader may flip axes
        i, j, k = np.round((to_ijk @ oblique_affine @ [*index, 1])[:3]).astype(int)
        assert found[k, j, i] == vessel[2][index[::-1]]
    display = attention.GetDisplayNode()
    assert not display.GetAutoWindowLevel() and display.GetWindowLevelMax() == pytest.approx(1.0)
    table = display.GetColorNode()
    assert table.GetName() == "Attention" and table.GetNumberOfColors() == 256
    color = [0.0] * 4
    table.GetColor(255, color)
    np.testing.assert_allclose(color[:3], [1.0, 0.97, 0.62], atol=0.01)
    segment_id = segmentation.GetSegmentation().GetNthSegmentID(0)
    expected = mask_points_world(vessel[0], oblique_affine)
    found = segment_points_world(segmentation, segment_id)
    assert len(found) == len(expected)
    assert all(min(np.abs(np.subtract(one, other)).max() for other in expected) < 2e-3 for one in list(found)[::7])
    hierarchy = subject_hierarchy(scene)
    assert hierarchy.GetItemName(folder_of(scene, attention)) == folder_name


def test_a_second_run_replaces_one_that_was_loaded_from_a_file(scene, import_vessel, tmp_path):
    volume, result = import_vessel()
    volume_id, attention_id = volume.GetID(), result.attention_node.GetID()
    bundle = tmp_path / "scene.mrb"
    assert scene.WriteToMRB(str(bundle))
    scene.Clear(True)
    assert scene.ReadFromMRB(str(bundle), True)
    import_vessel(volume=scene.GetNodeByID(volume_id))
    assert scene.GetNodeByID(attention_id) is None


def test_a_second_run_removes_no_folder_that_is_not_its_own(scene, import_vessel):
    volume, first = import_vessel()
    hierarchy = subject_hierarchy(scene)
    study = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), "My study")
    hierarchy.SetItemParent(item_of(hierarchy, first.segmentation_node), study)
    hierarchy.SetItemParent(item_of(hierarchy, first.attention_node), item_of(hierarchy, volume))
    hierarchy.SetItemParent(item_of(hierarchy, first.metrics_table_node), hierarchy.GetSceneItemID())
    _, second = import_vessel(volume=volume)
    assert hierarchy.GetItemName(study) == "My study"
    assert hierarchy.GetItemDataNode(hierarchy.GetItemByDataNode(volume)) == volume
    assert hierarchy.GetItemParent(item_of(hierarchy, volume)) == hierarchy.GetSceneItemID()
    children: list[int] = []
    hierarchy.GetItemChildren(item_of(hierarchy, volume), children, False)
    assert children == [second.folder_item]


@pytest.mark.parametrize("compressed", [False, True])
def test_a_large_map_is_read_in_steps(vessel, monkeypatch, scene, add_volume, write_result, compressed):
    monkeypatch.setattr(voxel_file, "PIECE_BYTES", vessel[2].nbytes // 4 + 1)
    volume = add_volume(np.zeros(vessel[0].shape, np.int16), np.eye(4))
    files = write_result(vessel[0], vessel[2], np.eye(4))
    if compressed:  # which the worker does not do, but a user may
        sitk.WriteImage(sitk.ReadImage(str(files["attention"])), str(files["attention"]), useCompression=True)
    running = ResultImport(scene, ImportRequest(volume.GetID(), local_grid(volume), files, "b", "c", 0.3))
    assert len(running.steps()) == STEPS + 3
    found = image_array(running.run().attention_node.GetImageData())
    np.testing.assert_array_equal(found, vessel[2])
