"""What the panel shows in every situation."""

from __future__ import annotations

import dataclasses

import pytest

from UMambaXAILogic.interaction import PanelState, ui_state
from UMambaXAILogic.interaction.panel_state import ResultFacts, in_words

READY = PanelState(volume_name="CTA", model="demo")


def test_nothing_chosen_says_what_to_choose():
    ui = ui_state(PanelState())
    assert not ui.run_enabled
    assert "volume" in ui.run_tooltip.lower()
    assert ui.message == ui.run_tooltip
    assert not (ui.result_enabled or ui.attention_enabled or ui.truth_enabled or ui.layers_enabled)
    assert "run Segment" in ui.result_hint
    assert not ui.progress_visible


def test_a_volume_without_a_model_asks_for_the_model():
    ui = ui_state(PanelState(volume_name="CTA"))
    assert not ui.run_enabled
    assert "model" in ui.run_tooltip.lower()


def test_a_model_that_cannot_be_used_says_why():
    ui = ui_state(dataclasses.replace(READY, model="/nowhere", model_problem="There is no model in /nowhere."))
    assert not ui.run_enabled
    assert ui.run_tooltip == "There is no model in /nowhere."
    assert ui.message_kind == "error"


def test_a_python_that_is_not_there_says_so():
    ui = ui_state(dataclasses.replace(READY, runtime="missing", runtime_problem="There is no Python at /x."))
    assert not ui.run_enabled
    assert ui.message == "There is no Python at /x."


def test_ready_says_what_will_happen():
    ui = ui_state(dataclasses.replace(READY, ground_truth_name="Truth"))
    assert ui.run_enabled
    assert "CTA" in ui.run_tooltip
    assert "demo model" in ui.run_tooltip
    assert "Truth" in ui.run_tooltip
    assert not ui.cancel_enabled


def test_without_packages_the_button_says_that_it_will_install():
    ui = ui_state(dataclasses.replace(READY, runtime="missing"))
    assert ui.run_enabled
    assert "Install" in ui.run_text
    assert "Asks" in ui.run_tooltip


def test_running_locks_the_inputs_and_shows_stage_percentage_and_time_left():
    ui = ui_state(dataclasses.replace(READY, job_state="running", stage="explain", progress=0.5, seconds_left=130))
    assert not ui.inputs_enabled
    assert not ui.run_enabled
    assert ui.cancel_enabled
    assert ui.progress_visible
    assert ui.progress_percent == 50
    assert ui.progress_text == "Explaining - 50 % - 2 min left"


def test_the_device_is_said_while_it_runs():
    """Nobody should have to find out afterwards that the CPU was used."""
    ui = ui_state(dataclasses.replace(READY, job_state="running", device="Computes on cpu: no NVIDIA GPU was found"))
    assert ui.progress_text.endswith("\nComputes on cpu: no NVIDIA GPU was found")


def test_cancelling_cannot_be_cancelled_again():
    ui = ui_state(dataclasses.replace(READY, job_state="cancelling", stage="explain"))
    assert not ui.cancel_enabled
    assert ui.progress_visible
    assert "Cancelling" in ui.progress_text


def test_installing_counts_as_running():
    ui = ui_state(dataclasses.replace(READY, runtime="installing", stage="Collecting torch"))
    assert not ui.run_enabled
    assert ui.cancel_enabled
    assert ui.progress_text == "Collecting torch"
    assert ui.progress_percent is None  # nobody knows


@pytest.mark.parametrize("state", ["failed", "crashed"])
def test_an_error_is_shown_and_the_next_run_is_possible(state):
    ui = ui_state(dataclasses.replace(READY, job_state=state, error="Too large. Choose a smaller region."))
    assert ui.message == "Too large. Choose a smaller region."
    assert ui.message_kind == "error"
    assert ui.run_enabled


