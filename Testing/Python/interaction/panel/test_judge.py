"""The button that judges the map on show, and the progress beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from UMambaXAILogic.interaction.panel.activities import BENCHMARK, DELETION, JUDGE
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.judge import JudgedFacts, judge_ui, progress_ui
from UMambaXAILogic.interaction.panel.model_look import ModelLook
from UMambaXAILogic.interaction.panel.packages import PackagesFacts
from UMambaXAILogic.interaction.panel.state import RUNTIME_BROKEN, RUNTIME_MISSING, PanelState

FACTS = JudgedFacts(
    "vtk1", "CTA", "demo, seg-xres-cam", has_map=True, says_origin=True, badges=("It is judged elsewhere.",)
)
STATE = PanelState(PanelInputs(volume_id="vtk1", volume_name="CTA", model="demo"))


def test_a_map_whose_inputs_are_there_can_be_judged():
    shown = judge_ui(STATE, FACTS)
    assert shown.enabled and shown.hint == "" and shown.subject == "CTA: demo, seg-xres-cam"
    assert "parameters are shuffled" in shown.tooltip and shown.badges == "Not judged yet."
    judged = judge_ui(STATE, replace(FACTS, is_judged=True, badges=("Passed.", "Failed.")))
    assert "judged before" in judged.tooltip and judged.badges == "Passed.\nFailed."
    assert judge_ui(STATE, replace(FACTS, badges=())).badges == ""


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (JudgedFacts(), "no result"),
        (replace(FACTS, has_map=False), "no attention map"),
        (replace(FACTS, is_of_sam=True, says_origin=False), "A SAM made this map"),
        (replace(FACTS, says_origin=False), "earlier version"),
        (replace(FACTS, run_name="other, seg-xres-cam"), "another model"),
        (replace(FACTS, run_name="demo2, seg-xres-cam"), "another model"),
        (replace(FACTS, kind="fp"), "ground truth"),
        (replace(FACTS, has_mask_region=True), "region"),
    ],
)
def test_what_is_missing_is_said_with_what_to_do(facts, words):
    shown = judge_ui(STATE, facts)
    assert not shown.enabled and words in shown.hint and shown.tooltip == shown.hint


def test_what_a_result_needs_can_be_chosen():
    inputs = replace(STATE.inputs, ground_truth_id="vtk2", region_id="vtk3", model="/models/Dataset9.zip")
    facts = replace(FACTS, kind="fn", has_mask_region=True, run_name="Dataset9, dea, FN component at R1.0 A2.0 S3.0")
    assert judge_ui(replace(STATE, inputs=inputs), facts).enabled


def test_a_model_that_cannot_be_used_is_said():
    shown = judge_ui(replace(STATE, model=ModelLook(problem="It is gone.")), FACTS)
    assert not shown.enabled and shown.hint == "It is gone."


def test_while_another_part_is_at_work_it_says_which():
    shown = judge_ui(replace(STATE, job_state="running", activity=DELETION), FACTS)
    assert not shown.enabled and "deletion curve" in shown.hint and shown.tooltip == shown.hint


@pytest.mark.parametrize("own", [JUDGE, BENCHMARK])
def test_while_it_is_at_work_itself_its_progress_says_so(own):
    shown = judge_ui(replace(STATE, job_state="running", activity=own), FACTS)
    assert not shown.enabled and shown.hint == "" and shown.tooltip.startswith("Wait until")


def test_packages_are_installed_or_repaired_first():
    assert judge_ui(replace(STATE, runtime=RUNTIME_MISSING), FACTS).text == "Install and judge..."
    assert judge_ui(replace(STATE, runtime=RUNTIME_BROKEN), FACTS).text == "Repair and judge..."


def test_progress_is_shown_of_its_own_activities_alone():
    running = replace(STATE, job_state="running", stage="judge", progress=0.4, activity=JUDGE)
    shown = progress_ui(running, (JUDGE,))
    assert shown.visible and shown.percent == 40 and shown.cancel_enabled and "Judging the map" in shown.text
    assert shown.message == ""
    other = progress_ui(replace(running, activity="run"), (JUDGE,))
    assert not other.visible and not other.cancel_enabled and other.text == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"job_state": "finished", "summary": "It was judged."}, "It was judged."),
        ({"job_state": "failed", "error": "It failed."}, "It failed."),
        ({"job_state": "cancelled"}, "The scene is as it was"),
        ({"error": "It was refused."}, "It was refused."),
    ],
)
def test_how_it_ended_is_said(changes, words):
    ended = replace(STATE, activity=JUDGE, **changes)
    assert words in progress_ui(ended, (JUDGE,)).message
    assert progress_ui(replace(ended, activity="run"), (JUDGE,)).message == ""
    packages = replace(ended, is_about_packages=True, packages=PackagesFacts(state="ready"))
    assert progress_ui(packages, (JUDGE,)).message == ""


def test_before_anything_began_nothing_is_said():
    assert progress_ui(replace(STATE, activity=JUDGE), (JUDGE,)).message == ""
