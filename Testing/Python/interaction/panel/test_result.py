"""What the panel's result part shows in every situation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from UMambaXAILogic.interaction.panel.numbers import result_numbers
from UMambaXAILogic.interaction.panel.result import ResultFacts, dicom_obstacle, result_ui


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


def test_the_list_holds_every_result_and_tells_those_of_one_name_apart():
    results = (("a", "CTA: demo, dea"), ("b", "MRA: demo, dea"), ("c", "CTA: demo, dea"))
    ui = result_ui(ResultFacts(True, results=results, chosen="c"))
    assert ui.result_names == ("CTA: demo, dea [1]", "MRA: demo, dea", "CTA: demo, dea [2]")
    assert (ui.result_ids, ui.result_index) == (("a", "b", "c"), 2)
    assert result_ui(ResultFacts(results=results, chosen="gone")).result_index == -1


def test_a_layer_that_is_gone_is_none_of_the_list():
    assert result_ui(ResultFacts(True, True, layers=("mean", "encoder.1"), layer="encoder.1")).layer_index == 1
    assert result_ui(ResultFacts(True, True, layer="encoder.1")).layer_index == -1


def test_the_hint_says_what_goes_on_before_what_was_done_before_what_is_off():
    facts = ResultFacts(True, False, note="Copied.", is_preparing=True)
    assert "Preparing" in result_ui(facts).hint
    assert result_ui(replace(facts, is_preparing=False)).hint == "Copied."
    assert "no attention map" in result_ui(replace(facts, is_preparing=False, note="")).hint


def test_numbers_and_warnings_are_those_of_the_result():
    assert result_ui(ResultFacts()).numbers == result_ui(ResultFacts()).warnings == ""
    metrics = {"segmentation": {"pm_voxels": 1, "dice": 0.5}, "warnings": [{"code": "a", "message": "Not HU."}]}
    ui = result_ui(ResultFacts(True, numbers=result_numbers(metrics)))
    assert "0.500" in ui.numbers and ui.warnings == "\u2022 Not HU."


def test_dicom_is_offered_where_nothing_is_against_it_and_else_says_what():
    obstacle = dicom_obstacle(False, "CTA")
    assert obstacle.startswith("CTA was not loaded from DICOM") and dicom_obstacle(True, "CTA") == ""
    assert not result_ui(ResultFacts()).dicom_enabled
    assert result_ui(ResultFacts(True)).dicom_enabled and "private" in result_ui(ResultFacts(True)).dicom_tooltip
    ui = result_ui(ResultFacts(True, dicom_obstacle=obstacle))
    assert not ui.dicom_enabled and ui.dicom_tooltip == obstacle
