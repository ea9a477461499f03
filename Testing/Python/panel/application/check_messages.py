"""What the panel says is about what is chosen now."""

from __future__ import annotations

import slicer


def test_an_old_refusal_gives_way_to_why_it_cannot_run_now(panel, add_volume):
    panel.ui.inputVolumeSelector.setCurrentNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Hollow"))
    panel.ui.runButton.click()
    assert "'Hollow' has no voxels" in panel.ui.messageLabel.text
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume("CTA"))
    assert panel.ui.messageLabel.text == "Ready."
    panel.ui.thresholdsEdit.setText("1.5")
    assert "'1.5' is not in (0, 1]" in panel.ui.messageLabel.text


def test_a_result_stays_announced_while_it_is_looked_at(panel, run, add_volume):
    run()
    done = panel.ui.messageLabel.text
    panel.ui.opacitySlider.value = 0.9
    panel.ui.thresholdSlider.value = 0.6
    panel.ui.inputVolumeSelector.currentNode().SetName("renamed")
    panel.ui.contoursButton.click()
    assert panel.ui.messageLabel.text == done
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume("another"))
    assert panel.ui.messageLabel.text == "Ready."
    assert not panel.ui.warningLabel.text


def test_a_prediction_as_ground_truth_is_named_as_such_and_never_removed(panel, run, spin):
    run()
    own = panel.results.nodes.get("segmentation")
    panel.ui.groundTruthSelector.setCurrentNode(own)
    assert "is what an earlier run segmented" in panel.ui.warningLabel.text
    panel.ui.runButton.click()
    spin(lambda: not panel.controller.is_busy)
    assert "belongs to the result" in panel.ui.messageLabel.text
    assert slicer.mrmlScene.IsNodePresent(own)
    panel.ui.groundTruthSelector.setCurrentNode(None)
    assert not panel.ui.warningLabel.text
