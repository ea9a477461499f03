"""The door for Slicer: nodes go in, nodes come out; the worker in between is one that only thresholds."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import textwrap
import time

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

import numpy as np

from UMambaXAILogic.engine.errors import (
    CancelledError,
    InputError,
    ModelError,
    NotInstalledError,
    UsageError,
    WorkerCrashedError,
)
from UMambaXAILogic.interaction import Command, SubprocessRunner
from UMambaXAILogic.logic import UMambaXAILogic
from UMambaXAILogic.scene.grid import image_array, image_data, local_grid, vtk_matrix
from UMambaXAILogic.scene.headless import start_headless_slicer

#: Segments what is above 100; the "model" decides how it behaves.
WORKER = """
    import json, os, sys, time
    from pathlib import Path
    import numpy as np
    import SimpleITK as sitk

    def say(kind, **fields):
        print(json.dumps({"v": 1, "type": kind, **fields}), flush=True)

    request = json.loads(Path(sys.argv[1]).read_text())
    say("hello", pid=os.getpid(), versions={})
    say("stage", name="segment")
    say("progress", stage="segment", fraction=0.5)
    if request["model"] == "hang":
        sys.stdin.read()
        sys.exit(130)
    if request["model"] == "crash":
        print("Segmentation fault in the fake", file=sys.stderr, flush=True)
        os._exit(1)
    if request["model"] == "broken":
        say("error", code="model", message="The folder 'broken' has no plans.json.", remedy="Choose another.")
        sys.exit(4)
    say("warning", code="phantom", message="This is a phantom.")
    image = sitk.ReadImage(request["volume"])
    array = sitk.GetArrayFromImage(image)
    out = Path(request["output"])
    out.mkdir()

    def write(values, name):
        result = sitk.GetImageFromArray(values)
        result.CopyInformation(image)
        sitk.WriteImage(result, str(out / name), False)

    prediction = (array > 100).astype(np.uint8)
    write(prediction, "segmentation.nrrd")
    predicted = prediction.any()
    if predicted:
        write((array / array.max()).astype(np.float32), "attention.nrrd")
    truth = request["ground_truth"] and sitk.GetArrayFromImage(sitk.ReadImage(request["ground_truth"]))
    metrics = {
        "model": {"labels": {"background": 0, "vessel": 1}},
        "target": {"label": 1, "name": "vessel"},
        "segmentation": {"pm_voxels": int(prediction.sum()), "dice": None if truth is None else 1.0},
        "alignment": [], "gap": None, "verdict": {"name": "inconclusive", "reasons": []}, "attribution": None,
        "warnings": [], "request": request,
        "mask": None if not request["region"] or not request["region"]["mask"] else int(
            sitk.GetArrayFromImage(sitk.ReadImage(request["region"]["mask"])).sum()),
    }
    (out / "metrics.json").write_text(json.dumps(metrics))
    (out / "slices.csv").write_text("slice,position_s_mm,dice,xai_gt_f1,xai_pm_f1,category\\n0,1.5,0.5,0.5,0.5,good\\n")
    files = {"segmentation": "segmentation.nrrd", "attention": "attention.nrrd" if predicted else None,
             "metrics": "metrics.json", "slices": "slices.csv"}
    say("result", folder=str(out), files=files)
