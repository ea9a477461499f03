"""A volume's domain statistics: the worker's files -> table and chart nodes below the volume."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.domain import DomainRow, Histogram
from UMambaXAILogic.engine.errors import InputError

from .domain_plots import HistogramNodes, add_diameter_histogram, add_intensity_histogram
from .domain_tables import add_domain_table
from .sequence_frame import SequenceFrame
from .stepwise import StepwiseImport

RUN_NAME = "domain statistics"


@dataclass
class ImportedStatistics:
    """The nodes of one measurement; None for what there is none of (no profile, no vessels)."""

    folder_item: int = 0
    row: dict[str, Any] | None = None
    comparison: dict[str, Any] | None = None
    table_node: Any = None
    intensity: HistogramNodes | None = None
    diameters: HistogramNodes | None = None


class DomainImport(StepwiseImport):
    """Brings one volume's domain statistics into a scene.

    Args:
        scene: the ``vtkMRMLScene``.
        volume_id: id of the volume's node.
        files: ``domain`` (the row) and ``comparison`` (with a profile, or None).
        replace: remove what an earlier measurement of this volume left.
        frame: that was measured, where the volume showed one of a sequence; measurements of other frames stay.
    """

    def __init__(
        self,
        scene: Any,
        volume_id: str,
        files: Mapping[str, Path | None],
        replace: bool,
        frame: SequenceFrame | None = None,
    ) -> None:
        super().__init__(scene, volume_id, RUN_NAME if frame is None else f"{RUN_NAME}, {frame}")
        self._files = files
        self._replace = replace
        self._row: DomainRow | None = None
        self.result = ImportedStatistics()

    def work(self) -> Sequence[Callable[[], None]]:
        """See ``StepwiseImport.work``."""
        return (
            self._read,
            self._add_table,
            self._add_intensity,
            self._add_diameters,
            self._place,
            self._remove_earlier,
        )

    def undo(self) -> None:
        """See ``StepwiseImport.undo``."""
        super().undo()
        self.result = ImportedStatistics()

    def _read(self) -> None:
        body = _read_json(self._files.get("domain"), "domain statistics")
        self._row = DomainRow.from_json(body)
        self.result.row = body
        comparison = self._files.get("comparison")
        self.result.comparison = None if comparison is None else _read_json(comparison, "comparison")

    def _add_table(self) -> None:
        node = add_domain_table(self._scene, self._nodes.name("table"), self._measured, self.result.comparison)
        self.result.table_node = self._nodes.keep(node)

    def _add_intensity(self) -> None:
        nodes = add_intensity_histogram(
            self._scene, self._nodes.name("intensities"), self._measured, self._of_profile("intensity")
        )
        self._nodes.keep_all(nodes.all)
        self.result.intensity = nodes

    def _add_diameters(self) -> None:
        nodes = add_diameter_histogram(
            self._scene, self._nodes.name("vessel diameters"), self._measured, self._of_profile("diameter")
        )
        if nodes is not None:
            self._nodes.keep_all(nodes.all)
        self.result.diameters = nodes

    def _place(self) -> None:
        self._nodes.place()
        self.result.folder_item = self._nodes.folder_item

    def _remove_earlier(self) -> None:
        """Last of all: until here, everything can be taken back."""
        if self._replace:
            self._nodes.remove_earlier()

    def _of_profile(self, name: str) -> Histogram | None:
        histograms = (self.result.comparison or {}).get("profile_histograms") or {}
        return None if histograms.get(name) is None else Histogram.from_json(histograms[name])

    @property
    def _measured(self) -> DomainRow:
        assert self._row is not None  # the first step reads
        return self._row


def _read_json(path: Path | None, what: str) -> dict[str, Any]:
    if path is None or not path.is_file():
        raise InputError(f"The result has no file of the {what} ({path}).", "Measure again.")
    body: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return body
