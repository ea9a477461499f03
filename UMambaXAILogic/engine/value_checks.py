"""Looking at values that come from JSON and from scripts, where nothing else does. Standard library only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .errors import UsageError


def as_tuple(name: str, value: Any) -> tuple[Any, ...]:
    """A sequence as a tuple; a text is refused, because its characters would be taken for members.

    Raises:
        UsageError: it is no sequence.
    """
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise UsageError(f"{name} is {value!r}, which is not a list.", f"Give a list, such as [{value!r}].")
    return tuple(value)


def is_number(value: Any) -> bool:
    """Whether it is a number; True and False are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def check_choice(what: str, value: Any, choices: tuple[str, ...]) -> None:
    """Refuse what is not among the choices.

    Raises:
        UsageError: it is not; the message lists those there are.
    """
    if value not in choices:
        raise UsageError(f"The {what} {value!r} is not known.", f"Choose one of: {', '.join(choices)}.")
