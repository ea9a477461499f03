"""What the part that chooses volume, model and ground truth shows and allows."""

from __future__ import annotations

import dataclasses

from UMambaXAILogic.engine.model.facts import model_facts
from UMambaXAILogic.engine.model.labels import Label
from UMambaXAILogic.interaction.panel.choices import RunChoices
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.inputs_ui import inputs_ui
from UMambaXAILogic.interaction.panel.model_look import ModelLook
from UMambaXAILogic.interaction.panel.node_parts import LABELS, SEGMENTS, NodeParts, Part
from UMambaXAILogic.interaction.panel.remembered_models import RememberedModel
from UMambaXAILogic.interaction.panel.state import PanelState

DEMO = ModelLook(model_facts("demo"))


def with_parts(kind: str, *keys: str, model: ModelLook = DEMO, **choices):
    parts = NodeParts(kind, tuple(Part(key, f"name of {key}" if kind == SEGMENTS else key) for key in keys))
    inputs = PanelInputs(model="demo", ground_truth_parts=parts, choices=RunChoices(**choices))
    return inputs_ui(PanelState(inputs=inputs, model=model))


def test_a_model_says_what_it_is():
    ui = inputs_ui(PanelState(inputs=PanelInputs(model="demo"), model=DEMO))
    assert ui.model_line.startswith("U-Mamba Enc, 3-D.")
    assert ui.model_is_usable
    assert "Trainer" in ui.model_tooltip
    assert ui.model == "demo"


def test_what_is_no_model_says_why_and_where():
    look = ModelLook(problem="The model '/x' does not exist.\nGive another.")
    ui = inputs_ui(PanelState(inputs=PanelInputs(model="/x"), model=look), (RememberedModel("/x", "X"),), {"/x"})
    assert ui.model_line.replace("\u200b", "") == look.problem
    assert not ui.model_is_usable
    assert ui.model_tooltip == "/x"
    assert ui.models[1].text == "X (missing)"


def test_no_model_is_asked_for_one():
    ui = inputs_ui(PanelState())
    assert "Choose a model" in ui.model_line
    assert ui.model_is_usable  # nothing is wrong yet


def test_while_something_runs_nothing_can_be_chosen():
    assert inputs_ui(PanelState()).enabled
    waiting = inputs_ui(PanelState(job_state="running"))
    assert not waiting.enabled and "Wait until" in waiting.reason and inputs_ui(PanelState()).reason == ""


def test_parts_of_the_ground_truth_are_in_sight_where_there_are_several():
    assert not with_parts("").truth_parts_visible
    assert not with_parts(SEGMENTS, "a").truth_parts_visible
    ui = with_parts(SEGMENTS, "a", "b")
    assert ui.truth_parts_visible
    assert ui.truth_parts_label == "Its segments:"
    assert [option.text for option in ui.truth_parts] == ["name of a", "name of b"]
    assert ui.truth_parts_checked == ("a", "b")


def test_labels_of_the_target_are_checked():
    facts = dataclasses.replace(DEMO.facts, labels=(Label("ICA", (1,)), Label("MCA", (2, 3))))
    ui = with_parts(LABELS, "1", "2", "3", model=ModelLook(facts), target="MCA")
    assert ui.truth_parts_label == "Its labels:"
    assert [option.text for option in ui.truth_parts] == ["Label 1", "Label 2", "Label 3"]
    assert ui.truth_parts_checked == ("2", "3")
    assert with_parts(LABELS, "1", "2", model=ModelLook()).truth_parts_checked == ("1", "2")
