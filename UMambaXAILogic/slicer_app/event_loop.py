"""Calling something from a later turn of the application's event loop."""

from __future__ import annotations

from collections.abc import Callable

import qt


def call_later(seconds: float, callback: Callable[[], None]) -> None:
    """Call ``callback`` once after ``seconds``."""
    qt.QTimer.singleShot(int(1000 * seconds), callback)
