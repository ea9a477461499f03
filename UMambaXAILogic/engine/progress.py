"""How a computation speaks to whoever asked for it, and how it is told to stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .errors import CancelledError

#: Stages of one case, in order, with the share of the progress bar each usually takes.
STAGES: Mapping[str, float] = {
    "load_model": 0.03,
    "read": 0.02,
    "preprocess": 0.05,
    "segment": 0.40,
    "explain": 0.40,
    "metrics": 0.05,
    "write": 0.05,
}

#: The same where the map is judged too.
JUDGED_STAGES: Mapping[str, float] = {
    "load_model": 0.02,
    "read": 0.02,
    "preprocess": 0.03,
    "segment": 0.08,
    "explain": 0.10,
    "metrics": 0.02,
    "judge": 0.71,
    "write": 0.02,
}

#: Stages of a benchmark of one case, likewise.
BENCHMARK_STAGES: Mapping[str, float] = {
    "load_model": 0.02,
    "read": 0.01,
    "preprocess": 0.02,
    "segment": 0.05,
    "explain": 0.20,
    "faithfulness": 0.30,
    "robustness": 0.20,
    "sanity": 0.19,
    "write": 0.01,
}

#: Stages of a deletion curve, likewise.
DELETION_STAGES: Mapping[str, float] = {
    "load_model": 0.02,
    "read": 0.02,
    "preprocess": 0.03,
    "segment": 0.08,
    "remove": 0.84,
    "write": 0.01,
}

#: Stages of one volume's domain statistics, likewise.
DOMAIN_STAGES: Mapping[str, float] = {"read": 0.2, "metrics": 0.75, "write": 0.05}

#: Stages of writing a result as DICOM, likewise.
DICOM_STAGES: Mapping[str, float] = {"read": 0.1, "write": 0.9}

#: Stages of a cohort, likewise.
COHORT_STAGES: Mapping[str, float] = {"load_model": 0.01, "check": 0.01, "cases": 0.98}

#: Code of the warning that memory ran out and the computation went on with less.
MEMORY_RAN_OUT = "memory_ran_out"


class Reporter:
    """Silent by default; doors override what they show.

    Args:
        is_cancelled: asked between windows and stages; True ends the computation with ``CancelledError``.
    """

    def __init__(self, is_cancelled: Callable[[], bool] | None = None) -> None:
        self._is_cancelled = is_cancelled

    def stage(self, name: str) -> None:
        """A stage (a key of ``STAGES``, or of those of another kind of request) begins."""

    def progress(self, fraction: float) -> None:
        """The current stage is ``fraction`` (0-1) done."""

    def cases(self, done: int, failed: int, total: int, seconds_left: float | None) -> None:
        """Of a cohort's ``total`` cases so many are done and so many failed; None while nobody knows how long the
        others will take."""

    def point(self, curve: str, values: Mapping[str, float | None]) -> None:
        """A point of a curve is known, before all of them are; points come in any order.

        Args:
            values: by name of the quantity; None where it cannot be computed.
        """

    def announce(self, text: str) -> None:
        """What comes next and what it costs, where that is not obvious from the stage."""

    def warning(self, code: str, message: str) -> None:
        """Something the user should know; the computation goes on."""

    def device(self, facts: Mapping[str, Any]) -> None:
        """Which device and scan backend are used, and how much memory is free (MB)."""

    def check_cancelled(self) -> None:
        """Raise ``CancelledError`` if the user asked to stop."""
        if self._is_cancelled is not None and self._is_cancelled():
            raise CancelledError()


class PartOfStage(Reporter):
    """Passes everything on; progress as that of a part of the stage.

    Args:
        listener: is told.
        start, length: of the part, as fractions of the stage.
    """

    def __init__(self, listener: Reporter, start: float, length: float) -> None:
        super().__init__()
        self._listener, self._start, self._length = listener, start, length

    def progress(self, fraction: float) -> None:
        """See ``Reporter.progress``."""
        self._listener.progress(self._start + self._length * fraction)

    def announce(self, text: str) -> None:
        """See ``Reporter.announce``."""
        self._listener.announce(text)

    def warning(self, code: str, message: str) -> None:
        """See ``Reporter.warning``."""
        self._listener.warning(code, message)

    def check_cancelled(self) -> None:
        """See ``Reporter.check_cancelled``."""
        self._listener.check_cancelled()


class OnlyStopped(Reporter):
    """Lets a computation be stopped, and passes on nothing of what it says, which was said before: but for a lack of
    memory, which comes when it comes.

    Args:
        listener: is asked.
    """

    def __init__(self, listener: Reporter) -> None:
        super().__init__()
        self._listener = listener

    def warning(self, code: str, message: str) -> None:
        """See ``Reporter.warning``."""
        if code == MEMORY_RAN_OUT:
            self._listener.warning(code, message)

    def check_cancelled(self) -> None:
        """See ``Reporter.check_cancelled``."""
        self._listener.check_cancelled()
