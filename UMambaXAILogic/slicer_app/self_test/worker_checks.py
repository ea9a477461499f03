"""What the module's self-test measures of the worker process, in any Slicer and without packages."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import slicer

from UMambaXAILogic.engine.errors import UMambaXAIError
from UMambaXAILogic.interaction import Command, Job, worker_command

from ..environment import python_slicer
from ..process_runner import ProcessRunner
from .waiting import wait_until

#: No double quotes: the text passes through Windows command lines.
_DEAF = (
    "import json, os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print(json.dumps(dict(v=1, type='hello', pid=os.getpid(), versions={})), flush=True); time.sleep(60)"
)


def worker_error() -> UMambaXAIError | None:
    """The error that the worker reports when its request is missing: everything up to it works."""
    missing = Path(tempfile.gettempdir()) / "umamba-xai-self-test" / "request.json"
    job = Job(worker_command(missing, program=python_slicer()), ProcessRunner(slicer.app))
    job.start()
    wait_until(lambda: job.is_over)
    return job.error


def cancel_seconds() -> float:
    """How long it takes to end a worker that neither reads its input nor heeds SIGTERM."""
    job = Job(Command(python_slicer(), ("-c", _DEAF)), ProcessRunner(slicer.app))
    job.start()
    wait_until(lambda: job.hello is not None)
    begin = time.monotonic()
    job.cancel()
    wait_until(lambda: job.is_over)
    return time.monotonic() - begin
