"""A call on a scene: its inputs written step by step, the worker's job, its results brought in step by step."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from UMambaXAILogic.engine.errors import CancelledError, InputError, UMambaXAIError
from UMambaXAILogic.engine.progress import STAGES
from UMambaXAILogic.interaction import Job, Runner, Signal
from UMambaXAILogic.interaction.job import CANCELLED, CANCELLING, FAILED, FINISHED, OVER, RUNNING, WAITING
from UMambaXAILogic.interaction.panel.pace import Pace
from UMambaXAILogic.interaction.protocol import Cases, Caution, Point
from UMambaXAILogic.interaction.runner import pump_until

#: Shares of the progress for writing the inputs, and for bringing the results into the scene.
_PREPARE_SHARE, _IMPORT_SHARE = 0.01, 0.03
PREPARE_STAGE, IMPORT_STAGE = "prepare", "import"
#: Between two looks at the points of a curve that is being computed: charts are drawn anew each time.
_LIVE_PAUSE_S = 0.25

#: Writes what the worker reads, in steps: yields the share that is done, 0-1, and returns the request as JSON. What is
#: cheap to refuse is refused before its first yield.
Preparation = Generator[float, None, str]


def ready(request: str) -> Preparation:
    """A request for which nothing has to be written."""
    yield 0.0
    return request


class SceneImport(Protocol):
    """Brings a finished job's files into a scene, step by step."""

    def steps(self) -> list[Callable[[], None]]:
        """Functions to call in this order; each takes a fraction of a second."""
        ...

    def undo(self) -> None:
        """Remove everything that was added so far."""
        ...


class LivePart(Protocol):
    """Shows in a scene what the worker says before it ends."""

    def take(self, points: Sequence[Point]) -> None:
        """Show further points of the curves; raises ``UMambaXAIError`` where there is no place for them any more."""
        ...

    def drop(self) -> None:
        """It ends without a result: remove everything that was added."""
        ...


ImportT = TypeVar("ImportT", bound=SceneImport)
ResultT = TypeVar("ResultT")


@dataclass(frozen=True)
class SceneCall(Generic[ImportT, ResultT]):
    """What a call asks of the worker, and what becomes of the answer.

    Args:
        request: writes what the worker needs, and returns what is asked of it.
        make_import: the import of the job's files, made when they are there.
        make_result: the result, once the import has done all its steps.
        stages: the stages that the worker will report, with their shares of the progress bar.
        live: shows points of curves while they are computed; None: they come with the result.
    """

    request: Preparation
    make_import: Callable[[Job], ImportT]
    make_result: Callable[[ImportT, Job], ResultT]
    stages: Mapping[str, float] = field(default_factory=lambda: STAGES)
    live: LivePart | None = None