"""


class FakeEnvironment:
    """Starts the fake worker."""

    def __init__(self, script, is_ready: bool = True) -> None:
        self._script = script
        self.is_ready = is_ready

    def worker_command(self, request) -> Command:
        return Command(sys.executable, (str(self._script), str(request)))


@pytest.fixture
def scene():
    application = start_headless_slicer()
    yield application.scene
    application.close()


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder in which work folders are made; must be empty in the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert not list(folder.iterdir())


@pytest.fixture
def environment(tmp_path):
    script = tmp_path / "worker.py"
    script.write_text(textwrap.dedent(WORKER), encoding="utf-8")
    return FakeEnvironment(script)


@pytest.fixture
def runners():
    return []


@pytest.fixture
def logic(environment, runners, temporary):
    def make_runner():
        runners.append(SubprocessRunner())
        return runners[-1]

    return UMambaXAILogic(runnerFactory=make_runner, environment=environment)


@pytest.fixture
def volume(scene):
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CTA")
    array = np.zeros((8, 10, 12), np.int16)
    array[2:6, 3:7, 4:9] = 200
    node.SetAndObserveImageData(image_data(array))
    node.SetIJKToRASMatrix(vtk_matrix(_grid()))
    return node


def _grid() -> np.ndarray:
    """An oblique, left-handed grid."""
    rotation = np.linalg.qr([[1.0, 0.3, 0.1], [-0.2, 1.0, 0.4], [0.1, -0.3, 1.0]])[0]
    affine = np.eye(4)
    affine[:3, :3] = rotation @ np.diag([0.5, -0.4 * np.linalg.det(rotation), 0.8])
    affine[:3, 3] = (5.0, -8.0, 20.0)
    return affine


def node_ids(scene) -> set[str]:
    return {scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())}


def test_blocking_call_returns_the_nodes(scene, logic, volume):
    result = logic.segmentAndExplain(volume)
    assert result.segmentationNode.GetSegmentation().GetNthSegment(0).GetName() == "vessel"
    values = image_array(result.attentionNode.GetImageData())
    np.testing.assert_array_equal(values, (image_array(volume.GetImageData()) == 200).astype(np.float32))
    np.testing.assert_allclose(local_grid(result.attentionNode).ijk_to_ras, local_grid(volume).ijk_to_ras)
    assert result.metrics["segmentation"]["pm_voxels"] == 4 * 4 * 5
    assert result.metricsTableNode.GetNumberOfRows() > 0
    assert result.slicesTableNode.GetNumberOfRows() == 1
    assert result.warnings == [("phantom", "This is a phantom.")]
    assert scene.IsNodePresent(result.surfaceNode)


def test_results_follow_the_volume_under_its_transform(scene, logic, volume):
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = np.eye(4)
    matrix[:3, 3] = (30, 20, 10)
    transform.SetMatrixTransformToParent(vtk_matrix(matrix))
    volume.SetAndObserveTransformNodeID(transform.GetID())
    result = logic.segmentAndExplain(volume)
    bounds, expected = np.zeros(6), np.zeros(6)
    result.attentionNode.GetRASBounds(bounds)
    volume.GetRASBounds(expected)
    np.testing.assert_allclose(bounds, expected)
    assert result.segmentationNode.GetTransformNodeID() == transform.GetID()


def test_every_option_reaches_the_worker(scene, logic, volume):
    roi = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode")
    roi.SetSize(1.0, 1.2, 1.4)
    roi.SetCenter((_grid() @ [6, 5, 4, 1])[:3])
    result = logic.segmentAndExplain(
        volume,
        model="some/folder.zip",
        threshold=0.35,
        method="seg-grad-cam",
        pool=2,
        poolMode="mean",
        layers=["encoder.1", "decoder.0"],
        target="foreground",
        targetScore="logit",
        thresholds=(0.1, 0.5),
        preset="paper",
        device="cpu",
        folds=[0, 2],
        mirror=True,
        step=0.25,
        memoryLimitGb=3.5,
        scanBackend="reference",
        regionNode=roi,
        cutoffs=(0.5, 0.3, 0.2),
    )
    request = result.metrics["request"]
    expected = {
        "model": "some/folder.zip",
        "case": "CTA",
        "reporting_threshold": 0.35,
        "method": "seg-grad-cam",
        "pool": 2,
        "pool_mode": "mean",
        "layers": ["encoder.1", "decoder.0"],
        "target": {"label": "foreground", "kind": "prediction", "score": "logit", "part": None},
        "thresholds": [0.1, 0.5],
        "preset": "paper",
        "device": "cpu",
        "folds": [0, 2],
        "mirror": True,
        "step": 0.25,
        "memory_limit_gb": 3.5,
        "scan_backend": "reference",
        "output_format": "nrrd",
    }
    assert {name: request[name] for name in expected} == expected
    assert request["cutoffs"]["high"] == 0.5 and request["cutoffs"]["gap"] == 0.2
    x, _, z = (_grid() @ [6, 5, 4, 1])[:3]
    np.testing.assert_allclose([request["region"]["box_mm_ras"][i] for i in (0, 1, 5)], [x - 0.5, x + 0.5, z + 0.7])
    assert result.attentionNode.GetName() == "CTA attention (folder, seg-grad-cam)"
    assert result.attentionNode.GetDisplayNode().GetLowerThreshold() == pytest.approx(0.35)


def test_a_point_reaches_the_worker_where_it_lies_in_the_volumes_own_space(scene, logic, volume):
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    to_world = np.linalg.inv(_grid()) * 1.5 + np.eye(4)
    to_world[3] = (0, 0, 0, 1)
    transform.SetMatrixTransformToParent(vtk_matrix(to_world))
    volume.SetAndObserveTransformNodeID(transform.GetID())
    local = _grid() @ [6, 5, 4, 1]
    clicked = (to_world @ local)[:3]
    result = logic.segmentAndExplain(volume, at=clicked, part="segment")
    part = result.metrics["request"]["target"]["part"]
    np.testing.assert_allclose(part["point_mm_ras"], local[:3], atol=1e-9)
    assert part["unit"] == "segment"
    r, a, s = clicked
    assert (
        result.attentionNode.GetName() == f"CTA attention (demo, seg-xres-cam, segment at R{r:.1f} A{a:.1f} S{s:.1f})"
    )


def test_results_of_parts_stand_beside_each_other_and_the_whole(scene, logic, volume):
    whole, first = logic.segmentAndExplain(volume), logic.segmentAndExplain(volume, at=(1, 2.04, -3))
    other = logic.segmentAndExplain(volume, at=(1, 2.2, -3))
    assert first.attentionNode.GetName().endswith("component at R1.0 A2.0 S-3.0)")
    again = logic.segmentAndExplain(volume, at=(1, 2.04, -3))
    there = [bool(scene.IsNodePresent(one.attentionNode)) for one in (whole, first, other, again)]
    assert there == [True, False, True, True]


@pytest.mark.parametrize(
    ("options", "match"),
    [({"part": "segment"}, "no point"), ({"at": (1, 2)}, "three"), ({"at": (1, 2, 3), "part": "tree"}, "component")],
)
def test_a_part_that_makes_no_sense_is_refused_at_once(logic, volume, runners, options, match):
    with pytest.raises(UsageError, match=match):
        logic.segmentAndExplain(volume, **options)
    assert not runners


def test_ground_truth_gives_errors_to_look_at(scene, logic, volume):
    truth = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "GT")
    labels = np.zeros((8, 10, 12), np.uint8)
    labels[2:6, 3:7, 4:6], labels[0, 9, 0:3] = 1, 7
    truth.SetAndObserveImageData(image_data(labels))
    truth.SetIJKToRASMatrix(vtk_matrix(_grid()))
    result = logic.segmentAndExplain(volume, groundTruthNode=truth, groundTruthLabels=(1, 7))
    assert result.metrics["request"]["ground_truth_labels"] == [1, 7]
    segmentation = result.errorsNode.GetSegmentation()
    image = image_array(segmentation.GetNthSegment(0).GetRepresentation("Binary labelmap"))
    assert [int((image == value).sum()) for value in (1, 2, 3)] == [32, 48, 3]


def test_ground_truth_on_another_grid_is_refused_before_anything_starts(scene, logic, volume):
    truth = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "GT")
    truth.SetAndObserveImageData(image_data(np.zeros((8, 10, 12), np.uint8)))
    truth.SetIJKToRASMatrix(vtk_matrix(np.eye(4)))
    before = node_ids(scene)
    with pytest.raises(InputError, match="another grid"):
        logic.segmentAndExplain(volume, groundTruthNode=truth)
    assert node_ids(scene) == before


def test_a_run_never_removes_what_it_is_compared_with(scene, logic, volume):
    own = logic.segmentAndExplain(volume).segmentationNode
    before = node_ids(scene)
    for options in ({"groundTruthNode": own}, {"regionNode": own}):
        with pytest.raises(InputError, match="belongs to the result .* would replace"):
            logic.segmentAndExplain(volume, **options)
    assert node_ids(scene) == before
    result = logic.segmentAndExplain(volume, groundTruthNode=own, replace=False)
    assert scene.IsNodePresent(own) and result.segmentationNode is not own


def test_a_copy_that_somebody_made_of_a_result_stays(scene, logic, volume):
    own = logic.segmentAndExplain(volume).segmentationNode
    copied = own.CreateNodeInstance()
    copied.Copy(own)
    copied = scene.AddNode(copied)
    assert copied.GetID() != own.GetID()
    logic.segmentAndExplain(volume, groundTruthNode=copied)
    assert scene.IsNodePresent(copied) and not scene.IsNodePresent(own)


def test_nothing_predicted_is_a_result(scene, logic, volume):
    volume.SetAndObserveImageData(image_data(np.ones((8, 10, 12), np.int16)))
    result = logic.segmentAndExplain(volume)
    assert result.attentionNode is None
    with pytest.raises(InputError, match="nothing was predicted"):
        logic.showOverlay(result)


@pytest.mark.parametrize(
    ("model", "kind", "message"),
    [("broken", ModelError, "no plans.json"), ("crash", WorkerCrashedError, "Segmentation fault in the fake")],
)
def test_a_failure_is_a_typed_error_and_the_scene_stays(scene, logic, volume, model, kind, message):
    before = node_ids(scene)
    with pytest.raises(kind, match=message) as caught:
        logic.segmentAndExplain(volume, model=model)
    assert caught.value.remedy
    assert node_ids(scene) == before


def test_start_returns_at_once_and_tells_when_it_is_over(scene, logic, volume):
    before = node_ids(scene)
    seen, finished = [], []
    job = logic.startSegmentAndExplain(volume)
    job.progressed.connect(lambda stage, fraction, left: seen.append((stage, job.progress)))
    job.finished.connect(finished.append)
    assert not job.is_over and job.result is None
    assert node_ids(scene) == before
    assert job.wait(30)
    assert finished == [job] and job.state == "finished" and job.error is None
    assert scene.IsNodePresent(job.result.attentionNode)
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions) and fractions[-1] == pytest.approx(1.0)
    assert seen[0][0] == "prepare" and seen[-1][0] == "import"


def test_results_come_in_one_step_a_turn_of_the_loop(logic, volume, runners):
    job = logic.startSegmentAndExplain(volume)
    turns = 0
    while not job.is_over:
        before = job.progress
        runners[0].pump(0.05)
        turns += job.stage == "import" and job.progress > before
    assert turns >= 5


def test_the_scene_is_not_touched_before_the_result_is_there(scene, logic, volume, runners):
    before = node_ids(scene)
    job = logic.startSegmentAndExplain(volume)
    while job.stage != "import":
        assert node_ids(scene) == before
        runners[0].pump(0.05)
    assert job.wait(30)


def test_cancel_ends_the_worker_and_leaves_the_scene(scene, logic, volume, runners):
    before = node_ids(scene)
    job = logic.startSegmentAndExplain(volume, model="hang")
    while job.progress == 0:
        runners[0].pump(0.05)
    started = time.monotonic()
    job.cancel()
    assert job.wait(10) and time.monotonic() - started < 2
    assert job.state == "cancelled" and isinstance(job.error, CancelledError) and job.result is None
    assert node_ids(scene) == before


def test_cancel_while_results_come_in_takes_them_back(scene, logic, volume, runners):
    logic.segmentAndExplain(volume, model="other")  # leaves the colour table
    before = node_ids(scene)
    job = logic.startSegmentAndExplain(volume)
    while node_ids(scene) == before:
        runners[0].pump(0.05)
    job.cancel()
    assert job.wait(10) and job.state == "cancelled"
    assert node_ids(scene) == before


def test_a_volume_that_is_gone_when_the_result_comes_is_an_error(scene, logic, volume):
    job = logic.startSegmentAndExplain(volume)
    scene.RemoveNode(volume)
    assert job.wait(30)
    assert job.state == "failed" and "removed from the scene" in str(job.error)


def test_unknown_options_are_refused_with_the_known_ones(logic, volume):
    with pytest.raises(UsageError, match="'metod'") as caught:
        logic.segmentAndExplain(volume, metod="seg-grad-cam")
    assert "method" in caught.value.remedy


def test_values_out_of_range_are_refused(logic, volume):
    with pytest.raises(UsageError, match=r"1\.5"):
        logic.segmentAndExplain(volume, threshold=1.5)


def test_a_missing_runtime_is_said_before_anything_is_exported(environment, volume, temporary):
    environment.is_ready = False
    with pytest.raises(NotInstalledError, match="not installed"):
        UMambaXAILogic(environment=environment).segmentAndExplain(volume)


def test_no_volume_is_an_input_error(logic):
    with pytest.raises(InputError, match="No volume"):
        logic.segmentAndExplain(None)


def test_overlay_is_shown_on_all_slice_views_and_taken_off(scene, logic, volume):
    composites = [scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode") for _ in range(2)]
    result = logic.segmentAndExplain(volume)
    logic.showOverlay(result, opacity=0.4, threshold=0.6)
    for composite in composites:
        assert composite.GetBackgroundVolumeID() == volume.GetID()
        assert composite.GetForegroundVolumeID() == result.attentionNode.GetID()
        assert composite.GetForegroundOpacity() == pytest.approx(0.4)
    assert result.attentionNode.GetDisplayNode().GetLowerThreshold() == pytest.approx(0.6)
    logic.hideOverlay(result)
    assert all(composite.GetForegroundVolumeID() is None for composite in composites)


def test_slicers_python_needs_no_heavy_package():
    code = (
        "import sys; import UMambaXAILogic.logic;"
        "print([name for name in ('torch', 'nnunetv2', 'scipy', 'numba', 'nibabel', 'skimage') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(found.stdout.replace("'", '"')) == []
