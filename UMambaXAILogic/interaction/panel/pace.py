"""Showing what changes many times a second no more often than somebody can see."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

#: Between two looks, in seconds.
PAUSE_S = 0.05


class Pace:
    """Calls a function at once where the last call is long enough ago; else once, when it is.

    Args:
        function: shows what is known when it is called.
        call_later: calls something once after so many seconds.
        clock: seconds on any monotonic scale.
        pause_s: between two calls.
    """

    def __init__(
        self,
        function: Callable[[], None],
        call_later: Callable[[float, Callable[[], None]], Any],
        clock: Callable[[], float] = time.monotonic,
        pause_s: float = PAUSE_S,
    ) -> None:
        self._pause_s = pause_s
        self._function = function
        self._call_later = call_later
        self._clock = clock
        self._next = float("-inf")
        self._is_due = False

    def ask(self) -> None:
        """There is something new to show."""
        if self._is_due:
            return
        wait = self._next - self._clock()
        self._is_due = True
        if wait > 0:
            self._call_later(wait, self._call)
        else:
            self._call()

    def drop(self) -> None:
        """Show nothing more of what was asked for."""
        self._is_due = False

    def _call(self) -> None:
        if self._is_due:
            self._is_due = False
            self._function()
            self._next = self._clock() + self._pause_s
