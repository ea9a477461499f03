"""Ctrl-C: ask the computation to stop, and insist if it does not."""

from __future__ import annotations

import _thread
import signal
import threading
from types import FrameType
from typing import Any

#: How long a computation may take to reach its next window before it is interrupted where it stands.
GRACE_S = 2.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """While entered, the first Ctrl-C (or SIGTERM) sets ``requested``; a second one, or time, raises.

    Stopping between two windows lets everything be tidied up; ``KeyboardInterrupt`` also does, wherever it hits, but
    a traceback out of the middle of a library is best kept for those that do not listen.

    Args:
        grace_s: how long a computation may take to stop before it is interrupted where it stands.
    """

    def __init__(self, grace_s: float = GRACE_S) -> None:
        self._grace_s = grace_s
        self._requested = threading.Event()
        self._previous: dict[int, Any] = {}
        self._timer: threading.Timer | None = None

    def requested(self) -> bool:
        """Whether the user asked to stop."""
        return self._requested.is_set()

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():  # nobody else may receive signals
            for number in _SIGNALS:
                self._previous[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._requested.is_set():
            raise KeyboardInterrupt
        self._requested.set()
        self._timer = threading.Timer(self._grace_s, _thread.interrupt_main)
        self._timer.daemon = True
        self._timer.start()