def test_a_result_shows_its_summary_and_warnings_and_opens_the_overlay():
    done = dataclasses.replace(READY, job_state="finished", summary="Dice 0.81", result=ResultFacts(True, True))
    ui = ui_state(done)
    assert (ui.message, ui.message_kind, ui.attention_enabled) == ("Dice 0.81", "success", True)
    warned = ui_state(dataclasses.replace(done, warnings=("Outside the training range.",)))
    assert warned.warning == "\u2022 Outside the training range."
    assert warned.message == "Dice 0.81"


def test_a_cancel_leaves_a_calm_message():
    ui = ui_state(dataclasses.replace(READY, job_state="cancelled"))
    assert ui.message_kind == "information"
    assert "Cancelled" in ui.message


def test_measuring_needs_a_volume_and_no_model():
    ui = ui_state(PanelState())
    assert not ui.measure_enabled
    assert "volume" in ui.measure_tooltip
    ui = ui_state(PanelState(volume_name="CTA", model="/x", model_problem="There is no model at /x."))
    assert ui.measure_enabled
    assert not ui.run_enabled
    assert "CTA" in ui.measure_tooltip
    assert "profile that the model carries" in ui.measure_tooltip


def test_measuring_names_the_profile_and_the_vessels():
    ui = ui_state(dataclasses.replace(READY, profile="/p/source.json", ground_truth_name="Truth"))
    assert "/p/source.json" in ui.measure_tooltip
    assert "Truth" in ui.measure_tooltip


def test_a_profile_that_cannot_be_used_says_why_and_hinders_no_run():
    ui = ui_state(dataclasses.replace(READY, profile="/gone", profile_problem="There is no profile at /gone."))
    assert not ui.measure_enabled
    assert ui.measure_tooltip == ui.message == "There is no profile at /gone."
    assert ui.message_kind == "error"
    assert ui.run_enabled


def test_nothing_is_measured_while_something_runs():
    assert not ui_state(dataclasses.replace(READY, job_state="running")).measure_enabled
    assert not ui_state(dataclasses.replace(READY, runtime="installing")).measure_enabled


def test_without_packages_measuring_says_that_it_will_install():
    ui = ui_state(dataclasses.replace(READY, runtime="missing"))
    assert "Install" in ui.measure_text
    assert "Asks" in ui.measure_tooltip


def test_statistics_are_shown_once_there_are_some():
    assert not ui_state(READY).statistics_visible
    assert ui_state(dataclasses.replace(READY, has_statistics=True)).statistics_visible


def test_every_text_goes_through_the_translation():
    ui = ui_state(READY, _=lambda text: "<" + text + ">")
    assert ui.run_text.startswith("<")
    assert ui.cancel_text.startswith("<")
    assert ui.message.startswith("<")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (8.4, "8 s"), (58, "1 min"), (130, "2 min"), (3600, "1 h 0 min"), (4900, "1 h 22 min")],
)
def test_times_left_in_words(seconds, words):
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    ("result", "enabled", "hint"),
    [
        (ResultFacts(True, True, True, ("mean", "encoder.1")), (True, True, True, True), ""),
        (ResultFacts(True, True), (True, True, False, False), "ground truth"),
        (ResultFacts(True, False, True), (True, False, True, False), "no attention map"),
    ],
)
def test_what_a_result_has_not_got_cannot_be_shown_and_it_says_why(result, enabled, hint):
    ui = ui_state(dataclasses.replace(READY, result=result))
    assert (ui.result_enabled, ui.attention_enabled, ui.truth_enabled, ui.layers_enabled) == enabled
    assert hint in ui.result_hint if hint else not ui.result_hint


def test_the_layout_button_says_where_it_leads():
    ui = ui_state(dataclasses.replace(READY, result=ResultFacts(True, True, in_layout=True)))
    assert ui.layout_checked and "Back" in ui.layout_text
    ui = ui_state(dataclasses.replace(READY, result=ResultFacts(True, True)))
    assert not ui.layout_checked and ui.layout_text == "Result layout"
