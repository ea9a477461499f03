"""The panel's part that prompts a SAM: what is prompted, what is lacking, what is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.interaction.panel.activities import RUN, SAM
from UMambaXAILogic.interaction.panel.checked import NOTHING
from UMambaXAILogic.interaction.panel.choices import RunChoices
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.node_parts import NodeParts, Part
from UMambaXAILogic.interaction.panel.sam import prompt_id, sam_options, sam_ui
from UMambaXAILogic.interaction.panel.state import PanelState

SEGMENTS = NodeParts("segments", (Part("s1", "BA"), Part("s2", "ICA")), ("s2",))
READY = PanelInputs(
    volume_id="v",
    volume_name="CTA",
    ground_truth_id="t",
    ground_truth_name="Truth",
    ground_truth_parts=SEGMENTS,
    sam_checkpoint="/data/medsam.pth",
)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"volume_name": ""}, "Choose a volume"),
        ({"ground_truth_id": "", "ground_truth_name": ""}, "Choose what is prompted"),
        ({"sam_checkpoint": ""}, "Choose a checkpoint"),
        ({"ground_truth_parts": replace(SEGMENTS, kept=NOTHING)}, "Nothing of Truth is chosen"),
    ],
)
def test_what_is_lacking_is_said_and_nothing_can_be_started(changes, said):
    ui = sam_ui(PanelState(replace(READY, **changes)))
    assert not ui.enabled and ui.inputs_enabled and said in ui.hint


def test_with_everything_it_says_what_is_prompted():
    ui = sam_ui(PanelState(READY))
    assert ui.enabled and "the box around Truth" in ui.hint and "control" in ui.hint
    waiting = sam_ui(PanelState(READY, job_state="running", activity=RUN))
    assert not waiting.enabled and "Wait until Segment & Explain" in waiting.hint == waiting.tooltip
    own = sam_ui(PanelState(READY, job_state="running", activity=SAM))
    assert not own.enabled and own.hint == "" and "Wait until the SAM" in own.tooltip
    assert "no Python" in sam_ui(PanelState(READY, runtime_problem="There is no Python at /x.")).hint


def test_a_region_is_prompted_rather_than_the_ground_truth():
    inputs = replace(READY, region_id="r", region_name="Box")
    assert (prompt_id(inputs), prompt_id(READY)) == ("r", "t")
    assert "the box around Box" in sam_ui(PanelState(inputs)).hint
    assert "regionSegments" not in sam_options(inputs)


def test_what_is_chosen_is_asked_for():
    options = sam_options(replace(READY, choices=RunChoices(device="cpu", save_layer_maps=True, thresholds="0.1; 0.5")))
    assert options == {
        "regionSegments": ("s2",),
        "groundTruthSegments": ("s2",),
        "resampleGroundTruth": False,
        "thresholds": (0.1, 0.5),
        "saveLayerMaps": True,
        "device": "cpu",
        "replace": True,
    }
    labels = NodeParts("labels", (Part("1", "Label 1"), Part("4", "Label 4")), ("4",))
    assert sam_options(replace(READY, ground_truth_parts=labels))["groundTruthLabels"] == (4,)
    assert "groundTruthLabels" not in sam_options(replace(READY, ground_truth_parts=replace(labels, kept=())))
    with pytest.raises(UsageError, match="threshold"):
        sam_options(replace(READY, choices=RunChoices(thresholds="2")))
