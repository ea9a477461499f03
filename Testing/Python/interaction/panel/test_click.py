"""When a click can be explained, why not, and what it asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from UMambaXAILogic.engine.model.facts import model_facts
from UMambaXAILogic.interaction import job as jobs
from UMambaXAILogic.interaction.panel.activities import RUN
from UMambaXAILogic.interaction.panel.choices import RunChoices
from UMambaXAILogic.interaction.panel.click import ClickFacts, click_ui, inputs_at
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.run_options import run_options
from UMambaXAILogic.interaction.panel.state import PanelState

STATE = PanelState(inputs=PanelInputs(volume_id="vtk1", volume_name="CTA", model="demo"))
SHOWN = ClickFacts(shown_volume_id="vtk1")
TRUTH = replace(STATE, inputs=replace(STATE.inputs, ground_truth_id="vtk2", ground_truth_name="Truth"))


def test_a_shown_result_can_be_clicked():
    shown = click_ui(STATE, SHOWN)
    assert shown.button_enabled and shown.meaning_enabled and not shown.button_checked
    assert "segmented anew" in shown.hint
    assert [one.key for one in shown.meanings] == ["component", "segment", "tp", "fp", "fn"]


@pytest.mark.parametrize(
    ("state", "facts", "reason"),
    [
        (STATE, ClickFacts(), "no result"),
        (STATE, ClickFacts(shown_volume_id="vtk9"), "another volume"),
        (STATE, replace(SHOWN, meaning="fp"), "ground truth"),
        (replace(STATE, inputs=replace(STATE.inputs, model="")), SHOWN, "Choose a model"),
        (replace(STATE, runtime_problem="This Python is too old."), SHOWN, "too old"),
    ],
)
def test_what_stands_in_the_way_is_said(state, facts, reason):
    shown = click_ui(state, facts)
    assert not shown.button_enabled and reason in shown.hint


def test_errors_can_be_clicked_with_a_ground_truth():
    assert all(click_ui(TRUTH, replace(SHOWN, meaning=kind)).button_enabled for kind in ("tp", "fp", "fn"))


def test_what_advanced_says_of_errors_does_not_stand_in_the_way():
    state = replace(STATE, inputs=replace(STATE.inputs, choices=RunChoices(target_kind="fn")))
    assert click_ui(state, SHOWN).button_enabled


def test_nothing_can_be_clicked_while_something_runs():
    shown = click_ui(replace(STATE, job_state=jobs.RUNNING, activity=RUN), SHOWN)
    assert (shown.button_enabled, shown.meaning_enabled) == (False, False)
    assert "Wait until Segment & Explain" in shown.hint


def test_while_a_click_is_awaited_the_button_says_so():
    shown = click_ui(STATE, replace(SHOWN, is_waiting=True))
    assert shown.button_checked and shown.button_enabled
    assert "now" in shown.button_text and "Right click" in shown.hint


def test_a_meaning_of_another_version_is_the_usual_one():
    assert click_ui(STATE, replace(SHOWN, meaning="tree")).meaning == "component"
    assert inputs_at(STATE.inputs, "tree", (1, 2, 3)).clicked.part == "component"


@pytest.mark.parametrize(
    ("meaning", "kind", "part"),
    [("component", "prediction", "component"), ("segment", "prediction", "segment"), ("fn", "fn", "component")],
)
def test_a_click_becomes_arguments_of_the_console(meaning, kind, part):
    options = run_options(inputs_at(TRUTH.inputs, meaning, (1.5, -2.0, 3.0)), model_facts("demo"))
    assert (options["at"], options["part"], options["targetKind"]) == ((1.5, -2.0, 3.0), part, kind)
    usual = run_options(TRUTH.inputs, model_facts("demo"))
    assert "at" not in usual and "part" not in usual
    assert {**options, "targetKind": "prediction"} == {**usual, "at": (1.5, -2.0, 3.0), "part": part}
