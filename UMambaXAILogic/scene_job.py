"""A run on a scene: the worker's job, then its results brought into the scene step by step."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.errors import CancelledError, UMambaXAIError
from UMambaXAILogic.interaction import Job, Runner, Signal
from UMambaXAILogic.interaction.job import CANCELLED, CANCELLING, FAILED, FINISHED, OVER, RUNNING
from UMambaXAILogic.interaction.protocol import Caution
from UMambaXAILogic.interaction.runner import PumpedRunner
from UMambaXAILogic.scene.import_results import ImportedResult, ResultImport

#: Share of the progress that remains for bringing the results into the scene.
_IMPORT_SHARE = 0.03
IMPORT_STAGE = "import"


@dataclass(frozen=True)
class SegmentAndExplainResult:
    """What one run brought into the scene; None for what there is none of.

    Args:
        segmentationNode: the prediction, one segment a label.
        attentionNode: the attention map, float32 in [0, 1]; None where nothing was predicted.
        metrics: the content of metrics.json.
        metricsTableNode: the metrics in words, "n/a" where a value cannot be computed.
        alignmentTableNode: alignment of every layer at every threshold.
        slicesTableNode: one row a slice.
        slicesChartNode: Dice and F1 over the slices.
        surfaceNode: the prediction's surface, coloured by attention.
        contoursNode: iso-lines of attention on slices, hidden at first.
        errorsNode: true positive, false positive and false negative segments, hidden at first; needs a ground truth.
        missedNode: missed and false vessels beyond one voxel, for the 3-D view; needs a ground truth.
        folderItem: the subject hierarchy item of the folder that holds all of these.
        warnings: what the worker wants the user to know, as (code, message).
    """

    segmentationNode: Any
    attentionNode: Any
    metrics: dict[str, Any]
    metricsTableNode: Any
    alignmentTableNode: Any
    slicesTableNode: Any
    slicesChartNode: Any
    surfaceNode: Any
    contoursNode: Any
    errorsNode: Any
    missedNode: Any
    folderItem: int
    warnings: list[tuple[str, str]] = field(default_factory=list)


class SceneJob:
    """A running or finished Segment & Explain; has the same signals, states and properties as ``interaction.Job``.

    Signals:
        progressed(stage: str, fraction: float, seconds_left: float | None)
        warned(code: str, message: str)
        logged(line: str)
        finished(job: SceneJob): it is over, whichever way; ``result`` is there if ``error`` is None.

    Args:
        job: the worker's, not started.
        runner: the job's.
        make_import: the import of the job's files, made when they are there.
        work_folder: removed when everything is over.
    """

    def __init__(self, job: Job, runner: Runner, make_import: Callable[[Job], ResultImport], work_folder: Path) -> None:
        self.progressed, self.warned, self.logged, self.finished = Signal(), Signal(), Signal(), Signal()
        self.result: SegmentAndExplainResult | None = None
        self.error: UMambaXAIError | None = None
        self._job = job
        self._runner = runner
        self._make_import = make_import
        self._work_folder = work_folder
        self._import: ResultImport | None = None
        self._steps: list[Callable[[], None]] = []
        self._steps_done = 0
        self._state: str | None = None
        job.progressed.connect(self.progressed.emit)
        job.warned.connect(self.warned.emit)
        job.logged.connect(self.logged.emit)
        job.finished.connect(self._on_worker_finished)

    @property
    def state(self) -> str:
        """``waiting``, ``running``, ``cancelling``, ``cancelled``, ``failed``, ``crashed`` or ``finished``."""
        return self._state or self._job.state

    @property
    def is_over(self) -> bool:
        """Whether it has ended, whichever way; the scene is not touched any more."""
        return self._state in OVER

    @property
    def progress(self) -> float:
        """How much of the whole is done, 0-1; never goes back."""
        imported = self._steps_done / len(self._steps) if self._steps else 0.0
        return (1 - _IMPORT_SHARE) * self._job.progress + _IMPORT_SHARE * imported

    @property
    def stage(self) -> str:
        """The current stage, empty before the first."""
        return IMPORT_STAGE if self._import is not None else self._job.stage

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds to the end, or None while there is nothing to estimate from."""
        return self._job.seconds_left

    @property
    def warnings(self) -> list[Caution]:
        """What the worker wants the user to know."""
        return self._job.warnings

    @property
    def device(self) -> Any:
        """Where it computes, and why there; None before the worker said so."""
        return self._job.device

    @property
    def log_lines(self) -> tuple[str, ...]:
        """The latest lines the worker wrote that were no messages."""
        return self._job.log_lines

    def start(self) -> None:
        """Start the worker and return at once."""
        self._job.start()

    def cancel(self) -> None:
        """Stop it; the scene stays, or becomes again, as it was before. Nothing to do where it is over."""
        if self._state is None:
            self._job.cancel()
        elif self._state == RUNNING:
            self._state = CANCELLING

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until it is over; returns whether it is. For scripts: in Slicer connect to ``finished`` instead.

        Raises:
            UsageError: the job runs on Slicer's event loop, which blocking would stop.
        """
        finished_worker = self._job.wait(timeout_s)
        if finished_worker and isinstance(self._runner, PumpedRunner):
            while not self.is_over:
                self._runner.pump(0.1)
        return self.is_over

    def _on_worker_finished(self, job: Job) -> None:
        if job.state != FINISHED:
            self._end(job.state, job.error)
            return
        self._state = RUNNING
        try:
            self._import = self._make_import(job)
        except UMambaXAIError as error:
            self._end(FAILED, error)
            return
        self._steps = self._import.steps()
        self._later()

    def _later(self) -> None:
        """One step a turn of the event loop, so that the window stays alive between them."""
        self._runner.call_later(0.0, self._next_step)

    def _next_step(self) -> None:
        assert self._import is not None
        if self._state == CANCELLING:
            self._import.undo()
            self._end(CANCELLED, CancelledError())
            return
        try:
            self._steps[self._steps_done]()
        except UMambaXAIError as error:
            self._end(FAILED, error)
            return
        except Exception as error:
            self._end(FAILED, _unexpected(error))
            raise  # to sys.excepthook, with its traceback
        self._steps_done += 1
        self.progressed.emit(IMPORT_STAGE, self._steps_done / len(self._steps), None)
        if self._steps_done < len(self._steps):
            self._later()
            return
        self.result = _result(self._import.result, self._job)
        self._end(FINISHED, None)

    def _end(self, state: str, error: UMambaXAIError | None) -> None:
        self._state = state
        self.error = error
        shutil.rmtree(self._work_folder, ignore_errors=True)
        self.finished.emit(self)


def _result(imported: ImportedResult, job: Job) -> SegmentAndExplainResult:
    return SegmentAndExplainResult(
        segmentationNode=imported.segmentation_node,
        attentionNode=imported.attention_node,
        metrics=imported.metrics,
        metricsTableNode=imported.metrics_table_node,
        alignmentTableNode=imported.alignment_table_node,
        slicesTableNode=imported.slices_table_node,
        slicesChartNode=imported.chart_node,
        surfaceNode=imported.surface_node,
        contoursNode=imported.contours_node,
        errorsNode=imported.errors_node,
        missedNode=imported.missed_node,
        folderItem=imported.folder_item,
        warnings=[(warning.code, warning.message) for warning in job.warnings],
    )


def _unexpected(error: Exception) -> UMambaXAIError:
    return UMambaXAIError(
        f"The results could not be brought into the scene: {type(error).__name__}: {error}",
        "This is a bug in UMambaXAI: please report it with the lines above from the Python console.",
    )
