"""The runner for scripts, tests and blocking calls: ``subprocess``, no Qt."""

from __future__ import annotations

import functools
import itertools
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from .runner import OnBytes, OnEnd

#: Longest time to wait for the rest of the output once the process itself has ended: a grandchild that a
#: launcher left behind may keep the pipe open for ever.
_DRAIN_S = 1.0
#: Longest time one ``pump`` spends on output before it looks at the timers: a worker that floods its log must
#: still be cancelled in time.
_BURST_S = 0.1
_CHUNK_BYTES = 65536


class SubprocessRunner:
    """Runs one process; threads only move bytes into a queue, callbacks are made by ``pump``.

    So scene nodes are touched on the caller's thread alone.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._events: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._timers: dict[int, tuple[float, Callable[[], None]]] = {}
        self._numbers = itertools.count()

    @property
    def pid(self) -> int | None:
        """Process id, or None where nothing was started."""
        return None if self._process is None else self._process.pid

    def start(
        self,
        program: str,
        arguments: Sequence[str],
        environment: Mapping[str, str] | None,
        on_output: OnBytes,
        on_error: OnBytes,
        on_end: OnEnd,
    ) -> None:
        """See ``Runner.start``; nothing is called back before ``pump``."""
        try:
            process = subprocess.Popen(
                [program, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=None if environment is None else dict(environment),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            reason = f"{program}: {error.strerror or error}\n".encode()
            self._events.put(lambda: on_error(reason))
            self._events.put(lambda: on_end(None))
            return
        self._process = process
        readers = [self._read(process.stdout, on_output), self._read(process.stderr, on_error)]
        threading.Thread(target=self._await_end, args=(process, readers, on_end), daemon=True).start()

    def close_input(self) -> None:
        """See ``Runner.close_input``."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def terminate(self) -> None:
        """See ``Runner.terminate``."""
        if self._process is not None:
            self._process.terminate()

    def kill(self) -> None:
        """See ``Runner.kill``."""
        if self._process is not None:
            self._process.kill()

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Callable[[], None]:
        """See ``Runner.call_later``; ``pump`` makes the call."""
        number = next(self._numbers)
        self._timers[number] = (time.monotonic() + seconds, callback)

        def call_off() -> None:
            self._timers.pop(number, None)

        return call_off

    def pump(self, timeout_s: float) -> None:
        """Wait up to ``timeout_s`` for something to happen and make the callbacks that are due."""
        now = time.monotonic()
        next_timer = min((due for due, _ in self._timers.values()), default=now + timeout_s)
        try:
            self._events.get(timeout=max(0.0, min(timeout_s, next_timer - now)))()
            until = time.monotonic() + _BURST_S
            while time.monotonic() < until:
                self._events.get_nowait()()
        except queue.Empty:
            pass
        for number, (due, callback) in sorted(self._timers.items(), key=lambda item: item[1][0]):
            if due <= time.monotonic() and self._timers.pop(number, None) is not None:
                callback()

    def _read(self, stream: IO[bytes] | None, on_bytes: OnBytes) -> threading.Thread:
        assert stream is not None

        def read() -> None:
            with stream:
                while chunk := os.read(stream.fileno(), _CHUNK_BYTES):
                    self._events.put(functools.partial(on_bytes, chunk))

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    def _await_end(self, process: subprocess.Popen[bytes], readers: list[threading.Thread], on_end: OnEnd) -> None:
        code = process.wait()
        deadline = time.monotonic() + _DRAIN_S
        for reader in readers:
            reader.join(max(0.0, deadline - time.monotonic()))
        self._events.put(lambda: on_end(code))
