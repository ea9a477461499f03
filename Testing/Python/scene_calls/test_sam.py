"""A SAM on a volume of the scene: by the real worker, with a tiny network of random weights."""

from __future__ import annotations

import sys
import textwrap
from types import SimpleNamespace

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

import numpy as np
import slicer

from UMambaXAILogic.engine.errors import InputError, ModelError, NotInstalledError, UsageError
from UMambaXAILogic.engine.methods.settings import MethodOptions
from UMambaXAILogic.engine.request import Region
from UMambaXAILogic.engine.sam.request import SamRequest
from UMambaXAILogic.interaction import Command, SubprocessRunner
from UMambaXAILogic.interaction.panel.numbers import result_numbers
from UMambaXAILogic.logic import UMambaXAILogic
from UMambaXAILogic.scene.grid import image_array, image_data, local_grid, same_grid, vtk_matrix
from UMambaXAILogic.scene.headless import start_headless_slicer
from UMambaXAILogic.scene_calls.sam import sam_call, sam_options_from

SHAPE = (9, 24, 28)
AFFINE = np.array([[-0.8, 0, 0, 10], [0, -0.8, 0, 5], [0, 0, 2, -30], [0, 0, 0, 1]], dtype=float)


@pytest.fixture
def scene():
    application = start_headless_slicer()
    yield application.scene
    application.close()


def add_volume(scene, array, name, kind="vtkMRMLScalarVolumeNode"):
    node = scene.AddNewNodeByClass(kind, name)
    node.SetAndObserveImageData(image_data(array))
    node.SetIJKToRASMatrix(vtk_matrix(AFFINE))
    return node


@pytest.fixture
def vessel() -> np.ndarray:
    mask = np.zeros(SHAPE, np.uint8)
    mask[2:7, 8:14, 9:19] = 1
    return mask


@pytest.fixture
def volume(scene, vessel):
    """A head with a vessel, under a transform."""
    random = np.random.default_rng(2)
    array = np.full(SHAPE, -1000, np.int16)
    array[:, 3:21, 3:25] = random.normal(40, 15, (9, 18, 22))
    array[vessel > 0] += 300
    node = add_volume(scene, array, "CTA")
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    moved = np.eye(4)
    moved[:3, 3] = 30, 20, 10
    transform.SetMatrixTransformToParent(vtk_matrix(moved))
    node.SetAndObserveTransformNodeID(transform.GetID())
    return node


@pytest.fixture
def truth(scene, volume, vessel):
    """The vessel as two segments, under the volume's transform."""
    labels = add_volume(scene, vessel * (1 + (np.arange(SHAPE[0]) > 4)[:, None, None]).astype(np.uint8), "GT",
                        "vtkMRMLLabelMapVolumeNode")  # fmt: skip
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Truth")
    slicer.vtkSlicerSegmentationsModuleLogic.ImportLabelmapToSegmentationNode(labels, node)
    scene.RemoveNode(labels)
    node.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
    return node


@pytest.fixture
def logic(scene):
    return UMambaXAILogic(scene, SubprocessRunner)


def test_a_map_and_masks_come_into_the_scene_as_of_any_run(logic, volume, truth, sam_folder, vessel):
    options = {"regionSegments": "all", "groundTruthSegments": "all", "device": "cpu", "saveLayerMaps": True}
    result = logic.samEmbeddingMap(volume, sam_folder, truth, truth, 0.4, **options)
    assert result.metrics["model"]["architecture"] == "SAM"
    assert {row["reference"] for row in result.metrics["alignment_with_box"]} == {"box"}
    assert result.metrics["segmentation"]["gt_voxels"] == vessel.sum()
    attention = image_array(result.attentionNode.GetImageData())
    assert attention.dtype == np.float32 and 0 < attention.max() <= 1
    assert not attention[[0, 1, 7, 8]].any()  # slices without the region are not prompted
    assert same_grid(local_grid(result.attentionNode), local_grid(volume))
    for node in (result.attentionNode, result.segmentationNode):
        assert node.GetTransformNodeID() == volume.GetTransformNodeID()
        assert sam_folder.name in node.GetName() and "embedding-similarity" in node.GetName()
    assert "embedding" in result.view.layers
    result.view.show(attention="overlay", layer="embedding")
    numbers = result_numbers(result.metrics)
    assert numbers.origin.startswith("SAM, embedding-similarity") and numbers.badges == ()


