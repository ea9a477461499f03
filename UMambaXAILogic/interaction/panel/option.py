"""One of several things that can be chosen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Option:
    """A line of a list.

    Args:
        key: what it stands for.
        text: shown.
        tooltip: shown while the mouse rests on it.
    """

    key: str
    text: str
    tooltip: str = ""
