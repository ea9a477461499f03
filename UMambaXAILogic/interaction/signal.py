"""Signals and slots without Qt: the same code runs in a terminal, in tests and in Slicer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

Slot = Callable[..., Any]


class Signal:
    """A list of callables that are called, in the order they were connected, whenever ``emit`` is."""

    def __init__(self) -> None:
        self._slots: list[Slot] = []

    def connect(self, slot: Slot) -> None:
        """Call ``slot`` on every later ``emit``. Connecting it again changes nothing."""
        if slot not in self._slots:
            self._slots.append(slot)

    def disconnect(self, slot: Slot) -> None:
        """Stop calling ``slot``. One that is not connected is ignored: it may have been disconnected meanwhile."""
        if slot in self._slots:
            self._slots.remove(slot)

    def emit(self, *arguments: Any) -> None:
        """Call the slots. One that fails is reported through ``sys.excepthook`` and does not stop the others."""
        for slot in tuple(self._slots):
            try:
                slot(*arguments)
            except Exception:
                sys.excepthook(*sys.exc_info())
