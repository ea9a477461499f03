"""Processes that a worker starts for itself, where the worker stands behind Slicer's launcher."""

from __future__ import annotations

import multiprocessing.spawn
import sys
from pathlib import Path

#: What Slicer calls the program that sets up an environment and starts its Python in it. It does not pass on the
#: descriptors that a spawned process is told what to do by, so a process that is started through it waits for ever.
LAUNCHER = "PythonSlicer"


def interpreter_for_children(executable: str, running: str) -> str:
    """The program that ``multiprocessing`` should start.

    Args:
        executable: ``sys.executable``.
        running: the program that really runs now; it inherits what the launcher set up, and so do its children.
    """
    return running if Path(executable).stem == LAUNCHER else executable


def start_children_without_launcher() -> None:
    """Let ``multiprocessing`` start Slicer's Python itself; nothing changes where there is no launcher."""
    import psutil

    multiprocessing.spawn.set_executable(interpreter_for_children(sys.executable, psutil.Process().exe()))
