"""Progress of one case in a terminal: a bar with the time left, or plain lines where there is no terminal.

Everything goes to standard error; standard output is for results.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from UMambaXAILogic.engine.progress import STAGES, Reporter
from UMambaXAILogic.interaction.estimate import ProgressEstimate

STAGE_TEXTS: Mapping[str, str] = {
    "load_model": "Loading the model",
    "read": "Reading the volume",
    "preprocess": "Preprocessing",
    "segment": "Segmenting",
    "explain": "Explaining",
    "faithfulness": "Taking voxels away",
    "robustness": "Changing the image",
    "sanity": "Shuffling the network",
    "metrics": "Measuring",
    "judge": "Judging the map",
    "write": "Writing",
}
_PLAIN_PERIOD_S = 10.0


def make_reporter(
    is_cancelled: Callable[[], bool], quiet: bool, stages: Mapping[str, float] = STAGES
) -> TerminalReporter:
    """The reporter that fits where standard error goes. Use it as a context manager.

    Args:
        stages: that there will be, with their shares of the whole.
    """
    if quiet:
        return TerminalReporter(is_cancelled)
    if sys.stderr.isatty():
        return BarReporter(is_cancelled, stages)
    return LineReporter(is_cancelled, stages)


def make_count_reporter(is_cancelled: Callable[[], bool], quiet: bool) -> TerminalReporter:
    """The reporter for a task without stages; silent where there is no terminal."""
    return CountReporter(is_cancelled) if sys.stderr.isatty() and not quiet else TerminalReporter(is_cancelled)


class TerminalReporter(Reporter):
    """Shows warnings only."""

    def __enter__(self) -> TerminalReporter:
        return self

    def __exit__(self, *_: object) -> None:
        sys.stderr.flush()

    def warning(self, code: str, message: str) -> None:
        """See ``Reporter.warning``."""
        self.show(f"Warning: {message} [{code}]")

    def show(self, text: str) -> None:
        """One line to the user."""
        print(text, file=sys.stderr, flush=True)


class LineReporter(TerminalReporter):
    """A line when a stage begins, and every ten seconds within one: for log files and pipes."""

    def __init__(self, is_cancelled: Callable[[], bool], stages: Mapping[str, float] = STAGES) -> None:
        super().__init__(is_cancelled)
        self._estimate = ProgressEstimate(time.monotonic, stages)
        self._last_line_s = 0.0

    def device(self, facts: Mapping[str, Any]) -> None:
        """See ``Reporter.device``."""
        self.show(device_text(facts))

    def announce(self, text: str) -> None:
        """See ``Reporter.announce``."""
        self.show(text)

    def stage(self, name: str) -> None:
        """See ``Reporter.stage``."""
        self._estimate.enter(name)
        self._tell()

    def progress(self, fraction: float) -> None:
        """See ``Reporter.progress``."""
        self._estimate.advance(self._estimate.stage, fraction)
        if time.monotonic() - self._last_line_s >= _PLAIN_PERIOD_S:
            self._tell()

    def _tell(self) -> None:
        self._last_line_s = time.monotonic()
        left = time_left_text(self._estimate.seconds_left)
        text = f"{self._estimate.overall:4.0%}  {_stage_text(self._estimate.stage)}"
        self.show(f"{text}, {left}" if left else text)


class WithBar(TerminalReporter):
    """What reporters with a bar share: it stands below what they show, and goes when they end.

    Args:
        is_cancelled: as for ``Reporter``.
        columns: of the bar.
        description: of the task at first.
        fields: further fields that the columns name.
    """

    def __init__(
        self, is_cancelled: Callable[[], bool], *columns: ProgressColumn, description: str = "", **fields: Any
    ) -> None:
        super().__init__(is_cancelled)
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(description, total=1.0, **fields)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()
        super().__exit__()

    def show(self, text: str) -> None:
        """See ``TerminalReporter.show``."""
        self._bar.console.print(text, markup=False, highlight=False)


class BarReporter(WithBar):
    """A bar over the whole case that names the stage."""

    def __init__(self, is_cancelled: Callable[[], bool], stages: Mapping[str, float] = STAGES) -> None:
        super().__init__(
            is_cancelled,
            TextColumn("{task.description:<20}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[left]}", markup=False),
            description="Starting",
            left="",
        )
        self._estimate = ProgressEstimate(time.monotonic, stages)

    def device(self, facts: Mapping[str, Any]) -> None:
        """See ``Reporter.device``."""
        self.show(device_text(facts))

    def announce(self, text: str) -> None:
        """See ``Reporter.announce``."""
        self.show(text)

    def stage(self, name: str) -> None:
        """See ``Reporter.stage``."""
        self._estimate.enter(name)
        self._update()

    def progress(self, fraction: float) -> None:
        """See ``Reporter.progress``."""
        self._estimate.advance(self._estimate.stage, fraction)
        self._update()

    def _update(self) -> None:
        self._bar.update(
            self._task,
            completed=self._estimate.overall,
            description=_stage_text(self._estimate.stage),
            left=time_left_text(self._estimate.seconds_left),
        )


class CountReporter(WithBar):
    """A bar for a task without stages."""

    def __init__(self, is_cancelled: Callable[[], bool]) -> None:
        super().__init__(is_cancelled, BarColumn(), TaskProgressColumn(), TimeRemainingColumn())

    def progress(self, fraction: float) -> None:
        """See ``Reporter.progress``."""
        self._bar.update(self._task, completed=fraction)


def device_text(facts: Mapping[str, Any]) -> str:
    """One line on where the computation runs and why."""
    parts = [f"Computing on {facts['device']}"]
    if facts.get("free_memory_mb") is not None:
        parts.append(f"{facts['free_memory_mb'] / 1024:.1f} GiB free")
    if facts.get("scan_backend"):
        parts.append(f"selective scan by {facts['scan_backend']}")
    text = ", ".join(parts)
    return f"{text}: {facts['reason']}" if facts.get("reason") else text


def time_left_text(seconds: float | None) -> str:
    """``about 35 s left``; empty while nobody knows."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"about {max(round(seconds), 1)} s left"
    return f"about {round(seconds / 60)} min left"


def _stage_text(name: str) -> str:
    return STAGE_TEXTS.get(name, name.replace("_", " ").capitalize())
