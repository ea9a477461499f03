"""The door for Slicer: a volume's domain statistics, with the real worker on a small head."""

from __future__ import annotations

import json
import tempfile

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

import numpy as np

from UMambaXAILogic.engine.errors import InputError, ModelError, NotInstalledError
from UMambaXAILogic.interaction import SubprocessRunner
from UMambaXAILogic.logic import UMambaXAILogic
from UMambaXAILogic.scene.grid import image_data, vtk_matrix
from UMambaXAILogic.scene.headless import start_headless_slicer


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
def volume(scene):
    """A block of tissue in air with a bright tube, 0.5 x 0.5 x 1 mm."""
    rng = np.random.default_rng(1)
    array = np.full((32, 64, 64), -1000.0)
    array[4:28, 6:58, 6:58] = 40
    array[4:28, 28:33, 28:33] = 350
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CTA")
    node.SetAndObserveImageData(image_data(np.round(array + rng.normal(0, 5, array.shape)).astype(np.int16)))
    node.SetIJKToRASMatrix(vtk_matrix(np.diag([-0.5, -0.5, 1.0, 1.0])))
    return node


@pytest.fixture
def mask(scene, volume):
    labels = np.zeros((32, 64, 64), np.uint8)
    labels[4:28, 28:33, 28:33] = 3
    node = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "vessels")
    node.SetAndObserveImageData(image_data(labels))
    node.SetIJKToRASMatrix(vtk_matrix(np.diag([-0.5, -0.5, 1.0, 1.0])))
    return node


@pytest.fixture
def logic(temporary):
    return UMambaXAILogic()


def test_statistics_histograms_and_comparison_come_into_the_scene(scene, logic, volume, mask, tmp_path, profile_json):
    profile = tmp_path / "source.json"
    profile.write_text(json.dumps(profile_json()))
    result = logic.computeDomainStatistics(volume, mask, profile)
    assert result.row["intensity"]["mean"] == pytest.approx(40, abs=1)
    assert result.row["noise"]["parenchyma"]["std"] == pytest.approx(5, rel=0.2)
    assert result.row["morphology"]["mask"] == "ground_truth"
    assert result.row["morphology"]["diameter_mm"]["mean"] == pytest.approx(3.0)  # 3 voxels to the wall
    assert result.row["case"] == "CTA"
    assert result.comparison["profile"] == "source"
    assert any("spacing" in text.lower() for text in result.outOfRange)
    assert ("resolution_outside_profile", result.outOfRange[-1]) in result.warnings
    for node in (
        result.tableNode,
        result.histogramTableNode,
        result.histogramChartNode,
        result.diameterTableNode,
        result.diameterChartNode,
    ):
        assert scene.IsNodePresent(node)
    assert result.tableNode.GetNumberOfColumns() == 3


def test_started_it_returns_at_once_and_leaves_the_scene_until_it_is_done(scene, temporary, volume):
    runners = []

    def make_runner():
        runners.append(SubprocessRunner())
        return runners[-1]

    before = scene.GetNumberOfNodes()
    job = UMambaXAILogic(runnerFactory=make_runner).startComputeDomainStatistics(volume, modality="CT")
    stages: list[str] = []
    job.progressed.connect(lambda stage, fraction, left: stages.append(stage))
    assert not job.is_over
    assert scene.GetNumberOfNodes() == before
    assert job.wait(60)
    assert job.error is None
    assert job.progress == pytest.approx(1.0)
    assert list(dict.fromkeys(stages)) == ["prepare", "read", "metrics", "write", "import"]
    assert job.result.comparison is None
    assert job.result.outOfRange is None
    assert job.result.diameterTableNode is None


def test_a_cancel_leaves_the_scene_as_it_was(scene, temporary, volume):
    before = scene.GetNumberOfNodes()
    job = UMambaXAILogic(runnerFactory=SubprocessRunner).startComputeDomainStatistics(volume)
    job.cancel()
    assert job.wait(30)
    assert job.state == "cancelled"
    assert scene.GetNumberOfNodes() == before


def test_what_cannot_be_measured_is_refused_before_anything_starts(scene, logic, volume):
    with pytest.raises(InputError, match="No volume"):
        logic.computeDomainStatistics(None)
    with pytest.raises(InputError, match="not a mask"):
        logic.computeDomainStatistics(volume, scene.AddNewNodeByClass("vtkMRMLModelNode"))


def test_a_profile_that_is_not_there_is_a_typed_error(logic, volume, tmp_path):
    with pytest.raises(ModelError, match="gone"):
        logic.computeDomainStatistics(volume, profile=tmp_path / "gone")


def test_a_missing_runtime_is_said_first(volume, temporary):
    class Missing:
        is_ready = False

        def worker_command(self, request):
            raise AssertionError("started")

    with pytest.raises(NotInstalledError):
        UMambaXAILogic(environment=Missing()).computeDomainStatistics(volume)
