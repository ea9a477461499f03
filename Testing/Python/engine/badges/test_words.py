"""Badges in words."""

from __future__ import annotations

import pytest

from UMambaXAILogic.engine.badges.words import BadgeText, badge_texts, sanity_word


def badge(name="parameter_randomisation", passed=True, value=0.1234, limit=0.5):
    return {"name": name, "passed": passed, "value": value, "limit": limit, "text": "So it is."}


def test_a_badge_says_its_numbers():
    assert badge_texts([badge()]) == [
        BadgeText("Depends on what the network learned", True, "earned", "r = 0.12, to be below 0.5", "So it is.")
    ]
    (better,) = badge_texts([badge("better_than_vesselness", False, 0.2, 0.3)])
    assert (better.state, better.numbers) == ("not earned", "score 0.20 against 0.30")
    (vanished,) = badge_texts([badge(value=None)])
    assert vanished.numbers == ""
    (unknown,) = badge_texts([badge(passed=None)])
    assert unknown.state == "not applicable"


@pytest.mark.parametrize(
    ("badges", "word"),
    [
        (None, "not judged"),
        ([badge()], "passed"),
        ([badge("better_than_vesselness", False), badge(passed=False)], "failed"),
        ([badge(passed=None)], "not known"),
        ([], "not known"),
    ],
)
def test_the_gate_in_a_word(badges, word):
    assert sanity_word({"attribution": {}, "badges": badges}) == word


def test_no_word_of_what_is_no_map_or_is_never_judged():
    assert sanity_word({"attribution": None, "badges": None}) == ""
    assert sanity_word({"attribution": {}}) == ""
