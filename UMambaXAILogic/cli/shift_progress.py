"""Progress of a shift attribution in a terminal: the strengths, the estimate, passes done and the time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.progress import BarColumn, TextColumn

from UMambaXAILogic.engine.shift.reporter import ShiftReporter

from .progress import TerminalReporter, WithBar, device_text, time_left_text

if TYPE_CHECKING:
    from UMambaXAILogic.engine.shift.strength import ChosenFactor

_PLAIN_PERIOD_S = 30.0


def make_shift_reporter(is_cancelled: Callable[[], bool], quiet: bool) -> QuietShift:
    """The reporter that fits where standard error goes. Use it as a context manager."""
    if quiet:
        return QuietShift(is_cancelled)
    return ShiftBar(is_cancelled) if sys.stderr.isatty() else ShiftLines(is_cancelled)


class QuietShift(TerminalReporter, ShiftReporter):
    """Shows warnings only."""

    def __enter__(self) -> QuietShift:
        return self


class ShiftLines(QuietShift):
    """What will be done, the estimate, and a line every half minute: for log files and pipes."""

    def __init__(self, is_cancelled: Callable[[], bool]) -> None:
        super().__init__(is_cancelled)
        self._last_line_s = time.monotonic()

    def device(self, facts: Mapping[str, Any]) -> None:
        """See ``Reporter.device``."""
        self.show(device_text({"free_memory_mb": None, **facts}))

    def factors(self, chosen: Sequence[ChosenFactor], toward_source: bool) -> None:
        """See ``ShiftReporter.factors``."""
        self.show("\n".join(factor_lines(chosen, toward_source)))

    def estimate(self, seconds_per_pass: float, passes_left: int) -> None:
        """See ``ShiftReporter.estimate``."""
        self.show(estimate_text(seconds_per_pass, passes_left))

    def passes(self, done: int, total: int, seconds_left: float | None) -> None:
        """See ``ShiftReporter.passes``."""
        now = time.monotonic()
        if now - self._last_line_s >= _PLAIN_PERIOD_S or done == total:
            self._last_line_s = now
            self.show(passes_text(done, total, seconds_left))


class ShiftBar(WithBar, ShiftLines):
    """A bar over all passes."""

    def __init__(self, is_cancelled: Callable[[], bool]) -> None:
        super().__init__(
            is_cancelled,
            BarColumn(),
            TextColumn("{task.description}", markup=False),
            description="Measuring the images",
        )

    def progress(self, fraction: float) -> None:
        """See ``Reporter.progress``."""
        self._bar.update(self._task, completed=fraction)

    def passes(self, done: int, total: int, seconds_left: float | None) -> None:
        """See ``ShiftReporter.passes``."""
        self._bar.update(self._task, description=passes_text(done, total, seconds_left))


def factor_lines(chosen: Sequence[ChosenFactor], toward_source: bool) -> list[str]:
    """One line a factor: name, strength and where it comes from."""
    from UMambaXAILogic.engine.shift.analysis import TITLES
    from UMambaXAILogic.engine.shift.strength import GIVEN, NO_STRENGTH, describe_strength

    lines = [f"Interventions toward the {'source (approximate)' if toward_source else 'target'}, in this order:"]
    for one in chosen:
        title = f"  {TITLES[one.factor.key]:<16}"
        if one.origin == NO_STRENGTH:
            lines.append(f"{title}no strength. {one.reason}")
        elif one.origin == GIVEN:
            lines.append(f"{title}{describe_strength(one.factor)} (given)")
        else:
            lines.append(f"{title}{describe_strength(one.factor)}. {one.reason}")
    return lines


def estimate_text(seconds_per_pass: float, passes_left: int) -> str:
    """``One pass of the model takes 5.2 s; 63 are left: about 5 min.``"""
    text = f"One pass of the model takes {seconds_per_pass:.1f} s"
    if not passes_left:
        return f"{text}."
    left = time_left_text(seconds_per_pass * passes_left).removesuffix(" left")
    return f"{text}; {passes_left} are left at most: {left}."


def passes_text(done: int, total: int, seconds_left: float | None) -> str:
    """``12 of 64 passes done, about 4 min left``."""
    text = f"{done} of {total} passes done"
    left = time_left_text(seconds_left) if done < total else ""
    return f"{text}, {left}" if left else text