def test_it_runs_without_blocking_and_stops(logic, volume, truth, sam_folder, scene):
    before = scene.GetNumberOfNodes()
    job = logic.startSamEmbeddingMap(volume, sam_folder, truth, regionSegments="all", device="cpu")
    job.cancel()
    assert job.wait(60) and job.state == "cancelled" and scene.GetNumberOfNodes() == before


def request_of(volume, region, folder, **options) -> SamRequest:
    call = sam_call(volume, "medsam_vit_b.pth", region, None, 0.3, sam_options_from(options))(folder)
    try:
        while True:
            next(call.request)
    except StopIteration as done:
        return SamRequest.from_json(done.value)


def test_a_box_that_says_it_all_travels_as_numbers_and_a_segment_as_a_mask(scene, volume, truth, tmp_path):
    roi = scene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "Box")
    roi.SetCenter(0, 0, -20)
    roi.SetSize(8, 6, 10)
    roi.SetAndObserveTransformNodeID(volume.GetTransformNodeID())
    asked = request_of(volume, roi, tmp_path, window=(-100, 500), stage=2, promptShare=0.25, layers=["block.1"])
    assert asked.region.box_mm_ras == pytest.approx((-4, 4, -3, 3, -25, -15))
    assert asked.options == MethodOptions(stage=2, prompt_share=0.25)
    assert (asked.window, asked.layers, asked.reporting_threshold) == ((-100, 500), ("block.1",), 0.3)
    assert asked.checkpoint.is_absolute() and asked.checkpoint.name == "medsam_vit_b.pth"
    assert asked.volume.is_file()
    asked = request_of(volume, truth, tmp_path, regionSegments="all")
    assert asked.region == Region(mask=tmp_path / "region.nrrd") and asked.region.mask.is_file()


def test_what_is_wrong_is_said_in_words(logic, volume, truth, tmp_path):
    with pytest.raises(InputError, match="No region"):
        logic.samEmbeddingMap(volume, "medsam.pth", None)
    with pytest.raises(UsageError, match="'boxMarginMm'"):
        logic.samEmbeddingMap(volume, "medsam.pth", truth, boxMarginMm=2)
    with pytest.raises(UsageError, match="layers is 'embedding'"):
        logic.samEmbeddingMap(volume, "medsam.pth", truth, regionSegments="all", layers="embedding")
    with pytest.raises(UsageError, match="window"):
        logic.samEmbeddingMap(volume, "medsam.pth", truth, regionSegments="all", window=(5, 1))
    with pytest.raises(ModelError, match="does not exist"):
        logic.samEmbeddingMap(volume, tmp_path / "none.pth", truth, regionSegments="all", device="cpu")


def test_without_transformers_it_says_how_to_get_them(scene, volume, truth, sam_folder, tmp_path):
    """A worker whose Python has everything but transformers."""
    script = tmp_path / "worker.py"
    script.write_text(
        textwrap.dedent(
            """
            import sys
            sys.modules["transformers"] = None
            from UMambaXAILogic.engine.worker import process as worker
            worker.main(["--request", sys.argv[1]])
            """
        )
    )
    environment = SimpleNamespace(
        is_ready=True, worker_command=lambda request: Command(sys.executable, (str(script), str(request)))
    )
    with pytest.raises(NotInstalledError, match="transformers") as caught:
        UMambaXAILogic(scene, SubprocessRunner, environment).samEmbeddingMap(
            volume, sam_folder, truth, regionSegments="all", device="cpu"
        )
    assert "update the packages" in caught.value.remedy
