"""How a shift attribution speaks to whoever asked for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from ..progress import Reporter
from .strength import ChosenFactor


class ShiftReporter(Reporter):
    """Silent by default; doors override what they show."""

    def factors(self, chosen: Sequence[ChosenFactor], toward_source: bool) -> None:
        """The interventions with their strengths, before the first pass of the model."""

    def estimate(self, seconds_per_pass: float, passes_left: int) -> None:
        """Once, after the first pass: how long one takes and how many are left at most."""

    def passes(self, done: int, total: int, seconds_left: float | None) -> None:
        """Passes of the model, of all that are needed at most; each time one is done."""


class PassCounter:
    """Counts passes of the model over all cases and tells a reporter how long the rest will take.

    Args:
        reporter: is told.
        wanted: passes that each case still needs at most.
        clock: seconds on any monotonic scale.
    """

    def __init__(
        self, reporter: ShiftReporter, wanted: Mapping[str, int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._reporter, self._clock = reporter, clock
        self._left = dict(wanted)
        self._total = sum(wanted.values())
        self._computed = 0
        self._started = clock()

    @property
    def computed(self) -> int:
        """Passes so far."""
        return self._computed

    def tell(self, case: str, seconds: float | None) -> None:
        """A pass of a case is done.

        Args:
            case: its name.
            seconds: that it took, where it was computed in this process.
        """
        if self._computed == 0 and seconds is not None:
            self._started = self._clock() - seconds
        self._computed += 1
        self._left[case] = max(self._left[case] - 1, 0)
        left = sum(self._left.values())
        per_pass = (self._clock() - self._started) / self._computed
        if self._computed == 1:
            self._reporter.estimate(per_pass, left)
        self._show(left, per_pass * left)

    def finish(self, case: str) -> None:
        """A case has ended; passes that it did not need are not waited for."""
        if self._left.pop(case, 0):
            self._show(sum(self._left.values()), None)

    def _show(self, left: int, seconds_left: float | None) -> None:
        done = self._total - left
        self._reporter.passes(done, self._total, seconds_left)
        self._reporter.progress(done / self._total if self._total else 1.0)
