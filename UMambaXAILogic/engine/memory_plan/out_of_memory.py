"""Trying what may run out of memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..failure import is_out_of_memory

Found = TypeVar("Found")


@dataclass(frozen=True)
class RanOut:
    """What an allocator said when it had no memory left."""

    text: str


@dataclass(frozen=True)
class Done(Generic[Found]):
    """What was found."""

    value: Found


def attempt(compute: Callable[[], Found]) -> Done[Found] | RanOut:
    """What ``compute`` gives, or that memory ran out; nothing of the failed attempt is held any more by then.

    Raises:
        Exception: what ``compute`` raises but for a lack of memory.
    """
    try:
        return Done(compute())
    except (MemoryError, RuntimeError, OSError) as error:
        if not is_out_of_memory(error):
            raise
        return RanOut((str(error).strip().splitlines() or ["no details"])[0])
