"""Badges of a map in words, alike on the terminal, on the page, in the panel and in the scene.

Only the standard library is used here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NOT_JUDGED = "not judged"
_STATES = {True: "earned", False: "not earned", None: "not applicable"}
#: Of the sanity gate, which is the first of the badges.
_GATE = {True: "passed", False: "failed", None: "not known"}
_GATE_NAME = "parameter_randomisation"
_TITLES = {
    _GATE_NAME: "Depends on what the network learned",
    "better_than_vesselness": "More faithful than vesselness",
    "not_dominated_by_last_layer": "More than the last decoder layer",
    "constant": "Not constant",
}


@dataclass(frozen=True)
class BadgeText:
    """One badge as it is read.

    Args:
        title: what the map would have earned.
        passed: None: not applicable.
        state: ``earned``, ``not earned`` or ``not applicable``.
        numbers: it rests on; empty where there are none.
        text: what that says, a sentence.
    """

    title: str
    passed: bool | None
    state: str
    numbers: str
    text: str


def badge_texts(badges: Sequence[Mapping[str, Any]]) -> list[BadgeText]:
    """Badges as ``verdicts.badges`` gives them, in words."""
    return [
        BadgeText(
            _TITLES.get(badge["name"], badge["name"].replace("_", " ")),
            badge["passed"],
            _STATES[badge["passed"]],
            _numbers(badge),
            badge["text"],
        )
        for badge in badges
    ]


def sanity_word(metrics: Mapping[str, Any]) -> str:
    """``passed``, ``failed``, ``not known`` or ``not judged``; empty where there is no map, or none that is judged.

    Args:
        metrics: the content of metrics.json.
    """
    if metrics.get("attribution") is None or "badges" not in metrics:
        return ""
    if metrics["badges"] is None:
        return NOT_JUDGED
    return next((_GATE[badge["passed"]] for badge in metrics["badges"] if badge["name"] == _GATE_NAME), _GATE[None])


def _numbers(badge: Mapping[str, Any]) -> str:
    value, limit = badge["value"], badge["limit"]
    if value is None or limit is None:
        return ""
    if badge["name"].startswith("better_than_"):
        return f"score {value:.2f} against {limit:.2f}"
    return f"r = {value:.2f}, to be below {limit:g}"
