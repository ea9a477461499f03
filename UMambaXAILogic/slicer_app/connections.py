"""Connecting to Qt signals so that a wrong signature is an error and not a line in the console."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt


def connect(sender: qt.QObject, signature: str, slot: Callable[..., Any]) -> None:
    """Call ``slot`` whenever ``sender`` emits ``signature``, written in full: ``"clicked(bool)"``.

    Raises:
        ValueError: the sender has no such signal. PythonQt itself only prints that.
    """
    if not sender.connect(signature, slot):
        raise ValueError(f"{sender.className()} {sender.objectName!r} has no signal {signature!r}")
