"""Before the worker starts: the inputs are written in steps that can be cancelled, fail and leave nothing behind."""

from __future__ import annotations

import errno
import json
import sys
import tempfile
import textwrap

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

import numpy as np
import SimpleITK as sitk
import slicer

from UMambaXAILogic.engine.errors import CancelledError, InputError, ModelError, UsageError
from UMambaXAILogic.interaction import Command, SubprocessRunner
from UMambaXAILogic.logic import UMambaXAILogic
from UMambaXAILogic.scene import label_placing, nrrd_output
from UMambaXAILogic.scene.grid import image_array, image_data, vtk_matrix
from UMambaXAILogic.scene.headless import start_headless_slicer

pytestmark = pytest.mark.usefixtures("layer_by_layer")

SHAPE = (5, 6, 7)
AFFINE = np.diag([-0.5, -0.5, 0.8, 1.0])

#: Keeps what it was given, and refuses the model.
WORKER = """
    import json, shutil, sys
    from pathlib import Path
    request = Path(sys.argv[1])
    shutil.copytree(request.parent, KEPT)
    error = dict(v=1, type="error", code="model", message=f"{request.parent / 'volume CTA.nrrd'} seen.", remedy="None.")
    print(json.dumps(error), flush=True)
"""


class KeepingEnvironment:
    is_ready = True

    def __init__(self, folder) -> None:
        self.kept = folder / "kept"
        self._script = folder / "worker.py"
        self._script.write_text(textwrap.dedent(WORKER).replace("KEPT", repr(str(self.kept))))

    def worker_command(self, request) -> Command:
        return Command(sys.executable, (str(self._script), str(request)))


@pytest.fixture
def scene():
    application = start_headless_slicer()
    yield application.scene
    application.close()


