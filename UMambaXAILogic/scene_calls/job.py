"""A call on a scene: the worker's job, then its results brought into the scene step by step."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from UMambaXAILogic.engine.errors import CancelledError, UMambaXAIError
from UMambaXAILogic.engine.progress import STAGES
from UMambaXAILogic.interaction import Job, Runner, Signal
from UMambaXAILogic.interaction.job import CANCELLED, CANCELLING, FAILED, FINISHED, OVER, RUNNING
from UMambaXAILogic.interaction.protocol import Cases, Caution
from UMambaXAILogic.interaction.runner import PumpedRunner

#: Share of the progress that remains for bringing the results into the scene.
_IMPORT_SHARE = 0.03
IMPORT_STAGE = "import"


class SceneImport(Protocol):
    """Brings a finished job's files into a scene, step by step."""

    def steps(self) -> list[Callable[[], None]]:
        """Functions to call in this order; each takes a fraction of a second."""
        ...

    def undo(self) -> None:
        """Remove everything that was added so far."""
        ...


ImportT = TypeVar("ImportT", bound=SceneImport)
ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class SceneCall(Generic[ImportT, ResultT]):
    """What a call asks of the worker, and what becomes of the answer.

    Args:
        request: the worker's request, as JSON.
        make_import: the import of the job's files, made when they are there.
        make_result: the result, once the import has done all its steps.
        stages: the stages that the worker will report, with their shares of the progress bar.
    """

    request: str
    make_import: Callable[[Job], ImportT]
    make_result: Callable[[ImportT, Job], ResultT]
    stages: Mapping[str, float] = field(default_factory=lambda: STAGES)


class SceneJob(Generic[ImportT, ResultT]):
    """A running or finished call on a scene; has the same signals, states and properties as ``interaction.Job``.

    Signals:
        progressed(stage: str, fraction: float, seconds_left: float | None)
        warned(code: str, message: str)
        logged(line: str)
        finished(job: SceneJob): it is over, whichever way; ``result`` is there if ``error`` is None.

    Args:
        job: the worker's, not started.
        runner: the job's.
        call: what to do with the job's files.
        work_folder: removed when everything is over.
    """

    def __init__(self, job: Job, runner: Runner, call: SceneCall[ImportT, ResultT], work_folder: Path) -> None:
        self.progressed, self.warned, self.logged, self.finished = Signal(), Signal(), Signal(), Signal()
        self.result: ResultT | None = None
        self.error: UMambaXAIError | None = None
        self._job = job
        self._runner = runner
        self._call = call
        self._work_folder = work_folder
        self._import: ImportT | None = None
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
    def cases(self) -> Cases | None:
        """How many of a cohort's cases have ended; None before the worker said so, and for other calls."""
        return self._job.cases

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
            self._import = self._call.make_import(job)
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
        self.result = self._call.make_result(self._import, self._job)
        self._end(FINISHED, None)

    def _end(self, state: str, error: UMambaXAIError | None) -> None:
        self._state = state
        self.error = error
        shutil.rmtree(self._work_folder, ignore_errors=True)
        self.finished.emit(self)


def _unexpected(error: Exception) -> UMambaXAIError:
    return UMambaXAIError(
        f"The results could not be brought into the scene: {type(error).__name__}: {error}",
        "This is a bug in UMambaXAI: please report it with the lines above from the Python console.",
    )
