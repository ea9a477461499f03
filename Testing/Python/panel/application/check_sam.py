"""A SAM is prompted from the panel, and its result shown as any other."""

from __future__ import annotations

import json

import numpy as np
import pytest
import slicer


@pytest.fixture
def region(add_volume):
    """A volume and a label volume as prompt."""
    volume = add_volume()
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Prompt")
    slicer.util.updateVolumeFromArray(node, (slicer.util.arrayFromVolume(volume) > 100).astype(np.uint8))
    return volume, node


def test_it_says_what_is_lacking_until_nothing_is(panel, region, dialogs):
    volume, prompt = region
    hint = panel.ui.samHintLabel
    assert not panel.ui.samButton.enabled and "volume" in hint.text
    panel.ui.inputVolumeSelector.setCurrentNode(volume)
    assert "what is prompted" in hint.text
    panel.ui.regionSelector.setCurrentNode(prompt)
    assert "checkpoint" in hint.text
    panel.ui.browseSamFileButton.click()
    panel.ui.browseSamFolderButton.click()
    assert (
        dialogs.asked == ["SAM file", "SAM folder"] and panel.parameters.samCheckpoint == ""
    )  # they changed their mind
    dialogs.path = "/data/medsam_vit_b.pth"
    panel.ui.browseSamFileButton.click()
    assert panel.ui.samCheckpointEdit.text == "/data/medsam_vit_b.pth"
    dialogs.path = "/data/sam-vit-base"
    panel.ui.browseSamFolderButton.click()
    assert panel.inputs().sam_checkpoint == panel.ui.samCheckpointEdit.text == "/data/sam-vit-base"
    assert panel.ui.samButton.enabled and "the box around Prompt" in hint.text


def test_masks_and_map_are_shown_as_of_any_run(panel, region, worker, spin, settle, picture):
    volume, prompt = region
    panel.ui.inputVolumeSelector.setCurrentNode(volume)
    panel.ui.regionSelector.setCurrentNode(prompt)
    panel.parameters.samCheckpoint = "/data/medsam_vit_b.pth"
    panel.ui.samCollapsibleButton.collapsed = False
    worker.go()
    panel.ui.samButton.click()
    assert panel.controller.is_busy and not panel.ui.samButton.enabled and not panel.ui.samCheckpointEdit.enabled
    spin(lambda: not panel.controller.is_busy)
    settle()
    request = json.loads((worker.folder / "request.json").read_text())
    assert request["kind"] == "sam" and request["checkpoint"] == "/data/medsam_vit_b.pth"
    assert request["region"]["mask"].endswith("region.nrrd")
    assert "medsam_vit_b, embedding-similarity" in panel.ui.resultSelector.currentText
    assert panel.results.view.state.attention == ("overlay", "surface")
    for button, hint in (("judgeButton", "judgeHintLabel"), ("deletionButton", "deletionHintLabel")):
        assert not getattr(panel.ui, button).enabled and "A SAM made this map" in getattr(panel.ui, hint).text
    picture("32-sam", height=1300, width=400)


def test_it_shows_how_it_goes_on_where_it_was_started_and_can_be_cancelled_there(panel, region, spin, picture):
    volume, prompt = region
    ui = panel.ui
    ui.inputVolumeSelector.setCurrentNode(volume)
    ui.regionSelector.setCurrentNode(prompt)
    panel.parameters.samCheckpoint = "/data/medsam_vit_b.pth"
    ui.samCollapsibleButton.collapsed = False
    assert ui.samProgressBar.isHidden() and ui.samCancelButton.isHidden()
    ui.samButton.click()
    spin(lambda: "Segmenting" in ui.samProgressLabel.text)
    assert not ui.samProgressBar.isHidden() and ui.judgeProgressBar.isHidden()
    picture("32-sam-running", height=1300, width=400)
    ui.samCancelButton.click()
    spin(lambda: not panel.controller.is_busy)
    assert "Cancelled" in ui.samMessageLabel.text and ui.samProgressBar.isHidden()


def test_the_checkpoint_stays_with_the_scene(opened, panel):
    panel.ui.samCheckpointEdit.text = "/data/sam"
    opened.exit()
    opened.enter()
    assert panel.ui.samCheckpointEdit.text == "/data/sam" and panel.inputs().sam_checkpoint == "/data/sam"
