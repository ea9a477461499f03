"""Pure Python between the doors and the worker: signals, the worker's protocol, the job, what the panel shows."""

from .job import Job
from .panel_state import PanelState, UiState, ui_state
from .runner import Command, Runner
from .signal import Signal
from .subprocess_runner import SubprocessRunner
from .worker_command import worker_command

__all__ = [
    "Command",
    "Job",
    "PanelState",
    "Runner",
    "Signal",
    "SubprocessRunner",
    "UiState",
    "ui_state",
    "worker_command",
]
