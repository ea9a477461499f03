"""What the panel's result part shows in every situation."""

from __future__ import annotations

import pytest

from UMambaXAILogic.interaction.panel.result import ResultFacts, result_ui


def test_without_a_result_nothing_can_be_shown_and_it_says_why():
    ui = result_ui(ResultFacts())
    assert not (ui.result_enabled or ui.attention_enabled or ui.truth_enabled or ui.layers_enabled)
    assert "run Segment" in ui.hint


@pytest.mark.parametrize(
    ("result", "enabled", "hint"),
    [
        (ResultFacts(True, True, True, ("mean", "encoder.1")), (True, True, True, True), ""),
        (ResultFacts(True, True), (True, True, False, False), "ground truth"),
        (ResultFacts(True, False, True), (True, False, True, False), "no attention map"),
    ],
)
def test_what_a_result_has_not_got_cannot_be_shown_and_it_says_why(result, enabled, hint):
    ui = result_ui(result)
    assert (ui.result_enabled, ui.attention_enabled, ui.truth_enabled, ui.layers_enabled) == enabled
    assert hint in ui.hint if hint else not ui.hint


def test_the_layout_button_says_where_it_leads():
    ui = result_ui(ResultFacts(True, True, in_layout=True))
    assert ui.layout_checked and "Back" in ui.layout_text
    ui = result_ui(ResultFacts(True, True))
    assert not ui.layout_checked and ui.layout_text == "Result layout"