@pytest.fixture
def temporary(scene, tmp_path, monkeypatch):
    """The folder in which work folders are made; must be empty in the end."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert not list(folder.iterdir())


@pytest.fixture
def environment(tmp_path):
    return KeepingEnvironment(tmp_path)


@pytest.fixture
def runner():
    return SubprocessRunner()


@pytest.fixture
def logic(environment, runner, temporary):
    return UMambaXAILogic(runnerFactory=lambda: runner, environment=environment)


def _add_volume(scene, array, name, kind):
    node = scene.AddNewNodeByClass(kind, name)
    node.SetAndObserveImageData(image_data(array))
    node.SetIJKToRASMatrix(vtk_matrix(AFFINE))
    return node


@pytest.fixture
def inputs(scene):
    """A volume under a transform, a segmentation under the same one and a region without."""
    numbers = np.random.default_rng(4)
    volume = _add_volume(scene, numbers.integers(-9, 999, SHAPE).astype(np.int16), "CTA", "vtkMRMLScalarVolumeNode")
    labels = _add_volume(scene, (numbers.random(SHAPE) < 0.3).astype(np.uint8), "GT", "vtkMRMLLabelMapVolumeNode")
    truth = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Truth")
    slicer.vtkSlicerSegmentationsModuleLogic.ImportLabelmapToSegmentationNode(labels, truth)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    matrix = np.eye(4)
    matrix[:3, 3] = (30, 20, 10)
    transform.SetMatrixTransformToParent(vtk_matrix(matrix))
    for node in (volume, truth):
        node.SetAndObserveTransformNodeID(transform.GetID())
    region = _add_volume(scene, (numbers.random(SHAPE) < 0.6).astype(np.uint8), "Brain", "vtkMRMLLabelMapVolumeNode")
    region.SetIJKToRASMatrix(vtk_matrix(matrix @ AFFINE))
    return {"volumeNode": volume, "groundTruthNode": truth, "regionNode": region}, labels


def node_ids(scene) -> set[str]:
    return {scene.GetNthNode(index).GetID() for index in range(scene.GetNumberOfNodes())}


def steps_before_the_worker(logic, runner, nodes) -> int:
    job = logic.startSegmentAndExplain(**nodes)
    count = 0
    while runner.pid is None:
        runner.pump(0.0)
        count += 1
    assert job.wait(30)
    return count


def test_inputs_are_written_in_short_steps_before_the_worker_starts(logic, runner, temporary, environment, inputs):
    nodes, labels = inputs
    seen: list[float] = []
    job = logic.startSegmentAndExplain(**nodes)
    job.progressed.connect(lambda stage, fraction, left: seen.append(fraction) if stage == "prepare" else None)
    (folder,) = temporary.iterdir()
    files = {"volume": "volume CTA.nrrd", "ground_truth": "ground_truth.nrrd", "region": "region.nrrd"}
    order: list[str] = []
    while runner.pid is None:
        assert (job.state, job.stage, job.seconds_left) == ("running", "prepare", None)
        assert not (folder / "request.json").exists()
        runner.pump(0.0)
        finished = [name for name, file in files.items() if _is_whole(folder / file)]
        order += [name for name in finished if name not in order]
    assert order == list(files)
    assert len(seen) > 3 * SHAPE[0]
    assert seen == sorted(seen) and 0 < seen[0] < 0.1 and seen[-1] == 1.0
    assert job.wait(30) and isinstance(job.error, ModelError)
    assert job.error.message == "volume CTA.nrrd seen."  # nobody knows the folder, and it is gone
    request = json.loads((environment.kept / "request.json").read_text())
    assert request["region"]["mask"] == str(folder / "region.nrrd")
    assert request["ground_truth_labels"] == [1]
    expected = {"volume": nodes["volumeNode"], "ground_truth": labels, "region": nodes["regionNode"]}
    for name, node in expected.items():
        array = sitk.GetArrayFromImage(sitk.ReadImage(str(environment.kept / files[name])))
        np.testing.assert_array_equal(array, image_array(node.GetImageData()), name)


def _is_whole(path) -> bool:
    if not path.is_file():
        return False
    header, _, voxels = path.read_bytes().partition(b"\n\n")
    return len(voxels) == np.prod(SHAPE) * (2 if b"int16" in header else 1)


def test_a_cancel_after_any_step_leaves_nothing_and_starts_nothing(scene, environment, temporary, inputs):
    nodes, _ = inputs
    runner = SubprocessRunner()
    count = steps_before_the_worker(UMambaXAILogic(None, lambda: runner, environment), runner, nodes)
    assert count > 3 * SHAPE[0]
    before = node_ids(scene)
    for steps in range(count):
        runner = SubprocessRunner()
        job = UMambaXAILogic(None, lambda runner=runner: runner, environment).startSegmentAndExplain(**nodes)
        finished: list = []
        job.finished.connect(finished.append)
        for _ in range(steps):
            runner.pump(0.0)
        job.cancel()
        assert job.is_over and job.state == "cancelled" and isinstance(job.error, CancelledError), steps
        assert finished == [job]
        assert not list(temporary.iterdir())
        runner.pump(0.0)
        assert runner.pid is None and node_ids(scene) == before


def test_a_cancel_in_the_middle_of_a_step_takes_effect_after_it(logic, runner, inputs, monkeypatch):
    nodes, _ = inputs
    add, job = label_placing._add, None

    def add_and_cancel(some, there):
        job.cancel()
        assert job.state == "cancelling"
        add(some, there)

    monkeypatch.setattr(label_placing, "_add", add_and_cancel)
    job = logic.startSegmentAndExplain(**nodes)
    assert job.wait(10)
    assert job.state == "cancelled" and runner.pid is None


def test_a_full_disk_at_any_piece_is_a_typed_error_and_leaves_nothing(
    scene, environment, temporary, inputs, monkeypatch
):
    nodes, _ = inputs
    write, before = nrrd_output._write_all, node_ids(scene)
    for fails_at in range(3 * (SHAPE[0] + 1)):
        calls: list[int] = []

        def full(stream, content, calls=calls, fails_at=fails_at):
            calls.append(1)
            if len(calls) == fails_at + 1:
                raise OSError(errno.ENOSPC, "No space left on device")
            write(stream, content)

        monkeypatch.setattr(nrrd_output, "_write_all", full)
        with pytest.raises(InputError, match="No space left"):
            UMambaXAILogic(environment=environment).segmentAndExplain(**nodes)
        assert not list(temporary.iterdir())
        assert node_ids(scene) == before
    assert not environment.kept.exists()


def test_a_bug_while_preparing_ends_the_job_and_reaches_the_console(logic, runner, inputs, monkeypatch):
    def broken(some, there):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(label_placing, "_add", broken)
    nodes, _ = inputs
    job = logic.startSegmentAndExplain(**nodes)
    with pytest.raises(ZeroDivisionError):
        job.wait(10)
    assert job.state == "failed" and "could not be prepared" in str(job.error)
    assert runner.pid is None


def test_an_interrupt_of_the_blocking_form_leaves_nothing(logic, inputs, monkeypatch):
    def interrupted(some, there):
        raise KeyboardInterrupt

    monkeypatch.setattr(label_placing, "_add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        logic.segmentAndExplain(**inputs[0])


@pytest.mark.parametrize("which", ["volumeNode", "regionNode", "groundTruthNode"])
def test_voxels_that_change_meanwhile_are_refused_because_half_of_them_are_old(logic, runner, inputs, which):
    nodes, _ = inputs
    job = logic.startSegmentAndExplain(**nodes)
    runner.pump(0.0)
    if which == "groundTruthNode":
        nodes[which].GetSegmentation().GetNthSegment(0).GetRepresentation("Binary labelmap").Modified()
    else:
        nodes[which].GetImageData().GetPointData().GetScalars().Modified()
    assert job.wait(10)
    assert isinstance(job.error, InputError) and "was changed" in str(job.error)
    assert nodes[which].GetName() in str(job.error) and runner.pid is None


def test_what_does_not_touch_voxels_may_change_meanwhile(logic, runner, inputs):
    nodes, _ = inputs
    job = logic.startSegmentAndExplain(**nodes)
    runner.pump(0.0)
    nodes["volumeNode"].SetName("Renamed")
    nodes["volumeNode"].CreateDefaultDisplayNodes()
    assert job.wait(10)
    assert isinstance(job.error, ModelError)


@pytest.mark.parametrize("which", ["volumeNode", "regionNode", "groundTruthNode"])
def test_a_node_that_is_removed_meanwhile_ends_it(scene, logic, runner, inputs, which):
    nodes, _ = inputs
    job = logic.startSegmentAndExplain(**nodes)
    runner.pump(0.0)
    scene.RemoveNode(nodes[which])
    assert job.wait(10)
    assert isinstance(job.error, InputError) and "removed from the scene" in str(job.error)


def test_what_is_cheap_to_refuse_is_refused_at_once(scene, logic, inputs):
    nodes, _ = inputs
    with pytest.raises(UsageError, match=r"1\.5"):
        logic.startSegmentAndExplain(**nodes, threshold=1.5)
    with pytest.raises(InputError, match="no segment 'bone'"):
        logic.startSegmentAndExplain(**nodes, groundTruthSegments="bone")
    nodes["regionNode"].SetIJKToRASMatrix(vtk_matrix(np.eye(4)))
    with pytest.raises(InputError, match="another grid"):
        logic.startSegmentAndExplain(**nodes)
    model = scene.AddNewNodeByClass("vtkMRMLModelNode", "M")
    with pytest.raises(InputError, match="not a mask"):
        logic.startComputeDomainStatistics(nodes["volumeNode"], model)


def test_domain_statistics_are_prepared_in_steps_too(logic, runner, temporary, environment, inputs):
    nodes, labels = inputs
    steps = 0
    job = logic.startComputeDomainStatistics(nodes["volumeNode"], nodes["groundTruthNode"])
    while runner.pid is None:
        assert (job.state, job.stage) == ("running", "prepare")
        runner.pump(0.0)
        steps += 1
    assert steps > 2 * SHAPE[0]
    assert job.wait(30)
    array = sitk.GetArrayFromImage(sitk.ReadImage(str(environment.kept / "vessels.nrrd")))
    np.testing.assert_array_equal(array, image_array(labels.GetImageData()))


def test_segments_travel_with_their_names(logic, environment, inputs, scene):
    nodes, _labels = inputs
    truth = nodes["groundTruthNode"].GetSegmentation()
    truth.GetNthSegment(0).SetName("BA")
    copied = slicer.vtkSegment()
    copied.DeepCopy(truth.GetNthSegment(0))
    copied.SetName("Right PCom")
    truth.AddSegment(copied)
    job = logic.startSegmentAndExplain(
        nodes["volumeNode"], groundTruthNode=nodes["groundTruthNode"], groundTruthSegments="all"
    )
    assert job.wait(30) and isinstance(job.error, ModelError)
    request = json.loads((environment.kept / "request.json").read_text())
    names = dict(map(tuple, request["ground_truth_names"]))
    assert list(names) == request["ground_truth_labels"]
    assert "BA" in names.values() and "Right PCom" in names.values()
