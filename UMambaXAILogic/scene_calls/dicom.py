"""Write a result of the scene as DICOM objects that refer to the series its volume was loaded from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from UMambaXAILogic.engine.dicom_request import DicomExportRequest
from UMambaXAILogic.engine.progress import DICOM_STAGES
from UMambaXAILogic.interaction import Job
from UMambaXAILogic.scene.dicom_series import series_files
from UMambaXAILogic.scene.export_result import result_in_pieces
from UMambaXAILogic.scene.in_pieces import Pieces
from UMambaXAILogic.scene.result_view import ResultNodes, ResultView
from UMambaXAILogic.scene.result_view.nodes import ATTENTION, SEGMENTATION, VOLUME
from UMambaXAILogic.scene.unchanged import while_unchanged
from UMambaXAILogic.scene_calls.job import SceneCall
from UMambaXAILogic.scene_calls.results import SegmentAndExplainResult, view_of


@dataclass(frozen=True)
class DicomFiles:
    """What was written.

    Args:
        attention: the Parametric Map; None where the result has no attention map.
        segmentation: the Segmentation.
        warnings: what the worker wants the user to know, as (code, message).
    """

    attention: Path | None
    segmentation: Path
    warnings: list[tuple[str, str]] = field(default_factory=list)


class DicomFilesImport:
    """The scene has no part in the answer."""

    def steps(self) -> list[Callable[[], None]]:
        """See ``SceneImport``."""
        return [lambda: None]

    def undo(self) -> None:
        """Nothing was added to the scene."""


DicomCall = SceneCall[DicomFilesImport, DicomFiles]


def dicom_call(result: SegmentAndExplainResult | ResultView, output: Path) -> Callable[[Path], DicomCall]:
    """What ``exportToDicom`` asks; the returned function says which files go into a folder.

    Args:
        output: an absolute path.

    Raises:
        InputError: the result is gone, its volume was not loaded from DICOM, or these files cannot be found.
    """
    nodes = view_of(result).nodes
    return partial(_prepare, nodes, series_files(nodes.needed(VOLUME)), output)


def _prepare(nodes: ResultNodes, series: list[Path], output: Path, folder: Path) -> DicomCall:
    def make_result(done: DicomFilesImport, job: Job) -> DicomFiles:
        segmentation = job.files["segmentation"]
        assert segmentation is not None
        told = [(warning.code, warning.message) for warning in job.warnings]
        return DicomFiles(job.files["attention"], segmentation, told)

    return SceneCall(_export(nodes, series, output, folder), lambda job: DicomFilesImport(), make_result, DICOM_STAGES)


def _export(nodes: ResultNodes, series: list[Path], output: Path, folder: Path) -> Pieces[str]:
    """Write the result as its run did; returns the request, as JSON."""
    written = folder / "result"
    written.mkdir()
    read = [node for role in (VOLUME, SEGMENTATION, ATTENTION) if (node := nodes.get(role)) is not None]
    yield from while_unchanged(result_in_pieces(nodes, written), read)
    return DicomExportRequest(written, tuple(series), output).to_json()
