"""Letting the event loop run until something is true: a test has to, nothing else may."""

from __future__ import annotations

import time
from collections.abc import Callable

import qt

PATIENCE_S = 60.0
_TURN_MS = 20


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_S) -> bool:
    """Let the event loop run until ``condition``; returns whether it came true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        turn()
    return True


def turn() -> None:
    """Let the event loop run for a moment."""
    loop = qt.QEventLoop()
    qt.QTimer.singleShot(_TURN_MS, loop.quit)
    loop.exec_()
