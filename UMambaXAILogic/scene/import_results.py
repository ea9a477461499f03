"""A finished run's files -> nodes, in steps short enough for a window that stays alive between them.

Nothing is added before everything was read and checked; where a step fails, what the earlier ones added goes again.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from UMambaXAILogic.engine.domain import DomainRow
from UMambaXAILogic.engine.json_text import json_text
from UMambaXAILogic.engine.request import FOREGROUND

from .colors import GROUND_TRUTH, PREDICTION
from .domain_tables import add_domain_table
from .errors_display import add_missed_segmentation, beyond_one_voxel
from .grid import Grid, bounding_box
from .heat_map import add_attention_volume
from .plots import add_slice_chart
from .result_files import ResultFiles, read_labels, read_result
from .result_view import ResultView, add_result_nodes, keep_layer_files, layer_files, set_layer_files
from .result_view import nodes as roles
from .segments import SegmentStyle, add_segmentation
from .stepwise import StepwiseImport
from .surface import add_attention_surface
from .tables import add_alignment_table, add_metrics_table, add_slices_table

#: How deep a vessel label's further colours are shifted, where a model has several labels.
_HUE_STEP = 0.381966


@dataclass(frozen=True)
class GroundTruthFile:
    """A ground truth on the volume's grid.

    Args:
        path: label file.
        labels: values that count as target; None: as the metrics were counted, that is those of the target, or every
            value above 0 where the model has one label or the target is all of them.
    """

    path: Path
    labels: tuple[int, ...] | None = None


@dataclass(frozen=True)
class ImportRequest:
    """What is to be brought into the scene, and how.

    Args:
        volume_id: id of the input volume's node: the node itself may be gone when the result comes.
        grid: its local grid when it was exported.
        files: of the run: ``segmentation``, ``attention`` (or None), ``metrics``, ``slices``.
        model: what the model is called in names.
        method: attribution method.
        threshold: attention below it is not shown.
        ground_truth: for the error display.
        replace: remove what an earlier run of the same method and model on this volume left.
    """

    volume_id: str
    grid: Grid
    files: Mapping[str, Path | None]
    model: str
    method: str
    threshold: float
    ground_truth: GroundTruthFile | None = None
    replace: bool = True


@dataclass
class ImportedResult:
    """The nodes of one run; None for what there is none of (nothing predicted, no ground truth)."""

    folder_item: int = 0
    metrics: dict[str, Any] = field(default_factory=dict)
    volume_node: Any = None
    segmentation_node: Any = None
    attention_node: Any = None
    surface_node: Any = None
    missed_node: Any = None
    truth_node: Any = None
    metrics_node: Any = None
    metrics_table_node: Any = None
    alignment_table_node: Any = None
    slices_table_node: Any = None
    chart_node: Any = None
    domain_table_node: Any = None
    view: ResultView | None = None


class ResultImport(StepwiseImport):
    """Brings one run into a scene: call ``steps()``'s functions one after the other, or ``run()``.

    Args:
        scene: the ``vtkMRMLScene``.
        request: what to import.
    """

    def __init__(self, scene: Any, request: ImportRequest) -> None:
        super().__init__(scene, request.volume_id, f"{request.model}, {request.method}")
        self._request = request
        self._read: ResultFiles | None = None
        self._truth: npt.NDArray[np.bool_] | None = None
        self._missed: npt.NDArray[np.uint8] | None = None
        self.result = ImportedResult()

    def work(self) -> Sequence[Callable[[], None]]:
        """See ``StepwiseImport.work``."""
        return (
            self._read_files,
            self._read_truth,
            self._add_attention,
            self._add_segmentation,
            self._add_truth,
            self._make_surface,
            self._add_surface,
            self._find_missed,
            self._add_missed,
            self._add_tables,
            self._place,
            self._show,
        )

    def run(self) -> ImportedResult:
        """All steps at once."""
        for step in self.steps():
            step()
        return self.result

    def undo(self) -> None:
        """See ``StepwiseImport.undo``."""
        super().undo()
        self.result = ImportedResult()

    def _read_files(self) -> None:
        self._read = read_result(self._request.files, self._request.grid)
        self.result.metrics = self._read.metrics

    def _read_truth(self) -> None:
        request = self._request
        if request.ground_truth is not None:
            labels = read_labels(request.ground_truth.path, request.grid)
            wanted = request.ground_truth.labels or self._values_of_target_alone()
            self._truth = _among(labels, wanted) if wanted else labels > 0

    def _add_attention(self) -> None:
        if self._files.attention is None:
            return
        node = add_attention_volume(
            self._scene,
            self._nodes.name("attention"),
            self._files.attention,
            self._request.grid,
            self._request.threshold,
        )
        self.result.attention_node = self._nodes.keep(node)

    def _add_segmentation(self) -> None:
        self.result.segmentation_node = self._nodes.keep(
            add_segmentation(
                self._scene,
                self._nodes.name("prediction"),
                self._files.segmentation,
                self._request.grid,
                self._nodes.volume,
                self._styles(),
            )
        )

    def _add_truth(self) -> None:
        """A copy in colours of its own: the user's node may be a label volume, and its display is the user's."""
        if self._truth is None:
            return
        style = SegmentStyle(1, "Ground truth", GROUND_TRUTH, "vessel")
        name = self._nodes.name("ground truth")
        node = add_segmentation(
            self._scene, name, self._truth.astype(np.uint8), self._request.grid, self._nodes.volume, [style]
        )
        node.GetDisplayNode().SetVisibility(False)
        self.result.truth_node = self._nodes.keep(node)

    def _make_surface(self) -> None:
        """The longest part of what follows, in a step of its own."""
        if self._files.attention is not None and self._target_segment_ids():
            self.result.segmentation_node.CreateClosedSurfaceRepresentation()

    def _add_surface(self) -> None:
        target = self._target_segment_ids()
        if self._files.attention is None or not target:
            return
        self.result.surface_node = self._nodes.keep(
            add_attention_surface(
                self._scene,
                self._nodes.name("prediction coloured by attention"),
                self.result.segmentation_node,
                target,
                self._files.attention,
                self._request.grid,
            )
        )
        self.result.segmentation_node.GetDisplayNode().SetVisibility3D(False)

    def _find_missed(self) -> None:
        if self._truth is not None:
            self._missed = beyond_one_voxel(_among(self._files.segmentation, self._target_values()), self._truth)

    def _add_missed(self) -> None:
        if self._missed is None:
            return
        name = self._nodes.name("missed and false vessels")
        self.result.missed_node = self._nodes.keep(
            add_missed_segmentation(self._scene, name, self._missed, self._request.grid, self._nodes.volume)
        )

    def _add_tables(self) -> None:
        scene, metrics = self._scene, self._files.metrics
        text = scene.AddNewNodeByClass("vtkMRMLTextNode", self._nodes.name("metrics file"))
        text.SetText(json_text(metrics))
        self.result.metrics_node = self._nodes.keep(text)
        self.result.metrics_table_node = self._nodes.keep(
            add_metrics_table(scene, self._nodes.name("metrics"), metrics)
        )
        self.result.alignment_table_node = self._nodes.keep(
            add_alignment_table(scene, self._nodes.name("alignment"), metrics)
        )
        slices = self._nodes.keep(add_slices_table(scene, self._nodes.name("slices"), self._files.slices))
        self.result.slices_table_node = slices
        chart, series = add_slice_chart(scene, self._nodes.name("scores by slice"), slices, self._truth is not None)
        self._nodes.keep_all([chart, *series])
        self.result.chart_node = chart
        if metrics.get("domain") is not None:
            row = DomainRow.from_json(metrics["domain"])
            self.result.domain_table_node = self._nodes.keep(add_domain_table(scene, self._nodes.name("domain"), row))

    def _place(self) -> None:
        self._nodes.place(self._request.replace)
        self.result.volume_node = self._nodes.volume
        self.result.folder_item = self._nodes.folder_item

    def _show(self) -> None:
        result = self.result
        nodes = add_result_nodes(
            self._scene,
            self._nodes.run_name,
            {
                roles.VOLUME: result.volume_node,
                roles.SEGMENTATION: result.segmentation_node,
                roles.ATTENTION: result.attention_node,
                roles.TRUTH: result.truth_node,
                roles.SURFACE: result.surface_node,
                roles.MISSED: result.missed_node,
                roles.METRICS: result.metrics_node,
                roles.METRICS_TABLE: result.metrics_table_node,
                roles.ALIGNMENT_TABLE: result.alignment_table_node,
                roles.SLICES_TABLE: result.slices_table_node,
                roles.CHART: result.chart_node,
            },
        )
        self._nodes.keep(nodes.record)
        metrics_file = self._request.files["metrics"]
        assert metrics_file is not None  # the first step has read it
        set_layer_files(nodes, keep_layer_files(layer_files(metrics_file.parent)))
        result.view = ResultView(nodes)

    @property
    def _files(self) -> ResultFiles:
        assert self._read is not None  # the first step reads
        return self._read

    def _target_values(self) -> list[int]:
        label = self._files.metrics["target"]["label"]
        return list(label) if isinstance(label, list) else [label]

    def _values_of_target_alone(self) -> list[int] | None:
        metrics = self._files.metrics
        several = len(metrics["model"]["labels"]) > 2  # the background is one
        return self._target_values() if several and metrics["target"]["name"] != FOREGROUND else None

    def _target_segment_ids(self) -> list[str]:
        segmentation = self.result.segmentation_node.GetSegmentation()
        ids = [segmentation.GetNthSegmentID(index) for index in range(segmentation.GetNumberOfSegments())]
        target = self._target_values()
        return [segment_id for segment_id in ids if segmentation.GetSegment(segment_id).GetLabelValue() in target]

    def _styles(self) -> list[SegmentStyle]:
        names = label_names(self._files.metrics["model"]["labels"])
        labels = self._files.segmentation
        inside = labels[bounding_box(labels != 0, margin=0)]
        present = [value for value in range(1, int(labels.max()) + 1) if (inside == value).any()]
        return [
            SegmentStyle(value, names.get(value, f"label {value}"), _color(index), names.get(value, ""))
            for index, value in enumerate(present)
        ]


def _among(labels: npt.NDArray, values: Sequence[int]) -> npt.NDArray[np.bool_]:
    """As ``np.isin``, which is many times slower for a few values."""
    found = labels == values[0]
    for value in values[1:]:
        found |= labels == value
    return found


def label_names(labels: Mapping[str, Any]) -> dict[int, str]:
    """Value -> name, from the labels of dataset.json; a region (a list of values) names none of them alone."""
    return {value: name for name, value in labels.items() if isinstance(value, int) and value != 0}


def _color(index: int) -> tuple[float, float, float]:
    hue, saturation, value = colorsys.rgb_to_hsv(*PREDICTION)
    return colorsys.hsv_to_rgb((hue + index * _HUE_STEP) % 1.0, saturation, value)