class SceneJob(Generic[ImportT, ResultT]):
    """A running or finished call on a scene; has the same signals, states and properties as ``interaction.Job``.

    Signals:
        progressed(stage: str, fraction: float, seconds_left: float | None)
        plotted(points: list[Point]): these are in the scene now; at most four times a second.
        warned(code: str, message: str)
        logged(line: str)
        finished(job: SceneJob): it is over, whichever way; ``result`` is there if ``error`` is None.

    Args:
        job: the worker's, not started.
        runner: the job's.
        call: what to ask, and what to do with the job's files.
        request_file: where the worker looks for its request.
        work_folder: removed when everything is over.
    """

    def __init__(
        self, job: Job, runner: Runner, call: SceneCall[ImportT, ResultT], request_file: Path, work_folder: Path
    ) -> None:
        self.progressed, self.warned, self.logged, self.finished = Signal(), Signal(), Signal(), Signal()
        self.plotted = Signal()
        self.result: ResultT | None = None
        self.error: UMambaXAIError | None = None
        self._job = job
        self._runner = runner
        self._call = call
        self._request_file = request_file
        self._work_folder = work_folder
        self._prepared = 0.0
        self._is_in_step = False
        self._call_off: Callable[[], None] = lambda: None
        self._import: ImportT | None = None
        self._steps: list[Callable[[], None]] = []
        self._steps_done = 0
        self._state: str | None = WAITING  # None: that of the worker's job
        self._points: list[Point] = []
        self._live_error: UMambaXAIError | None = None
        self._pace = Pace(self._plot, runner.call_later, pause_s=_LIVE_PAUSE_S)
        if call.live is not None:
            job.plotted.connect(self._on_point)
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
        computed = (1 - _PREPARE_SHARE - _IMPORT_SHARE) * self._job.progress
        return _PREPARE_SHARE * self._prepared + computed + _IMPORT_SHARE * imported

    @property
    def stage(self) -> str:
        """The current stage, empty before the first."""
        if self._import is not None:
            return IMPORT_STAGE
        return PREPARE_STAGE if self._is_preparing else self._job.stage

    @property
    def _is_preparing(self) -> bool:
        return self._state is not None and self._job.state == WAITING

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
        """Begin and return at once; the inputs are written, and the worker is started, from the event loop."""
        self._state = RUNNING
        self._later(self._prepare_next)

    def cancel(self) -> None:
        """Stop it; the scene stays, or becomes again, as it was before. Nothing to do where it is over."""
        if self._state is None:
            self._job.cancel()
        elif self._state in (WAITING, RUNNING):
            if self._is_preparing and not self._is_in_step:
                self._call_off()
                self._end(CANCELLED, CancelledError())
            else:
                self._state = CANCELLING

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until it is over; returns whether it is. For scripts: in Slicer connect to ``finished`` instead.

        Raises:
            UsageError: the job runs on Slicer's event loop, which blocking would stop.
        """
        return pump_until(self._runner, lambda: self.is_over, self.cancel, timeout_s)

    def _prepare_next(self) -> None:
        request = None
        try:
            self._is_in_step = True
            self._prepared = next(self._call.request)
        except StopIteration as done:
            request = done.value
        except UMambaXAIError as error:
            self._end(FAILED, error)
            return
        except Exception as error:
            self._end(FAILED, _unexpected(error, "The inputs could not be prepared"))
            raise  # to sys.excepthook, with its traceback
        except BaseException:
            self._end(CANCELLED, CancelledError())
            raise
        finally:
            self._is_in_step = False
        if self._state == CANCELLING:
            self._end(CANCELLED, CancelledError())
        elif request is None:
            self._later(self._prepare_next)
            self.progressed.emit(PREPARE_STAGE, self._prepared, None)
        else:
            self._start_worker(request)

    def _start_worker(self, request: str) -> None:
        self._prepared = 1.0
        try:
            self._request_file.write_text(request, encoding="utf-8")
        except OSError as error:
            self._end(
                FAILED,
                InputError(
                    f"{self._request_file} cannot be written: {error.strerror or error}.",
                    "Free some space in the temporary folder and try again.",
                ),
            )
            return
        self._state = None
        self._job.start()
        self.progressed.emit(PREPARE_STAGE, 1.0, None)

    def _on_point(self, point: Point) -> None:
        self._points.append(point)
        self._pace.ask()

    def _plot(self) -> None:
        """Hand the latest points on; where nobody can take them, there is no use in computing more."""
        points, self._points = self._points, []
        assert self._call.live is not None
        try:
            self._call.live.take(points)
        except UMambaXAIError as error:
            self._stop_for(error)
            return
        except Exception as error:
            self._stop_for(_unexpected(error, "The curve could not be drawn"))
            raise  # to sys.excepthook, with its traceback
        self.plotted.emit(points)

    def _stop_for(self, error: UMambaXAIError) -> None:
        self._live_error = self._live_error or error
        self._job.cancel()

    def _on_worker_finished(self, job: Job) -> None:
        self._pace.drop()
        if self._live_error is not None:
            self._end(FAILED, self._live_error)
            return
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
        self._later(self._import_next)

    def _later(self, step: Callable[[], None]) -> None:
        """One step a turn of the event loop, so that the window stays alive between them."""
        self._call_off = self._runner.call_later(0.0, step)

    def _import_next(self) -> None:
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
            self._end(FAILED, _unexpected(error, "The results could not be brought into the scene"))
            raise  # to sys.excepthook, with its traceback
        except BaseException:
            self._end(CANCELLED, CancelledError())
            raise
        self._steps_done += 1
        self.progressed.emit(IMPORT_STAGE, self._steps_done / len(self._steps), None)
        if self._steps_done < len(self._steps):
            self._later(self._import_next)
            return
        self.result = self._call.make_result(self._import, self._job)
        self._end(FINISHED, None)

    def _end(self, state: str, error: UMambaXAIError | None) -> None:
        self._state = state
        self.error = error
        if error is not None and self._call.live is not None:
            self._call.live.drop()
        if error is not None:  # nobody knows that folder, and it is about to go
            error.message = error.message.replace(f"{self._work_folder}{os.sep}", "")
        self._call.request.close()
        shutil.rmtree(self._work_folder, ignore_errors=True)
        self.finished.emit(self)


def _unexpected(error: Exception, what: str) -> UMambaXAIError:
    return UMambaXAIError(
        f"{what}: {type(error).__name__}: {error}",
        "This is a bug in UMambaXAI: please report it with the lines above from the Python console.",
    )
