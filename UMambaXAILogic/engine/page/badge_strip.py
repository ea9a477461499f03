"""Whether the map deserves belief, beside the map."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from ..badges.words import BadgeText, badge_texts, sanity_word

_TONES = {True: "good", False: "bad", None: "none"}
_MARKS = {True: "&#10003;", False: "&#10007;", None: "&ndash;"}


def badge_strip(metrics: Mapping[str, Any]) -> str:
    """The badges with what they rest on, or that nobody has judged the map; empty where there is no map to judge.

    Args:
        metrics: the content of metrics.json.
    """
    if not sanity_word(metrics):
        return ""
    if metrics["badges"] is None:
        return (
            '<ul class="judged"><li class="tone-none"><b>Not judged yet</b><small>whether the attention map depends on '
            "the network, and says more than where vessels are bright: <code>umamba-xai badges</code></small></li></ul>"
        )
    return f'<ul class="judged">{"".join(map(_entry, badge_texts(metrics["badges"])))}</ul>'


def _entry(badge: BadgeText) -> str:
    numbers = f"; {badge.numbers}" if badge.numbers else ""
    return (
        f'<li class="tone-{_TONES[badge.passed]}" title="{escape(badge.text)}">'
        f"<b>{_MARKS[badge.passed]} {escape(badge.title)}</b><small>{badge.state}{escape(numbers)}</small></li>"
    )
