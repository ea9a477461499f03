"""What the panel's part for domain statistics shows in every situation."""

from __future__ import annotations

import dataclasses

from UMambaXAILogic.interaction.panel.activities import MEASURE, RUN
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.model_look import ModelLook
from UMambaXAILogic.interaction.panel.run import run_ui
from UMambaXAILogic.interaction.panel.state import PanelState
from UMambaXAILogic.interaction.panel.statistics import statistics_ui

READY = PanelState(PanelInputs(volume_name="CTA", model="demo"))


def test_measuring_needs_a_volume_and_no_model():
    ui = statistics_ui(PanelState())
    assert not ui.measure_enabled
    assert "volume" in ui.measure_tooltip == ui.hint
    assert statistics_ui(READY).hint == ""
    nowhere = ModelLook(problem="There is no model at /x.")
    ui = statistics_ui(PanelState(PanelInputs(volume_name="CTA", model="/x"), model=nowhere))
    assert ui.measure_enabled
    assert "CTA" in ui.measure_tooltip
    assert "profile that the model carries" in ui.measure_tooltip


def test_measuring_names_the_profile_and_the_vessels():
    ui = statistics_ui(
        PanelState(dataclasses.replace(READY.inputs, profile="/p/source.json", ground_truth_name="Truth"))
    )
    assert "/p/source.json" in ui.measure_tooltip
    assert "Truth" in ui.measure_tooltip


def test_a_profile_that_cannot_be_used_says_why_and_hinders_no_run():
    inputs = dataclasses.replace(READY.inputs, profile="/gone")
    state = PanelState(inputs, profile_problem="There is no profile at /gone.")
    assert not statistics_ui(state).measure_enabled
    run = run_ui(state)
    assert statistics_ui(state).measure_tooltip == run.message == "There is no profile at /gone."
    assert run.message_kind == "error"
    assert run.run_enabled


def test_running_locks_the_inputs():
    assert not statistics_ui(dataclasses.replace(READY, job_state="running")).inputs_enabled
    assert statistics_ui(READY).inputs_enabled


def test_nothing_is_measured_while_something_runs():
    waiting = statistics_ui(dataclasses.replace(READY, job_state="running", activity=RUN))
    assert not waiting.measure_enabled and "Wait until Segment & Explain" in waiting.hint == waiting.measure_tooltip
    own = statistics_ui(dataclasses.replace(READY, job_state="running", activity=MEASURE))
    assert own.hint == "" and "Wait until the volume is measured" in own.measure_tooltip
    assert not statistics_ui(dataclasses.replace(READY, runtime="installing")).measure_enabled


def test_without_packages_measuring_says_that_it_will_install():
    ui = statistics_ui(dataclasses.replace(READY, runtime="missing"))
    assert "Install" in ui.measure_text
    assert "Asks" in ui.measure_tooltip
