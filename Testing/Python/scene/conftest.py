"""Real MRML through the slicer-core wheel; any VTK error fails the test that caused it."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

import numpy as np
import slicer
import vtk

from UMambaXAILogic.scene.export_volume import write_array
from UMambaXAILogic.scene.grid import Grid, image_data, local_grid, vtk_matrix
from UMambaXAILogic.scene.headless import start_headless_slicer
from UMambaXAILogic.scene.import_results import GroundTruthFile, ImportRequest, ResultImport

#: Oblique, left-handed and anisotropic at once: columns are what one step along i, j, k moves in RAS mm.
_angle = np.deg2rad(20)
_rotation = np.array([[np.cos(_angle), -np.sin(_angle), 0], [np.sin(_angle), np.cos(_angle), 0], [0, 0, 1]]) @ np.array(
    [[1, 0, 0], [0, np.cos(0.3), -np.sin(0.3)], [0, np.sin(0.3), np.cos(0.3)]]
)


def _affine(columns: np.ndarray, origin: tuple[float, float, float]) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3] = columns
    affine[:3, 3] = origin
    return affine


GRIDS = {
    "lps": _affine(np.diag([-0.5, -0.5, 0.8]), (40.0, 30.0, -20.0)),
    "ras": _affine(np.diag([0.5, 0.6, 0.7]), (-10.0, -20.0, 5.0)),
    "oblique": _affine(_rotation @ np.diag([-0.5, -0.6, 0.9]), (12.0, -7.0, 30.0)),
    "left-handed oblique": _affine(_rotation @ np.diag([0.5, -0.6, 0.9]), (12.0, -7.0, 30.0)),
    "permuted": _affine(np.array([[0, 0, 0.9], [-0.5, 0, 0], [0, 0.6, 0]]), (1.0, 2.0, 3.0)),
}


class _ErrorCollector:
    """Keeps what VTK reports as an error."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.window = vtk.vtkStringOutputWindow()
        self.window.AddObserver("ErrorEvent", self._take)

    @vtk.calldata_type(vtk.VTK_STRING)
    def _take(self, _caller, _event, message: str) -> None:
        self.messages.append(message)


@pytest.fixture
def application():
    """A scene as in the application, empty; VTK errors during the test fail it."""
    collector = _ErrorCollector()
    previous = vtk.vtkOutputWindow.GetInstance()
    vtk.vtkOutputWindow.SetInstance(collector.window)
    running = start_headless_slicer()
    yield running
    running.close()
    vtk.vtkOutputWindow.SetInstance(previous)
    assert not collector.messages, "\n".join(collector.messages)


@pytest.fixture
def scene(application):
    return application.scene


@pytest.fixture(params=sorted(GRIDS))
def affine(request) -> np.ndarray:
    """IJK to RAS of grids in every orientation."""
    return GRIDS[request.param]


@pytest.fixture
def oblique_affine() -> np.ndarray:
    return GRIDS["left-handed oblique"]


@pytest.fixture
def add_volume(scene):
    """Adds a volume node: add_volume(array (k, j, i), affine, name=..., kind=...)."""

    def add(array: np.ndarray, ijk_to_ras: np.ndarray, name: str = "CT", kind: str = "vtkMRMLScalarVolumeNode"):
        node = scene.AddNewNodeByClass(kind, name)
        node.SetAndObserveImageData(image_data(array))
        node.SetIJKToRASMatrix(vtk_matrix(ijk_to_ras))
        return node

    return add


@pytest.fixture
def add_transform(scene):
    """Adds a linear transform node and puts nodes under it: add_transform(matrix, *nodes)."""

    def add(matrix: np.ndarray, *nodes):
        transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Transform")
        transform.SetMatrixTransformToParent(vtk_matrix(matrix))
        for node in nodes:
            node.SetAndObserveTransformNodeID(transform.GetID())
        return transform

    return add


@pytest.fixture
def add_segmentation(scene, add_volume):
    """Adds a segmentation with one segment a mask: add_segmentation({name: mask (k, j, i)}, affine)."""

    def add(masks: dict[str, np.ndarray], ijk_to_ras: np.ndarray, name: str = "Segmentation"):
        segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
        for segment_name, mask in masks.items():
            labels = add_volume(mask.astype(np.uint8), ijk_to_ras, "labels", "vtkMRMLLabelMapVolumeNode")
            slicer.vtkSlicerSegmentationsModuleLogic.ImportLabelmapToSegmentationNode(labels, segmentation)
            count = segmentation.GetSegmentation().GetNumberOfSegments()
            segmentation.GetSegmentation().GetNthSegment(count - 1).SetName(segment_name)
            scene.RemoveNode(labels)
        return segmentation

    return add


@pytest.fixture
def rigid() -> np.ndarray:
    """A rotation with a shift, as a registration gives."""
    return _affine(_rotation.T, (5.0, -3.0, 11.0))


