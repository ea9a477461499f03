"""How far a run is and how long it will still take, from the stages and fractions it reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from UMambaXAILogic.engine.progress import STAGES

_MIN_FRACTION = 0.02
_MIN_SECONDS = 1.0


class ProgressEstimate:
    """Turns stages into one number between 0 and 1 and a time left.

    The current stage is extrapolated from its own pace; the stages after it from the pace of everything so far
    (seconds per share of ``stages``), which one slow stage corrects at once.

    Args:
        clock: seconds on any monotonic scale.
        stages: the stages there are, in order, with the share of the whole that each usually takes.
    """

    def __init__(self, clock: Callable[[], float], stages: Mapping[str, float] = STAGES) -> None:
        self._clock = clock
        self._stages = stages
        self._started: float | None = None
        self._entered = 0.0
        self._fraction = 0.0
        self.stage = ""
        self.overall = 0.0

    def enter(self, stage: str) -> None:
        """A stage begins; one that ``stages`` does not name is shown but counts nothing."""
        self.stage = stage
        self._fraction = 0.0
        self._entered = self._clock()
        if self._started is None:
            self._started = self._entered
        self._update()

    def advance(self, stage: str, fraction: float) -> None:
        """A stage is ``fraction`` (0-1) done."""
        if stage != self.stage:
            self.enter(stage)
        self._fraction = max(self._fraction, fraction)
        self._update()

    def complete(self) -> None:
        """Everything is done."""
        self.overall = 1.0
        self._fraction = 1.0

    @property
    def fraction(self) -> float:
        """How much of the current stage is done, 0-1."""
        return self._fraction

    @property
    def seconds_left(self) -> float | None:
        """Seconds to the end, or None while there is too little to go by."""
        if self._started is None:
            return None
        if self.overall >= 1.0:
            return 0.0
        now = self._clock()
        in_stage = now - self._entered
        if self._fraction < _MIN_FRACTION or in_stage < _MIN_SECONDS:
            return None
        stage_left = in_stage * (1.0 - self._fraction) / self._fraction
        share_done = self._share_before() + self._stages.get(self.stage, 0.0)
        if share_done == 0.0:
            return None
        seconds_per_share = (now - self._started + stage_left) / share_done
        return stage_left + seconds_per_share * (1.0 - share_done)

    def _share_before(self) -> float:
        share = 0.0
        for name, weight in self._stages.items():
            if name == self.stage:
                return share
            share += weight
        return 0.0

    def _update(self) -> None:
        here = self._share_before() + self._fraction * self._stages.get(self.stage, 0.0)
        self.overall = min(1.0, max(self.overall, here))
