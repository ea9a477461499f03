"""Words that several parts of the panel share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

#: Translates a text into the user's language.
Translate = Callable[[str], str]


def untranslated(text: str) -> str:
    """The text itself, where nobody translates."""
    return text


def in_words(seconds: float) -> str:
    """A time left as people say it: "8 s", "3 min", "1 h 20 min"."""
    if seconds < 55:
        return f"{max(1, round(seconds))} s"
    minutes = max(1, round(seconds / 60))
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min"


def breakable(text: str) -> str:
    """The text with places to break lines at inside paths: a label that cannot break widens the whole panel."""
    for sign in "/\\_":
        text = text.replace(sign, f"{sign}\u200b")
    return text


def told_apart(names: Sequence[str]) -> tuple[str, ...]:
    """Names that occur twice with their number: volumes may have the same name."""
    counts: dict[str, int] = {}
    found = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        found.append(name if names.count(name) == 1 else f"{name} [{counts[name]}]")
    return tuple(found)
