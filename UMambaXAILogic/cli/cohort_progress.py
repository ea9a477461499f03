"""Progress of a cohort in a terminal: cases done and failed, and the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.progress import BarColumn, TextColumn

from .progress import TerminalReporter, WithBar, time_left_text

_STAGE_TEXTS = {"load_model": "Loading the model", "check": "Looking at all files", "cases": "Starting the processes"}
_PLAIN_PERIOD_S = 30.0


def make_cohort_reporter(is_cancelled: Callable[[], bool], quiet: bool) -> TerminalReporter:
    """The reporter that fits where standard error goes. Use it as a context manager."""
    if quiet:
        return TerminalReporter(is_cancelled)
    return CohortBar(is_cancelled) if sys.stderr.isatty() else CohortLines(is_cancelled)


class CohortLines(TerminalReporter):
    """A line for every stage, and while cases end one every half minute: for log files and pipes."""

    def __init__(self, is_cancelled: Callable[[], bool]) -> None:
        super().__init__(is_cancelled)
        self._last_line_s = -_PLAIN_PERIOD_S

    def device(self, facts: Mapping[str, Any]) -> None:
        """See ``Reporter.device``."""
        self.show(computers_text(facts))

    def stage(self, name: str) -> None:
        """See ``Reporter.stage``."""
        self.show(_STAGE_TEXTS.get(name, name))

    def cases(self, done: int, failed: int, total: int, seconds_left: float | None) -> None:
        """See ``Reporter.cases``."""
        now = time.monotonic()
        if now - self._last_line_s >= _PLAIN_PERIOD_S or done + failed == total:
            self._last_line_s = now
            self.show(cases_text(done, failed, total, seconds_left))


class CohortBar(WithBar):
    """A bar over all cases."""

    def __init__(self, is_cancelled: Callable[[], bool]) -> None:
        super().__init__(
            is_cancelled, BarColumn(), TextColumn("{task.description}", markup=False), description="Starting"
        )

    def device(self, facts: Mapping[str, Any]) -> None:
        """See ``Reporter.device``."""
        self.show(computers_text(facts))

    def stage(self, name: str) -> None:
        """See ``Reporter.stage``."""
        self._bar.update(self._task, description=_STAGE_TEXTS.get(name, name), completed=0.0)

    def progress(self, fraction: float) -> None:
        """See ``Reporter.progress``."""
        self._bar.update(self._task, completed=fraction)

    def cases(self, done: int, failed: int, total: int, seconds_left: float | None) -> None:
        """See ``Reporter.cases``."""
        self._bar.update(self._task, description=cases_text(done, failed, total, seconds_left))


def cases_text(done: int, failed: int, total: int, seconds_left: float | None) -> str:
    """``12 of 40 cases done, 1 failed, about 9 min left``."""
    parts = [f"{done} of {total} cases done"]
    if failed:
        parts.append(f"{failed} failed")
    left = time_left_text(seconds_left) if done + failed < total else ""
    return ", ".join([*parts, left] if left else parts)


def computers_text(facts: Mapping[str, Any]) -> str:
    """One line on who computes and why."""
    workers = "1 process" if facts["workers"] == 1 else f"{facts['workers']} processes"
    parts = [f"Computing with {workers} on {facts['device']}"]
    if facts.get("threads"):
        parts.append(f"threads of each: {facts['threads']}")
    if facts.get("scan_backend"):
        parts.append(f"selective scan by {facts['scan_backend']}")
    return f"{', '.join(parts)} ({facts['reason']})"
