"""The panel's part for deletion curves: what can be drawn, what is said meanwhile and in the end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from UMambaXAILogic.interaction import job as jobs
from UMambaXAILogic.interaction.panel.activities import DELETION
from UMambaXAILogic.interaction.panel.deletion import (
    DeletionFacts,
    DeletionMap,
    DrawnCurve,
    baseline_maps,
    chosen_map,
    chosen_references,
    deletion_ui,
)
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.judge import JudgedFacts
from UMambaXAILogic.interaction.panel.model_look import ModelLook
from UMambaXAILogic.interaction.panel.state import RUNTIME_MISSING, PanelState

RESULT = JudgedFacts("volume", "CTA", "demo, seg-xres-cam", has_map=True, says_origin=True)
MAPS = (DeletionMap("r1 mean", "This map", "mean", "r1"), DeletionMap("r2 mean", "demo, dea", "mean", "r2"))
FACTS = DeletionFacts(RESULT, (*MAPS, *baseline_maps()))
STATE = PanelState(PanelInputs("volume", "CTA", "demo"), ModelLook())
DRAWING = replace(STATE, job_state=jobs.RUNNING, activity=DELETION, stage="remove", progress=0.5)


def test_the_result_on_show_can_be_drawn():
    ui = deletion_ui(STATE, FACTS)
    assert ui.start_enabled and ui.choices_enabled and not ui.cancel_enabled and not ui.progress_visible
    assert ui.map == "r1 mean" and [one.text for one in ui.maps][:3] == ["This map", "demo, dea", "Intensity"]
    assert "asks the network again" in ui.hint and not ui.verdict
    assert "31 predictions at most" in ui.start_tooltip
    assert "Random" not in [one.text for one in ui.maps]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (JudgedFacts(), "no result"),
        (replace(RESULT, has_map=False), "no attention map"),
        (replace(RESULT, says_origin=False), "what it was made from"),
        (replace(RESULT, run_name="other, dea"), "another model"),
        (replace(RESULT, kind="fp"), "ground truth"),
        (replace(RESULT, has_mask_region=True), "region"),
    ],
)
def test_what_is_in_the_way_is_said(result, words):
    ui = deletion_ui(STATE, replace(FACTS, result=result))
    assert not ui.start_enabled and words in ui.hint and ui.start_tooltip == ui.hint


def test_a_map_that_is_gone_leaves_the_first():
    assert chosen_map(replace(FACTS, chosen="r9 mean")) is MAPS[0]
    assert chosen_map(replace(FACTS, chosen="r2 mean")) is MAPS[1]
    assert chosen_map(DeletionFacts()) is None
    assert not deletion_ui(STATE, replace(FACTS, maps=())).start_enabled


def test_a_baseline_is_not_drawn_beside_itself():
    assert chosen_references(FACTS) == ("random", "frangi")
    assert chosen_references(replace(FACTS, with_vesselness=False)) == ("random",)
    vesselness = replace(FACTS, chosen="baseline frangi")
    assert chosen_references(vesselness) == ("random",)
    assert not deletion_ui(STATE, vesselness).vesselness_enabled


def test_while_it_is_drawn_the_points_are_counted():
    ui = deletion_ui(DRAWING, replace(FACTS, points_drawn=7, drawn=DrawnCurve("mean", "Old.")))
    assert ui.progress_visible and ui.cancel_enabled and ui.percent == 50
    assert not ui.start_enabled and not ui.choices_enabled
    assert "7 of 33 points" in ui.progress_text and "Removing voxels" in ui.progress_text
    assert not ui.verdict and not ui.hint


def test_another_activity_is_none_of_its_business():
    ui = deletion_ui(replace(DRAWING, activity="run"), FACTS)
    assert not ui.progress_visible and not ui.cancel_enabled and not ui.start_enabled
    assert "Wait until Segment & Explain" in ui.hint == ui.start_tooltip


def test_a_finished_curve_says_what_it_means_and_can_be_shown():
    facts = replace(FACTS, drawn=DrawnCurve("mean", "The map's voxels carry the score."), has_chart=True)
    ui = deletion_ui(replace(STATE, activity=DELETION, job_state=jobs.FINISHED), facts)
    assert ui.verdict == "mean: The map's voxels carry the score." and not ui.hint
    assert ui.show_enabled and ui.show_text == "Show the curve"
    assert deletion_ui(STATE, replace(facts, is_shown=True)).show_text == "Back to the chart before"


def test_what_went_wrong_is_said_here_too():
    state = replace(STATE, activity=DELETION, job_state=jobs.FAILED, error="Too large.\nCrop.")
    assert deletion_ui(state, FACTS).hint == "Too large.\nCrop."
    assert deletion_ui(replace(state, activity="run"), FACTS).hint != "Too large.\nCrop."


def test_packages_are_installed_first_where_they_are_missing():
    assert deletion_ui(replace(STATE, runtime=RUNTIME_MISSING), FACTS).start_text == "Install and draw..."
