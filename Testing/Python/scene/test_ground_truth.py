"""A ground truth reaches the worker on the volume's grid: copied exactly, or refused, or resampled if asked."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.run import run_ui
from UMambaXAILogic.interaction.panel.state import PanelState
from UMambaXAILogic.scene.ground_truth import export_ground_truth, prediction_warnings, segment_names, target_labels
from UMambaXAILogic.scene.result_view.nodes import add_result_nodes

pytestmark = pytest.mark.usefixtures("layer_by_layer")

SHAPE = (6, 9, 8)


@pytest.fixture
def mask() -> np.ndarray:
    """(k, j, i) uint8 without any symmetry, with voxels on the border."""
    random = np.random.default_rng(5)
    mask = (random.random(SHAPE) < 0.3).astype(np.uint8)
    mask[0, 0, 0] = mask[-1, -1, -1] = 1
    return mask


@pytest.fixture
def export(tmp_path):
    def run(node, volume, **options):
        export_ground_truth(node, volume, tmp_path / "gt.nrrd", **options)
        return sitk.GetArrayFromImage(sitk.ReadImage(tmp_path / "gt.nrrd")), target_labels(node)

    return run


def test_a_segment_arrives_voxel_by_voxel(add_volume, add_segmentation, export, mask, affine):
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    array, labels = export(add_segmentation({"vessel": mask}, affine), volume)
    assert np.array_equal(array, mask)
    assert labels == (1,)


def test_a_small_segment_keeps_its_place(add_volume, add_segmentation, export, affine):
    """Slicer stores segments cropped to what is drawn."""
    small = np.zeros(SHAPE, np.uint8)
    small[2, 3:5, 6] = 1
    array, _ = export(add_segmentation({"vessel": small}, affine), add_volume(np.zeros(SHAPE, np.int16), affine))
    assert np.array_equal(array, small)


def test_more_segments_than_a_byte_counts_are_told_apart(add_volume, add_segmentation, export, affine):
    segments = {}
    for number, place in enumerate(np.ndindex(SHAPE)):
        if number == 300:
            break
        segments[f"s{number}"] = np.zeros(SHAPE, np.uint8)
        segments[f"s{number}"][place] = 1
    array, labels = export(
        add_segmentation(segments, affine), add_volume(np.zeros(SHAPE, np.int16), affine), segments="all"
    )
    assert np.array_equal(array.reshape(-1)[:300], np.arange(1, 301)) and labels == tuple(range(1, 301))


def test_a_prediction_of_an_earlier_run_is_no_truth(scene, add_volume, add_segmentation, mask, affine):
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    node = add_segmentation({"vessel": mask}, affine)
    node.SetName("CTA prediction")
    assert prediction_warnings(None) == prediction_warnings(node) == ()
    metrics = scene.AddNewNodeByClass("vtkMRMLTextNode")
    nodes = add_result_nodes(scene, "demo", {"volume": volume, "segmentation": node, "metrics": metrics})
    nodes.own(node)
    ((code, message),) = prediction_warnings(node)
    assert code == "ground_truth_is_prediction"
    inputs = PanelInputs(volume_name="CTA", model="demo", ground_truth_name=node.GetName())
    shown = run_ui(PanelState(dataclasses.replace(inputs, ground_truth_is_prediction=True)))
    assert shown.warning == f"\u2022 {message}"  # the panel's words


def test_a_label_volume_keeps_its_values(add_volume, export, mask, affine):
    labels_13 = mask * 13
    node = add_volume(labels_13, affine, "GT", "vtkMRMLLabelMapVolumeNode")
    array, labels = export(node, add_volume(np.zeros(SHAPE, np.int16), affine))
    assert np.array_equal(array, labels_13)
    assert labels is None and segment_names(node) == ()


@pytest.mark.parametrize("kind", ["segmentation", "labels"])
def test_different_parent_transforms_that_agree_in_the_world_are_one_lattice(
    add_volume, add_segmentation, add_transform, export, mask, affine, rigid, kind
):
    """The volume lies under a transform; the ground truth was hardened with the same one."""
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    add_transform(rigid, volume)
    if kind == "segmentation":
        node = add_segmentation({"vessel": mask}, rigid @ affine)
    else:
        node = add_volume(mask, rigid @ affine, "GT", "vtkMRMLLabelMapVolumeNode")
    assert np.array_equal(export(node, volume)[0], mask)


def test_the_same_local_grid_under_another_transform_is_refused(
    add_volume, add_segmentation, add_transform, export, mask, affine, rigid
):
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    add_transform(rigid, volume)
    with pytest.raises(InputError, match="another grid"):
        export(add_segmentation({"vessel": mask}, affine), volume)


def test_axes_stored_in_another_order_and_direction_are_the_same_lattice(add_volume, export, mask, affine):
    """The same voxels, stored (j, k, i) with j counted backwards."""
    stored = mask.transpose(1, 0, 2)[::-1]  # index (a, b, c) = (last j - a, b = k, c = i)
    swap = np.zeros((4, 4))
    swap[0, 0] = swap[2, 1] = swap[3, 3] = 1
    swap[1, 2], swap[1, 3] = -1, SHAPE[1] - 1
    node = add_volume(np.ascontiguousarray(stored), affine @ swap, "GT", "vtkMRMLLabelMapVolumeNode")
    assert np.array_equal(export(node, add_volume(np.zeros(SHAPE, np.int16), affine))[0], mask)


def test_a_larger_label_volume_on_the_lattice_is_cropped(add_volume, export, mask, affine):
    shift = np.eye(4)
    shift[:3, 3] = (-2, -1, -3)
    larger = np.pad(mask, ((3, 1), (1, 2), (2, 4)))
    node = add_volume(larger, affine @ shift, "GT", "vtkMRMLLabelMapVolumeNode")
    assert np.array_equal(export(node, add_volume(np.zeros(SHAPE, np.int16), affine))[0], mask)


def test_labels_beyond_the_volume_are_refused_with_their_number(add_volume, export, mask, affine):
    larger = np.pad(mask, 2)
    larger[0, 0, :3] = 1
    shift = np.eye(4)
    shift[:3, 3] = -2
    node = add_volume(larger, affine @ shift, "GT", "vtkMRMLLabelMapVolumeNode")
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    with pytest.raises(InputError, match="3 labelled voxels"):
        export(node, volume)
    assert np.array_equal(export(node, volume, resample=True)[0], mask)


def test_a_label_volume_that_ends_early_is_another_grid(add_volume, export, mask, affine):
    node = add_volume(mask[:, :, :-1], affine, "GT", "vtkMRMLLabelMapVolumeNode")
    with pytest.raises(InputError, match="another grid"):
        export(node, add_volume(np.zeros(SHAPE, np.int16), affine))


def test_another_grid_is_refused_with_both_printed(add_volume, add_segmentation, export, mask, affine):
    half_voxel = np.eye(4)
    half_voxel[0, 3] = 0.5
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    with pytest.raises(InputError) as caught:
        export(add_segmentation({"vessel": mask}, affine @ half_voxel, "Mine"), volume)
    assert "'Mine'" in caught.value.message
    assert caught.value.message.count("spacing") == 2 and caught.value.message.count("origin") == 2
    assert "resampleGroundTruth=True" in caught.value.remedy


def test_resampling_takes_the_nearest_label_in_patient_space(add_volume, add_transform, export, affine, rigid):
    """A ball drawn on a finer, differently oriented grid under a transform comes out as the same ball."""
    center = (affine @ [4.0, 4.5, 2.5, 1])[:3]
    fine = np.diag([0.3, 0.3, 0.3, 1.0])
    fine[:3, 3] = center - 0.3 * 12
    k, j, i = np.indices((25, 25, 25))
    points = fine[:3, :3] @ np.stack([i, j, k]).reshape(3, -1) + fine[:3, 3:]
    ball = (np.linalg.norm(points - center[:, None], axis=0) <= 1.8).reshape(25, 25, 25)
    node = add_volume(ball.astype(np.uint8), np.linalg.inv(rigid) @ fine, "GT", "vtkMRMLLabelMapVolumeNode")
    add_transform(rigid, node)
    array, _ = export(node, add_volume(np.zeros(SHAPE, np.int16), affine), resample=True)
    k, j, i = np.indices(SHAPE)
    distance = np.linalg.norm(
        affine[:3, :3] @ np.stack([i, j, k]).reshape(3, -1) + (affine[:3, 3] - center)[:, None], axis=0
    ).reshape(SHAPE)
    assert array[distance < 1.5].all()
    assert not array[distance > 2.1].any()


def test_several_segments_must_be_chosen(add_volume, add_segmentation, export, mask, affine):
    other = np.roll(mask, 3)
    node = add_segmentation({"artery": mask, "vein": other}, affine)
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    with pytest.raises(InputError, match="'artery', 'vein'"):
        export(node, volume)
    array, labels = export(node, volume, segments="vein")
    assert np.array_equal(array, 2 * other) and labels == (1, 2)
    together = np.where(other, 2, mask)  # where they overlap, the last one counts
    assert np.array_equal(export(node, volume, segments="all")[0], together)
    assert np.array_equal(export(node, volume, segments=["artery", "vein"])[0], together)
    assert segment_names(node) == ((1, "artery"), (2, "vein"))
    with pytest.raises(InputError, match="no segment 'bone'"):
        export(node, volume, segments="bone")


def test_overlapping_segments_that_share_one_image_are_told_apart(add_volume, add_segmentation, export, affine):
    """Segments that do not overlap are stored in one image with one value each."""
    first, second = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    first[1, 2, 3], second[4, 5, 6] = 1, 1
    node = add_segmentation({"first": first, "second": second}, affine)
    node.GetSegmentation().CollapseBinaryLabelmaps(True)
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    assert np.array_equal(export(node, volume, segments="first")[0], first)
    assert np.array_equal(export(node, volume, segments="second")[0], 2 * second)
    assert np.array_equal(export(node, volume, segments="all")[0], first + 2 * second)


def test_a_segment_drawn_as_a_surface_is_filled_on_the_volumes_grid(
    scene, add_volume, add_transform, export, affine, rigid
):
    import vtk

    sphere = vtk.vtkSphereSource()
    center = (affine @ [4.0, 4.5, 2.5, 1])[:3]
    sphere.SetCenter(center)
    sphere.SetRadius(1.8)
    sphere.SetThetaResolution(40)
    sphere.SetPhiResolution(40)
    sphere.Update()
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Surface")
    node.SetSourceRepresentationToClosedSurface()
    node.AddSegmentFromClosedSurfaceRepresentation(sphere.GetOutput(), "vessel", [1, 0, 0])
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    add_transform(rigid, volume, node)
    array, labels = export(node, volume)
    k, j, i = np.indices(SHAPE)
    distance = np.linalg.norm(
        affine[:3, :3] @ np.stack([i, j, k]).reshape(3, -1) + (affine[:3, 3] - center)[:, None], axis=0
    ).reshape(SHAPE)
    assert labels == (1,)
    assert array[distance < 1.4].all()
    assert not array[distance > 2.2].any()


def test_whole_numbers_stored_as_floats_are_labels_and_fractions_are_not(add_volume, export, mask, affine):
    volume = add_volume(np.zeros(SHAPE, np.int16), affine)
    array, _ = export(add_volume(mask.astype(np.float64), affine), volume)
    assert np.array_equal(array, mask)
    with pytest.raises(InputError, match="fractions"):
        export(add_volume(mask * 0.5, affine), volume)


def test_other_nodes_are_refused(scene, add_volume, export, affine):
    with pytest.raises(InputError, match="ModelNode"):
        export(scene.AddNewNodeByClass("vtkMRMLModelNode", "M"), add_volume(np.zeros(SHAPE, np.int16), affine))
