"""Pure Python between the doors and the worker: signals, the worker's protocol, the job; the panel: ``panel/``."""

from .job import Job
from .runner import Command, Runner
from .signal import Signal
from .subprocess_runner import SubprocessRunner
from .worker_command import worker_command

__all__ = [
    "Command",
    "Job",
    "Runner",
    "Signal",
    "SubprocessRunner",
    "worker_command",
]
