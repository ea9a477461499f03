"""One run of the worker, from start to a result, a typed error or a cancel.

States: ``waiting`` -> ``running`` -> ``finished``, ``failed`` or ``crashed``; with a cancel in between,
``cancelling`` -> ``cancelled``. The end is judged by what the worker said and by the files being there, never by its
exit status: behind a launcher a crash looks like a normal end.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from UMambaXAILogic.engine import errors
from UMambaXAILogic.engine.progress import STAGES

from .estimate import ProgressEstimate
from .protocol import (
    Cases,
    Caution,
    Device,
    Failure,
    Hello,
    LineSplitter,
    Message,
    Point,
    Progress,
    Result,
    Stage,
    Step,
    parse_line,
)
from .runner import Command, Runner, kill_process, pump_until
from .signal import Signal

WAITING, RUNNING, CANCELLING = "waiting", "running", "cancelling"
FINISHED, FAILED, CANCELLED, CRASHED = "finished", "failed", "cancelled", "crashed"
OVER = (FINISHED, FAILED, CANCELLED, CRASHED)

#: Seconds between the steps of a cancel; together below two.
CLOSE_TO_TERMINATE_S = 0.9
TERMINATE_TO_KILL_S = 0.4
KILL_TO_GIVING_UP_S = 0.4
#: How long a worker may take to end after its last word (libraries have been seen to hang while unloading).
LAST_WORD_TO_TERMINATE_S = 10.0

_LOG_LINES = 2000
_LAST_LINES = 5
_CRASH_REMEDY = (
    "If it ran out of memory: choose a smaller region, set a memory limit, close other programs or compute on the CPU."
)


class Job:
    """A running or finished computation.

    Signals (slots are called on the thread that started the job):
        progressed(stage: str, fraction: float, seconds_left: float | None): fraction of the stage; see ``progress``.
        plotted(point: Point): a point of a curve that is being computed.
        warned(code: str, message: str)
        logged(line: str)
        finished(job: Job): it is over, whichever way; look at ``state`` and ``error``.

    Args:
        command: what to start.
        runner: a fresh runner, used for this job alone.
        clock: seconds on any monotonic scale.
        kill_pid: ends the worker behind a launcher by the id it reported itself.
        stages: the stages that the worker will report, with the share of the whole that each usually takes.
    """

    def __init__(
        self,
        command: Command,
        runner: Runner,
        clock: Callable[[], float] = time.monotonic,
        kill_pid: Callable[[int], None] = kill_process,
        stages: Mapping[str, float] = STAGES,
    ) -> None:
        self.progressed = Signal()
        self.plotted = Signal()
        self.warned = Signal()
        self.logged = Signal()
        self.finished = Signal()
        self.state = WAITING
        self.error: errors.UMambaXAIError | None = None
        self.hello: Hello | None = None
        self.device: Device | None = None
        self.cases: Cases | None = None  # of a cohort, once it said so
        self.step: Step | None = None  # of an installation, likewise
        self.warnings: list[Caution] = []
        self.folder: Path | None = None
        self.files: Mapping[str, Path | None] = MappingProxyType({})
        self.versions: Mapping[str, str] = MappingProxyType({})
        self._command = command
        self._runner = runner
        self._kill_pid = kill_pid
        self._estimate = ProgressEstimate(clock, stages)
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._output, self._errors = LineSplitter(), LineSplitter()
        self._last_word: Result | Failure | None = None
        self._call_off: Callable[[], None] = lambda: None

    @property
    def is_over(self) -> bool:
        """Whether it has ended, whichever way."""
        return self.state in OVER

    @property
    def progress(self) -> float:
        """How much of the whole is done, 0-1; never goes back."""
        return self._estimate.overall

    @property
    def stage(self) -> str:
        """The current stage, empty before the first."""
        return self._estimate.stage

    @property
    def seconds_left(self) -> float | None:
        """Estimated seconds to the end, or None while there is nothing to estimate from."""
        return self._estimate.seconds_left if self.cases is None else self.cases.seconds_left

    @property
    def log_lines(self) -> tuple[str, ...]:
        """The latest lines the worker wrote that were no messages."""
        return tuple(self._log)

    def start(self) -> None:
        """Start the worker and return at once."""
        if self.state != WAITING:
            raise errors.UsageError(f"This job is {self.state}; it cannot be started again.", "Make a new one.")
        self.state = RUNNING
        self._runner.start(
            self._command.program,
            self._command.arguments,
            self._command.environment,
            self._on_output,
            self._on_error,
            self._on_end,
        )

    def cancel(self) -> None:
        """Stop it within two seconds: close its input, then terminate, then kill. Nothing to do where it is over."""
        if self.state == WAITING:
            self._end(CANCELLED, errors.CancelledError())
        elif self.state == RUNNING:
            self.state = CANCELLING
            self._call_off()
            self._call_off = self._runner.call_later(CLOSE_TO_TERMINATE_S, self._terminate)
            self._runner.close_input()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until it is over; returns whether it is. For scripts: in Slicer connect to ``finished`` instead.

        Raises:
            UsageError: the job's runner lives on an event loop, which blocking here would stop.
        """
        return pump_until(self._runner, lambda: self.is_over, self.cancel, timeout_s)

    def _on_output(self, chunk: bytes) -> None:
        for line in self._output.feed(chunk):
            self._take_line(line)

    def _on_error(self, chunk: bytes) -> None:
        for line in self._errors.feed(chunk):
            self._add_to_log(line)

    def _take_line(self, line: str) -> None:
        message = parse_line(line)
        if message is None:
            self._add_to_log(line)
        elif not self.is_over:
            self._take_message(message)

    def _take_message(self, message: Message) -> None:
        if isinstance(message, Hello):
            self.hello = message
        elif isinstance(message, Device):
            self.device = message
        elif isinstance(message, Stage):
            self._estimate.enter(message.name)
            self._tell_progress(0.0)
        elif isinstance(message, Progress):
            self._estimate.advance(message.stage, message.fraction)
            self._tell_progress(message.fraction)
        elif isinstance(message, Cases):
            self.cases = message
        elif isinstance(message, Point):
            if self.state == RUNNING:
                self.plotted.emit(message)
        elif isinstance(message, Step):
            self.step = message
            self._tell_progress(self._estimate.fraction)
        elif isinstance(message, Caution):
            self.warnings.append(message)
            self.warned.emit(message.code, message.message)
        elif self._last_word is None:
            self._take_last_word(message)

    def _tell_progress(self, fraction: float) -> None:
        if self.state == RUNNING:
            self.progressed.emit(self.stage, fraction, self.seconds_left)

    def _take_last_word(self, message: Result | Failure) -> None:
        self._last_word = message
        if self.state == RUNNING:
            self._call_off = self._runner.call_later(LAST_WORD_TO_TERMINATE_S, self._terminate)
            self._runner.close_input()

    def _add_to_log(self, line: str) -> None:
        text = line.rpartition("\r")[2].rstrip()  # a progress bar redraws its line: keep its last state
        if text:
            self._log.append(text)
            self.logged.emit(text)

    def _terminate(self) -> None:
        self._call_off = self._runner.call_later(TERMINATE_TO_KILL_S, self._kill)
        self._runner.terminate()

    def _kill(self) -> None:
        self._call_off = self._runner.call_later(KILL_TO_GIVING_UP_S, lambda: self._on_end(None))
        self._runner.kill()
        self._kill_behind_launcher()

    def _kill_behind_launcher(self) -> None:
        if self.hello is not None and self.hello.pid != self._runner.pid:
            self._kill_pid(self.hello.pid)

    def _on_end(self, exit_code: int | None) -> None:
        if self.is_over:
            return
        for line in self._output.flush():
            self._take_line(line)
        for line in self._errors.flush():
            self._add_to_log(line)
        self._call_off()
        if self.state == CANCELLING:
            self._kill_behind_launcher()  # ending the launcher does not end the worker
            self._end(CANCELLED, errors.CancelledError())
        elif isinstance(self._last_word, Failure):
            self._end_with(self._last_word)
        elif isinstance(self._last_word, Result):
            self._end_with_result(self._last_word)
        elif exit_code is None:
            self._end(FAILED, self._not_started())
        else:
            self._end(CRASHED, self._crash(exit_code))

    def _end_with(self, failure: Failure) -> None:
        error = error_from_code(failure.code, failure.message, failure.remedy)
        self._end(CANCELLED if isinstance(error, errors.CancelledError) else FAILED, error)

    def _end_with_result(self, result: Result) -> None:
        missing = [str(path) for path in result.files.values() if path is not None and not path.is_file()]
        if missing:
            message = f"The worker reported a result, but {', '.join(missing)} is not there."
            self._end(CRASHED, errors.WorkerCrashedError(message, "Check that the disk is not full, and run again."))
            return
        self.folder = result.folder
        self.files = MappingProxyType(dict(result.files))
        self.versions = MappingProxyType(dict(result.versions))
        self._estimate.complete()
        self._end(FINISHED, None)

    def _end(self, state: str, error: errors.UMambaXAIError | None) -> None:
        self.state = state
        self.error = error
        self.finished.emit(self)

    def _not_started(self) -> errors.UMambaXAIError:
        return errors.NotInstalledError(
            f"The worker could not be started: {self._last_lines() or self._command.program}",
            "Check that this Python exists and may be run, or choose another one.",
        )

    def _crash(self, exit_code: int) -> errors.UMambaXAIError:
        where = f" during the stage {self.stage!r}" if self.stage else ""
        how = f"The worker ended by itself{where} (exit code {exit_code})"
        if exit_code in (-9, 137):
            how = f"The operating system killed the worker{where}, as it does when memory runs out"
        last = self._last_lines()
        return errors.WorkerCrashedError(f"{how}. Its last lines:\n{last}" if last else f"{how}.", _CRASH_REMEDY)

    def _last_lines(self) -> str:
        return "\n".join(list(self._log)[-_LAST_LINES:])


def error_from_code(code: str, message: str, remedy: str) -> errors.UMambaXAIError:
    """The typed error that a worker's ``error`` line stands for."""
    for kind in errors.UMambaXAIError.__subclasses__():
        if kind.code == code:
            return kind(message, remedy)
    error = errors.UMambaXAIError(message, remedy)
    error.code = code
    return error
