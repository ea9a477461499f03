"""A finished run's files -> nodes, in steps short enough for a window that stays alive between them.

Nothing is added before everything was read and checked; where a step fails, what the earlier ones added goes again.
What nothing shows yet (surfaces, missed vessels, contours, errors, layers' maps) is made when it is first looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from UMambaXAILogic.engine.domain import DomainRow
from UMambaXAILogic.engine.json_text import json_text
from UMambaXAILogic.engine.request import FOREGROUND

from .colors import GROUND_TRUTH, attention_color_node, has_attention_colors
from .domain_tables import add_domain_table
from .heat_map import add_attention_volume
from .import_request import GroundTruthFile, ImportRequest
from .imported_result import ImportedResult
from .label_segments import label_styles
from .plots import add_slice_chart, chart_title
from .result_files import ResultTables, check_grid, map_in_pieces, needed_file, read_labels, read_tables
from .result_view import ResultView, add_result_nodes, keep_layer_files, layer_files, set_layer_files
from .result_view import nodes as roles
from .run_nodes import unused_run_name
from .segments import SegmentStyle, add_segmentation
from .stepwise import StepwiseImport, do_all
from .tables import add_alignment_table, add_metrics_table, add_slices_table
from .voxel_file import piece_count

__all__ = ["GroundTruthFile", "ImportRequest", "ImportedResult", "ResultImport"]


class ResultImport(StepwiseImport):
    """Brings one run into a scene: call ``steps()``'s functions one after the other, or ``run()``.

    Args:
        scene: the ``vtkMRMLScene``.
        request: what to import.
    """

    def __init__(self, scene: Any, request: ImportRequest) -> None:
        name = request.run_name
        super().__init__(
            scene, request.volume_id, name if request.replace else unused_run_name(scene, request.volume_id, name)
        )
        self._request = request
        self._read: ResultTables | None = None
        self._labels: npt.NDArray | None = None
        self._truth: npt.NDArray[np.uint8] | None = None
        self._attention: Any = None
        self.result = ImportedResult()

    def work(self) -> Sequence[Callable[[], None]]:
        """See ``StepwiseImport.work``."""
        pieces = piece_count(self._request.grid, np.float32) if self._request.files.get("attention") else 1
        return (
            self._read_tables,
            self._read_segmentation,
            self._read_truth,
            *[self._read_some_attention] * (pieces - 1),
            self._read_attention,
            self._add_attention,
            self._add_segmentation,
            self._add_truth,
            self._add_tables,
            self._place,
            self._remember,
            self._remove_earlier,
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

    def _read_tables(self) -> None:
        self._read = read_tables(self._request.files)
        self.result.metrics = self._read.metrics
        known = self.result.metrics.setdefault("warnings", [])
        known += [{"code": code, "message": message} for code, message in self._request.warnings]
        attention = self._request.files.get("attention")
        for path in (needed_file(self._request.files, "segmentation"), attention):
            if path is not None:
                check_grid(path, self._request.grid)

    def _read_segmentation(self) -> None:
        self._labels = read_labels(needed_file(self._request.files, "segmentation"), self._request.grid)

    def _read_truth(self) -> None:
        request = self._request
        if request.ground_truth is not None:
            labels = read_labels(request.ground_truth.path, request.grid)
            wanted = request.ground_truth.labels or self._values_of_target_alone()
            self._truth = (_among(labels, wanted) if wanted else labels > 0).view(np.uint8)

    def _read_some_attention(self) -> None:
        if self._attention is not None:  # a file that is read in fewer pieces
            return
        try:
            next(self._attention_pieces)
        except StopIteration as end:
            self._attention = end.value

    def _read_attention(self) -> None:
        if self._request.files.get("attention") is not None and self._attention is None:
            self._attention = do_all(self._attention_pieces)

    @cached_property
    def _attention_pieces(self) -> Generator[None, None, Any]:
        return map_in_pieces(needed_file(self._request.files, "attention"), self._request.grid)

    def _add_attention(self) -> None:
        if self._attention is None:
            return
        if not has_attention_colors(self._scene):
            self._nodes.keep_shared(attention_color_node(self._scene))
        self.result.attention_node = self._nodes.keep(
            add_attention_volume(
                self._scene,
                self._nodes.name("attention"),
                self._attention,
                self._request.grid,
                self._request.threshold,
            )
        )
        self._attention = None

    def _add_segmentation(self) -> None:
        assert self._labels is not None  # an earlier step reads them
        styles = label_styles(self._labels, self._tables.metrics["model"]["labels"])
        self.result.segmentation_node = self._nodes.keep(
            add_segmentation(
                self._scene,
                self._nodes.name("prediction"),
                self._labels,
                self._request.grid,
                self._nodes.volume,
                styles,
            )
        )
        self._labels = None

    def _add_truth(self) -> None:
        """A copy in colours of its own: the user's node may be a label volume, and its display is the user's."""
        if self._truth is None:
            return
        style = SegmentStyle(1, "Ground truth", GROUND_TRUTH, "vessel")
        name = self._nodes.name("ground truth")
        node = add_segmentation(self._scene, name, self._truth, self._request.grid, self._nodes.volume, [style])
        self.result.truth_node = self._nodes.keep(node)
        node.GetDisplayNode().SetVisibility(False)
        self._truth = None

    def _add_tables(self) -> None:
        scene, metrics = self._scene, self._tables.metrics
        text = self._nodes.keep(scene.AddNewNodeByClass("vtkMRMLTextNode", self._nodes.name("metrics file")))
        text.SetText(json_text(metrics))
        self.result.metrics_node = text
        self.result.metrics_table_node = self._nodes.keep(
            add_metrics_table(scene, self._nodes.name("metrics"), metrics)
        )
        self.result.alignment_table_node = self._nodes.keep(
            add_alignment_table(scene, self._nodes.name("alignment"), metrics)
        )
        slices = self._nodes.keep(add_slices_table(scene, self._nodes.name("slices"), self._tables.slices))
        self.result.slices_table_node = slices
        has_truth = self.result.truth_node is not None
        name, title = self._nodes.name("scores by slice"), chart_title(self._nodes.run_name, metrics)
        chart, series = add_slice_chart(scene, name, slices, has_truth, title)
        self._nodes.keep_all([chart, *series])
        self.result.chart_node = chart
        if metrics.get("domain") is not None:
            row = DomainRow.from_json(metrics["domain"])
            self.result.domain_table_node = self._nodes.keep(add_domain_table(scene, self._nodes.name("domain"), row))

    def _place(self) -> None:
        self._nodes.place()
        self.result.volume_node = self._nodes.volume
        self.result.folder_item = self._nodes.folder_item

    def _remember(self) -> None:
        result = self.result
        nodes = add_result_nodes(
            self._scene,
            self._nodes.run_name,
            {
                roles.VOLUME: result.volume_node,
                roles.SEGMENTATION: result.segmentation_node,
                roles.ATTENTION: result.attention_node,
                roles.TRUTH: result.truth_node,
                roles.METRICS: result.metrics_node,
                roles.METRICS_TABLE: result.metrics_table_node,
                roles.ALIGNMENT_TABLE: result.alignment_table_node,
                roles.SLICES_TABLE: result.slices_table_node,
                roles.CHART: result.chart_node,
            },
        )
        self._nodes.keep(nodes.record)
        maps = layer_files(needed_file(self._request.files, "metrics").parent)
        if maps:
            self._nodes.keep(set_layer_files(nodes, keep_layer_files(maps) if self._request.temporary else maps))
        result.view = ResultView(nodes)

    def _remove_earlier(self) -> None:
        """Last of all: until here, everything can be taken back."""
        if self._request.replace:
            self._nodes.remove_earlier()

    @property
    def _tables(self) -> ResultTables:
        assert self._read is not None  # the first step reads
        return self._read

    def _values_of_target_alone(self) -> list[int] | None:
        metrics = self._tables.metrics
        if len(metrics["model"]["labels"]) <= 2 or metrics["target"]["name"] == FOREGROUND:  # the background is one
            return None
        label = metrics["target"]["label"]
        return list(label) if isinstance(label, list) else [label]


def _among(labels: npt.NDArray, values: Sequence[int]) -> npt.NDArray[np.bool_]:
    """As ``np.isin``, which is many times slower for a few values."""
    found = labels == values[0]
    for value in values[1:]:
        found |= labels == value
    return found
