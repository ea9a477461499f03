"""A process that the installing process starts, listens to and can end, with everything it started itself."""

from __future__ import annotations

import contextlib
import ctypes
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import IO

from UMambaXAILogic.engine.errors import CancelledError
from UMambaXAILogic.engine.worker.children import interpreter_for_children
from UMambaXAILogic.interaction import Command

#: Seconds between two looks at whether it was cancelled.
TICK_S = 0.2
_LAST_LINES = 20


def run_child(
    command: Command,
    cancelled: threading.Event,
    on_line: Callable[[str], None],
    on_tick: Callable[[], None] = lambda: None,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, list[str]]:
    """Run a process to its end.

    Its standard input stays open as long as this process lives: a child that watches it ends with this process.

    Args:
        on_line: takes each line of its standard output; standard error is passed on to that of this process.
        on_tick: called about five times a second.
        environment: the whole environment of the child; None: that of this process.

    Returns:
        Its exit status and the last lines of its standard error.

    Raises:
        CancelledError: ``cancelled`` was set; the process and its children are gone.
    """
    process = subprocess.Popen(
        [command.program, *command.arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=None if environment is None else dict(environment),
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    complaints: deque[str] = deque(maxlen=_LAST_LINES)
    readers = [_reader(process.stdout, lines.put), _reader(process.stderr, lambda line: _complain(line, complaints))]
    with process:
        try:
            next_tick = time.monotonic()
            while process.poll() is None or not lines.empty():
                if cancelled.is_set():
                    raise CancelledError()
                with contextlib.suppress(queue.Empty):
                    on_line(lines.get(timeout=TICK_S))
                if time.monotonic() >= next_tick:
                    on_tick()
                    next_tick = time.monotonic() + TICK_S
            for reader in readers:
                reader.join(TICK_S)
            while not lines.empty():
                on_line(lines.get())
        except BaseException:
            kill_tree(process.pid)
            raise
    return process.returncode, list(complaints)


def kill_tree(pid: int) -> None:
    """End a process that ``run_child`` started, and every process that it started."""
    if os.name == "nt":
        subprocess.run(
            ["taskkill", "/T", "/F", "/PID", str(pid)],
            capture_output=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        return
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)


def own_python() -> str:
    """The program that runs this process, for a child: not the launcher that Slicer starts its Python through.

    A child behind a launcher could not be ended; without it, it inherits the environment that the launcher has set up.
    """
    return interpreter_for_children(sys.executable, _running_program())


def end_with_parent() -> None:
    """End this process and its children when standard input closes, as it does when the parent ends.

    Standard input is empty for everything else in this process.
    """
    own_input = os.dup(0)
    with open(os.devnull, "rb") as empty:
        os.dup2(empty.fileno(), 0)

    def watch() -> None:
        with contextlib.suppress(OSError):
            while os.read(own_input, 4096):
                pass
        if os.name != "nt" and os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(CancelledError.exit_code)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _reader(stream: IO[bytes] | None, take: Callable[[str], None]) -> threading.Thread:
    assert stream is not None

    def read() -> None:
        for line in stream:
            take(line.decode("utf-8", errors="replace").rstrip())

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def _complain(line: str, complaints: deque[str]) -> None:
    complaints.append(line)
    print(line, file=sys.stderr)


def _running_program() -> str:
    if sys.platform == "win32":
        text = ctypes.create_unicode_buffer(32768)
        ctypes.windll.kernel32.GetModuleFileNameW(None, text, len(text))
        return text.value
    if sys.platform == "darwin":
        size = ctypes.c_uint32(32768)
        path = ctypes.create_string_buffer(size.value)
        ctypes.CDLL(None)._NSGetExecutablePath(path, ctypes.byref(size))
        return os.fsdecode(path.value)
    return os.readlink("/proc/self/exe")
