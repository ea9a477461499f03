"""A scene of a result folder, as Slicer shows it after a run, for pictures."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from UMambaXAILogic.engine.badges.words import sanity_word
from UMambaXAILogic.engine.page.grey_window import choose_window
from UMambaXAILogic.engine.volume import Geometry
from UMambaXAILogic.engine.volume_io import read_ground_truth, read_volume

from .colors import GROUND_TRUTH
from .export_volume import write_array
from .grid import Grid, image_data, vtk_matrix
from .headless import HeadlessSlicer, start_headless_slicer
from .import_results import GroundTruthFile, ImportedResult, ImportRequest, ResultImport
from .result_files import read_tables, result_folder_files
from .segments import SegmentStyle, add_segmentation


@dataclass
class PictureScene:
    """What is drawn.

    Args:
        application: keeps the scene alive.
        volume_node: the explained volume.
        result: the run's nodes.
        truth_node: the ground truth as a segmentation; None without one.
        threshold: attention below it is not shown.
    """

    application: HeadlessSlicer
    volume_node: Any
    result: ImportedResult
    truth_node: Any
    threshold: float

    @property
    def errors_node(self) -> Any:
        """TP, FP and FN; None without a ground truth."""
        assert self.result.view is not None  # the import is whole
        return self.result.view.errors_node

    @property
    def subtitle(self) -> str:
        """Case, method, whether its map was judged, Dice, and that a phantom is none of a patient."""
        metrics = self.result.metrics
        words = [str(metrics["case"])]
        if metrics.get("attribution"):
            words.append(str(metrics["attribution"]["method"]))
        if sanity_word(metrics):
            words.append(f"sanity {sanity_word(metrics)}")
        if metrics["segmentation"].get("dice") is not None:
            words.append(f"Dice {metrics['segmentation']['dice']:.2f}")
        if metrics.get("phantom"):
            words.append("PHANTOM, not a patient")
        return ",   ".join(words)

    def display_nodes(self) -> list[Any]:
        """Everything that could be shown in 3-D or as lines on slices."""
        result = self.result
        nodes = (
            result.segmentation_node,
            result.surface_node,
            result.missed_node,
            self.errors_node,
            self.truth_node,
        )
        return [node for node in nodes if node is not None]


def build_picture_scene(folder: Path, volume: Path, ground_truth: Path | None = None) -> PictureScene:
    """Load a volume and what ``explain`` wrote about it.

    Args:
        folder: with segmentation, metrics.json and slices.csv, and an attention map where there is one.
        volume: the very file (or DICOM folder) that was explained.
        ground_truth: label file on its grid.

    Raises:
        InputError: a file is missing, unreadable or on another grid.
    """
    application = start_headless_slicer()
    scene = application.scene
    image, facts = read_volume(volume)
    grid = _grid(image.geometry)
    volume_node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Volume")
    volume_node.SetIJKToRASMatrix(vtk_matrix(grid.ijk_to_ras))
    volume_node.SetAndObserveImageData(image_data(np.ascontiguousarray(image.array)))
    volume_node.CreateDefaultDisplayNodes()
    window = choose_window(image.array, facts.modality)
    display = volume_node.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(window.low, window.high)
    files = result_folder_files(folder)
    with tempfile.TemporaryDirectory() as temporary:
        truth_node, truth_file = None, None
        if ground_truth is not None:
            labels = (read_ground_truth(ground_truth, image.geometry, resample=False) > 0).astype(np.uint8)
            truth_file = GroundTruthFile(Path(temporary) / "ground_truth.nrrd")
            write_array(labels, grid, truth_file.path)
            style = SegmentStyle(1, "Ground truth", GROUND_TRUTH, "vessel")
            truth_node = add_segmentation(scene, "Ground truth", labels, grid, volume_node, [style])
        request = ImportRequest(volume_node.GetID(), grid, files, *_model_and_method(files), 0.0, truth_file)
        result = ResultImport(scene, request).run()
    threshold = float(result.metrics["verdict"]["cutoffs"]["threshold"])
    if result.attention_node is not None:
        result.attention_node.GetDisplayNode().SetThreshold(threshold, 1.0)
    return PictureScene(application, volume_node, result, truth_node, threshold)


def _model_and_method(files: Mapping[str, Path | None]) -> tuple[str, str]:
    """What legends and titles name."""
    metrics = read_tables(files).metrics
    method = (metrics.get("attribution") or {}).get("method") or "no attention"
    return metrics["model"].get("architecture") or "model", method


def _grid(geometry: Geometry) -> Grid:
    return Grid(geometry.size, geometry.affine_ras)