@pytest.fixture
def numbered() -> np.ndarray:
    """(k, j, i) = (4, 6, 5) int16 in which every voxel has its own value."""
    return np.arange(120, dtype=np.int16).reshape(4, 6, 5) - 50


@pytest.fixture
def grid_of():
    return lambda array, ijk_to_ras: Grid(array.shape[::-1], ijk_to_ras)


@pytest.fixture
def write_result(tmp_path):
    """Writes a result folder as the worker does: write_result(arrays..., affine) -> its files by name."""

    def write(prediction, attention, affine, ground_truth=None, folder=None, metrics=None):
        folder = folder or tmp_path / "result"
        folder.mkdir(exist_ok=True)
        grid = Grid(prediction.shape[::-1], affine)
        write_array(prediction, grid, folder / "segmentation.nrrd")
        if attention is not None:
            write_array(attention.astype(np.float32), grid, folder / "attention.nrrd")
        overlap = None if ground_truth is None else int((prediction.astype(bool) & ground_truth.astype(bool)).sum())
        rows = [
            {
                "reference": "pm",
                "threshold": 0.3,
                "layer": layer,
                "iou": 0.5,
                "f1": 0.667,
                "precision": 0.7,
                "recall": None,
            }
            for layer in ("mean", "encoder.1")
        ]
        content = {
            "schema_version": 1,
            "model": {"labels": {"background": 0, "vessel": 1}},
            "target": {"label": 1, "name": "vessel", "kind": "prediction"},
            "attribution": {"method": "seg-xres-cam", "layers": ["encoder.1"]} if attention is not None else None,
            "segmentation": {
                "pm_voxels": int(prediction.astype(bool).sum()),
                "gt_voxels": None if ground_truth is None else int(ground_truth.astype(bool).sum()),
                "overlap_voxels": overlap,
                "dice": None if ground_truth is None else 0.8125,
                "iou": None,
            },
            "alignment": rows if attention is not None else [],
            "gap": 0.25,
            "verdict": {"name": "inconclusive", "reasons": ["between the cut-offs"], "cutoffs": {}},
            "warnings": [{"code": "phantom", "message": "This is a phantom."}],
            **(metrics or {}),
        }
        (folder / "metrics.json").write_text(json.dumps(content), encoding="utf-8")
        lines = ["slice,position_s_mm,pm_voxels,dice,xai_gt_f1,xai_pm_f1,category"]
        for index in range(prediction.shape[0]):
            dice = "" if index == 0 else f"{index / prediction.shape[0]:.4f}"
            lines.append(f"{index},{10 + 0.9 * index:.4f},{index},{dice},0.5,0.25,{'good' if index else ''}")
        (folder / "slices.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (folder / "log.txt").write_text("done\n", encoding="utf-8")
        return {
            "segmentation": folder / "segmentation.nrrd",
            "attention": None if attention is None else folder / "attention.nrrd",
            "metrics": folder / "metrics.json",
            "slices": folder / "slices.csv",
            "log": folder / "log.txt",
        }

    return write


@pytest.fixture
def vessel():
    """A prediction, a ground truth that is partly missed, and an attention map, all (12, 14, 16)."""
    prediction = np.zeros((12, 14, 16), np.uint8)
    prediction[2:9, 5:9, 5:9] = 1
    truth = np.zeros_like(prediction)
    truth[3:11, 5:9, 6:9] = 1
    truth[5:7, 11:13, 12:15] = 1
    k, j, i = np.indices(prediction.shape)
    attention = np.exp(-((k - 5) ** 2 + (j - 6.5) ** 2 + (i - 6.5) ** 2) / 18.0).astype(np.float32)
    return prediction, truth, attention


@pytest.fixture
def result(scene, add_volume, add_transform, rigid, write_result, vessel, oblique_affine, tmp_path):
    """Imports the run of ``vessel`` with two layer maps on a volume under a transform; returns what was imported."""

    def run(truth=True, attention=True, volume=None, metrics=None):
        prediction, ground_truth, values = vessel
        if volume is None:
            volume = add_volume(np.zeros(prediction.shape, np.int16), oblique_affine)
            add_transform(rigid, volume)
        grid = local_grid(volume)
        files = write_result(prediction, values if attention else None, oblique_affine, ground_truth, metrics=metrics)
        (tmp_path / "result" / "layers").mkdir(exist_ok=True)
        for power, layer in ((2, "encoder.10"), (3, "encoder.2"), (4, "decoder.0")):
            write_array(values**power, grid, tmp_path / "result" / "layers" / f"attention.{layer}.nrrd")
        gt_file = None
        if truth:
            write_array(ground_truth, grid, tmp_path / "gt.nrrd")
            gt_file = GroundTruthFile(tmp_path / "gt.nrrd", (1,))
        request = ImportRequest(volume.GetID(), grid, files, "demo", "seg-xres-cam", 0.3, gt_file, temporary=True)
        return ResultImport(scene, request).run()

    return run
