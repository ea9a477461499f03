"""What is to be brought into a scene of a finished run, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .grid import Grid
from .sequence_frame import SequenceFrame


@dataclass(frozen=True)
class GroundTruthFile:
    """A ground truth on the volume's grid.

    Args:
        path: label file.
        labels: values that count as target; None: as the metrics were counted, that is those of the target, or every
            value above 0 where the model has one label or the target is all of them.
        names: of label values, where the node names them.
    """

    path: Path
    labels: tuple[int, ...] | None = None
    names: tuple[tuple[int, str], ...] = ()


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
        temporary: the files go when the import is over; the layers' maps, which are read when they are looked at, are
            moved to where they stay until this process ends.
        frame: that was worked on, where the volume showed one of a sequence; results of other frames stay.
        part: the one part that was explained, in words; results of others, and of all, stay.
        warnings: about the nodes that the run read, as (code, message): the worker knows only files.
    """

    volume_id: str
    grid: Grid
    files: Mapping[str, Path | None]
    model: str
    method: str
    threshold: float
    ground_truth: GroundTruthFile | None = None
    replace: bool = True
    temporary: bool = False
    frame: SequenceFrame | None = None
    part: str = ""
    warnings: tuple[tuple[str, str], ...] = ()

    @property
    def run_name(self) -> str:
        """What the run is called in names of nodes: model, method, part and frame."""
        frame = "" if self.frame is None else str(self.frame)
        return ", ".join(filter(None, (self.model, self.method, self.part, frame)))
