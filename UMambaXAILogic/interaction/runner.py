"""How a process is started, told to stop and listened to, whoever does it: Qt in Slicer, ``subprocess`` elsewhere."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from UMambaXAILogic.engine.errors import UsageError

OnBytes = Callable[[bytes], None]
OnEnd = Callable[[int | None], None]


@dataclass(frozen=True)
class Command:
    """A program to start.

    Args:
        program: its path.
        arguments: without the program.
        environment: the whole environment of the child; None: that of this process.
    """

    program: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] | None = None


class Runner(Protocol):
    """Runs one process and calls back on the thread it was started from, never on another."""

    @property
    def pid(self) -> int | None:
        """Process id of what was started (a launcher, perhaps), or None before and where it did not start."""
        ...

    def start(
        self,
        program: str,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None,
        on_output: OnBytes,
        on_error: OnBytes,
        on_end: OnEnd,
    ) -> None:
        """Start the program and return at once.

        Args:
            on_output: receives standard output in chunks cut anywhere.
            on_error: receives standard error likewise.
            on_end: called exactly once, after the last chunk, with the exit code (negative: the signal that ended
                it), or with None where the program could not be started; the reason went to ``on_error`` then.
        """
        ...

    def close_input(self) -> None:
        """Close the child's standard input: the polite way to say stop."""
        ...

    def terminate(self) -> None:
        """Ask the operating system to end the process."""
        ...

    def kill(self) -> None:
        """End the process without asking."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Call ``callback`` once after ``seconds``; the returned function calls that off."""
        ...


@runtime_checkable
class PumpedRunner(Protocol):
    """A runner without an event loop behind it: callbacks come while ``pump`` is called."""

    def pump(self, timeout_s: float) -> None:
        """Wait up to ``timeout_s`` for something to happen and make the callbacks that are due."""
        ...


def pump_until(
    runner: Runner, is_over: Callable[[], bool], cancel: Callable[[], None], timeout_s: float | None
) -> bool:
    """Block until it is over, or so many seconds have gone by; returns whether it is over.

    Args:
        cancel: called where the user interrupts; it is waited for the end then, too.

    Raises:
        UsageError: the runner lives on an event loop, which blocking here would stop.
    """
    if not isinstance(runner, PumpedRunner):
        raise UsageError(
            "This job runs on Slicer's event loop, and waiting would freeze the window.",
            "Connect to job.finished, or use the blocking call.",
        )
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    try:
        while not is_over() and (deadline is None or time.monotonic() < deadline):
            runner.pump(0.1)
    except KeyboardInterrupt:
        cancel()
        while not is_over():
            runner.pump(0.1)
        raise
    return is_over()


def kill_process(pid: int) -> None:
    """End a process of this user by its id; one that is already gone is no error."""
    try:
        os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))  # Windows: SIGTERM is TerminateProcess
    except OSError:
        return


def package_parent() -> Path:
    """The folder that a child process needs on its path to import ``UMambaXAILogic``."""
    return Path(__file__).resolve().parents[2]
