"""What the module's self-test measures of the worker process, in any Slicer and without packages."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import qt
import slicer

from UMambaXAILogic.engine.errors import UMambaXAIError
from UMambaXAILogic.interaction import Command, Job, worker_command

from .environment import python_slicer
from .process_runner import ProcessRunner

#: No double quotes: the text passes through Windows command lines.
_DEAF = (
    "import json, os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print(json.dumps(dict(v=1, type='hello', pid=os.getpid(), versions={})), flush=True); time.sleep(60)"
)
_PATIENCE_S = 60.0


def worker_error() -> UMambaXAIError | None:
    """The error that the worker reports when its request is missing: everything up to it works."""
    missing = Path(tempfile.gettempdir()) / "umamba-xai-self-test" / "request.json"
    job = Job(worker_command(missing, program=python_slicer()), ProcessRunner(slicer.app))
    job.start()
    _wait(lambda: job.is_over)
    return job.error


def cancel_seconds() -> float:
    """How long it takes to end a worker that neither reads its input nor heeds SIGTERM."""
    job = Job(Command(python_slicer(), ("-c", _DEAF)), ProcessRunner(slicer.app))
    job.start()
    _wait(lambda: job.hello is not None)
    begin = time.monotonic()
    job.cancel()
    _wait(lambda: job.is_over)
    return time.monotonic() - begin


def _wait(condition: Callable[[], bool]) -> None:
    """Let the event loop run until ``condition``; a test has to, nothing else may."""
    deadline = time.monotonic() + _PATIENCE_S
    while not condition() and time.monotonic() < deadline:
        loop = qt.QEventLoop()
        qt.QTimer.singleShot(20, loop.quit)
        loop.exec_()
