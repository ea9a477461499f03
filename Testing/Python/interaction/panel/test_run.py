"""What the run's part of the panel shows in every situation."""

from __future__ import annotations

import dataclasses

import pytest

from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.model_look import ModelLook
from UMambaXAILogic.interaction.panel.run import run_ui
from UMambaXAILogic.interaction.panel.state import PanelState

READY = PanelState(PanelInputs(volume_name="CTA", model="demo"))


def test_nothing_chosen_says_what_to_choose():
    ui = run_ui(PanelState())
    assert not ui.run_enabled
    assert "volume" in ui.run_tooltip.lower()
    assert ui.message == ui.run_tooltip
    assert not ui.progress_visible


def test_a_volume_without_a_model_asks_for_the_model():
    ui = run_ui(PanelState(PanelInputs(volume_name="CTA")))
    assert not ui.run_enabled
    assert "model" in ui.run_tooltip.lower()


def test_a_model_that_cannot_be_used_says_why():
    nowhere = ModelLook(problem="There is no model in /nowhere.")
    ui = run_ui(PanelState(PanelInputs(volume_name="CTA", model="/nowhere"), model=nowhere))
    assert not ui.run_enabled
    assert ui.run_tooltip == "There is no model in /nowhere."
    assert ui.message_kind == "error"


def test_a_python_that_is_not_there_says_so():
    ui = run_ui(dataclasses.replace(READY, runtime="missing", runtime_problem="There is no Python at /x."))
    assert not ui.run_enabled
    assert ui.message == "There is no Python at /x."


def test_ready_says_what_will_happen():
    ui = run_ui(PanelState(dataclasses.replace(READY.inputs, ground_truth_name="Truth")))
    assert ui.run_enabled
    assert "CTA" in ui.run_tooltip
    assert "demo model" in ui.run_tooltip
    assert "Truth" in ui.run_tooltip
    assert not ui.cancel_enabled


def test_without_packages_the_button_says_that_it_will_install():
    ui = run_ui(dataclasses.replace(READY, runtime="missing"))
    assert ui.run_enabled
    assert "Install" in ui.run_text
    assert "Asks" in ui.run_tooltip


def test_running_shows_stage_percentage_and_time_left():
    ui = run_ui(dataclasses.replace(READY, job_state="running", stage="explain", progress=0.5, seconds_left=130))
    assert not ui.run_enabled
    assert ui.cancel_enabled
    assert ui.progress_visible
    assert ui.progress_percent == 50
    assert ui.progress_text == "Explaining - 50 % - 2 min left"


def test_the_device_is_said_while_it_runs():
    """Nobody should have to find out afterwards that the CPU was used."""
    ui = run_ui(dataclasses.replace(READY, job_state="running", device="Computes on cpu: no NVIDIA GPU was found"))
    assert ui.progress_text.endswith("\nComputes on cpu: no NVIDIA GPU was found")


def test_cancelling_cannot_be_cancelled_again():
    ui = run_ui(dataclasses.replace(READY, job_state="cancelling", stage="explain"))
    assert not ui.cancel_enabled
    assert ui.progress_visible
    assert "Cancelling" in ui.progress_text


def test_installing_counts_as_running():
    ui = run_ui(dataclasses.replace(READY, runtime="installing", stage="Collecting torch"))
    assert not ui.run_enabled
    assert ui.cancel_enabled
    assert ui.progress_text == "Collecting torch"
    assert ui.progress_percent is None  # nobody knows


@pytest.mark.parametrize("state", ["failed", "crashed"])
def test_an_error_is_shown_and_the_next_run_is_possible(state):
    ui = run_ui(dataclasses.replace(READY, job_state=state, error="Too large. Choose a smaller region."))
    assert ui.message == "Too large. Choose a smaller region."
    assert ui.message_kind == "error"
    assert ui.run_enabled


def test_a_result_shows_its_summary_and_warnings():
    done = dataclasses.replace(READY, job_state="finished", summary="Dice 0.81")
    ui = run_ui(done)
    assert (ui.message, ui.message_kind) == ("Dice 0.81", "success")
    warned = run_ui(dataclasses.replace(done, warnings=("Outside the training range.",)))
    assert warned.warning == "\u2022 Outside the training range."
    assert warned.message == "Dice 0.81"


def test_a_cancel_leaves_a_calm_message():
    ui = run_ui(dataclasses.replace(READY, job_state="cancelled"))
    assert ui.message_kind == "information"
    assert "Cancelled" in ui.message


def test_every_text_goes_through_the_translation():
    ui = run_ui(READY, _=lambda text: "<" + text + ">")
    assert ui.run_text.startswith("<")
    assert ui.cancel_text.startswith("<")
    assert ui.message.startswith("<")


def test_a_prediction_as_ground_truth_is_no_truth():
    inputs = dataclasses.replace(READY.inputs, ground_truth_name="CTA prediction", ground_truth_is_prediction=True)
    ui = run_ui(dataclasses.replace(READY, inputs=inputs, warnings=("Noisy.",)))
    assert ui.run_enabled
    own, other = ui.warning.splitlines()
    assert own.startswith("\u2022 CTA prediction is what an earlier run segmented.") and other == "\u2022 Noisy."
    done = dataclasses.replace(READY, inputs=inputs, warnings=("Noisy.",), job_state="finished", activity="run")
    assert run_ui(done).warning == "\u2022 Noisy."  # the result says it now
    assert len(run_ui(dataclasses.replace(done, activity="measure")).warning.splitlines()) == 2
