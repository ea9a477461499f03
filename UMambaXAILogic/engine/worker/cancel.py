"""The worker's ear for "stop": standard input closes, and the process ends in time, whatever it is doing.

Only the standard library is imported here: this runs before anything else in the worker.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from collections.abc import Callable

from ..errors import CancelledError
from .messages import MessageWriter

#: How long a computation may take to stop by itself after a cancel, before the process ends under it.
GRACE_S = 0.6
#: How long the guard waits before it kills a worker that not even a thread of its own can end.
GUARD_S = 1.2


class CancelWatch:
    """Ends the computation when standard input closes: politely first, then for certain.

    ``cancelled`` is set at once, and a computation that looks at it stops by itself. One that does not within
    ``GRACE_S`` (a long torch call) is ended by the watching thread. Where even that thread cannot run, because a
    native call keeps Python's lock, a tiny guard process kills the worker after ``GUARD_S``; there is none on
    Windows, where the one who cancels terminates the worker.

    Args:
        own_input: descriptor to watch.
        writer: gets the last word.
    """

    def __init__(self, own_input: int, writer: MessageWriter) -> None:
        self.cancelled = threading.Event()
        self.clean_up: Callable[[], None] = lambda: None  # called before the process is ended under a computation
        self._input = own_input
        self._writer = writer
        self._disarmed = threading.Event()
        self._lifeline: int | None = None

    def start(self) -> None:
        """Begin to watch; call this before any other thread exists."""
        if hasattr(os, "fork"):
            self._lifeline = _start_guard(self._input)
        threading.Thread(target=self._watch, name="cancel-watch", daemon=True).start()

    def disarm(self) -> None:
        """The computation is over: input that closes from now on means nothing."""
        self._disarmed.set()
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    def _watch(self) -> None:
        with contextlib.suppress(OSError):
            while os.read(self._input, 4096):
                pass
        self.cancelled.set()
        if self._disarmed.wait(GRACE_S):
            return
        # Any of this may fail (nobody listens, a file is held); the process ends in every case.
        try:
            self.clean_up()
            error = CancelledError()
            self._writer.say("error", code=error.code, message=error.message, remedy=error.remedy)
        finally:
            os._exit(CancelledError.exit_code)


def _start_guard(own_input: int) -> int:
    """Fork a process that kills this one ``GUARD_S`` after ``own_input`` closed.

    Returns:
        A descriptor that keeps the guard on duty; it goes home when the worker closes it or ends.
    """
    worker = os.getpid()
    lifeline, worker_end = os.pipe()
    if os.fork() != 0:
        os.close(lifeline)
        return worker_end
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for descriptor in _open_descriptors():
            if descriptor not in (own_input, lifeline):  # above all: not the pipe whose end the reader waits for
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        _guard(own_input, lifeline, worker)
    finally:
        os._exit(0)


def _guard(own_input: int, lifeline: int, worker: int) -> None:
    while True:
        ready, _, _ = select.select([own_input, lifeline], [], [])
        if lifeline in ready:
            return
        if not os.read(own_input, 4096):
            break
    ready, _, _ = select.select([lifeline], [], [], GUARD_S)
    if not ready:
        os.kill(worker, signal.SIGKILL)


def _open_descriptors() -> list[int]:
    for folder in ("/proc/self/fd", "/dev/fd"):
        with contextlib.suppress(OSError):
            return [int(name) for name in os.listdir(folder)]
    return list(range(256))
