"""Words that several parts of the panel share."""

from __future__ import annotations

import pytest

from UMambaXAILogic.interaction.panel.words import in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (8.4, "8 s"), (58, "1 min"), (130, "2 min"), (3600, "1 h 0 min"), (4900, "1 h 22 min")],
)
def test_times_left_in_words(seconds, words):
    assert in_words(seconds) == words
