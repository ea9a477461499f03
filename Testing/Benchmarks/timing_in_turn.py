"""Times several contenders side by side, so that whatever else the machine does hits them alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

SLOW_SECONDS = 0.5
"""Calls that take longer are timed twice only, and not preceded by an untimed one but once."""


def time_in_turn(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each call.

    Contenders run in turn in one process. A call that is timed follows one of the same contender that is not, so that
    none pays for the memory another gave back, nor for compilation.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for round_ in range(repeats):
        for name, call in calls.items():
            slow = bool(seconds[name]) and min(seconds[name]) > SLOW_SECONDS
            if slow and round_ >= 2:
                continue
            if not slow:
                call()
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}
