"""A measurement in a process of its own, with the memory that it took at most."""

from __future__ import annotations

import multiprocessing
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def in_own_process(function: Callable[..., Any], *arguments: Any) -> tuple[Any, int]:
    """Call a function of a module in a fresh process.

    Args:
        function: what it returns can be pickled, and so can its arguments.

    Returns:
        Its result, and the peak of the process's resident memory in MiB, everything loaded included.
    """
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_called, (function, arguments))


def _called(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, int]:
    result = function(*arguments)
    return result, _peak_mib()


def _peak_mib() -> int:
    status = Path("/proc/self/status")
    if status.exists():
        # Not ru_maxrss: a process that was forked keeps its parent's.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return round(int(line.split()[1]) / 1024)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit)
