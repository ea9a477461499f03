"""Two maps side by side in the panel: which can be chosen, what is said of them, and the way back."""

from __future__ import annotations

import slicer

from UMambaXAILogic.scene.comparison.comparison import find_comparisons
from UMambaXAILogic.scene.comparison.layout_description import COMPARISON_LAYOUT, COMPARISON_VIEWS
from UMambaXAILogic.scene.comparison.views import composite_of
from UMambaXAILogic.scene.result_layout_description import layout_node


def items(selector) -> list[str]:
    return [selector.itemText(row) for row in range(selector.count)]


def compare(panel, spin) -> None:
    panel.ui.compareButton.click()
    spin(lambda: not panel.comparison_section._showing.is_running)


def test_without_two_maps_the_way_to_them_is_said(panel):
    ui = panel.ui
    assert not ui.compareButton.enabled and not ui.compareBackButton.enabled
    assert "another method" in ui.compareHintLabel.text
    assert ui.compareNumbersLabel.isHidden()


def test_two_layers_are_compared_shown_and_left_again(panel, shown, spin, picture):
    ui, layout = panel.ui, layout_node(slicer.mrmlScene)
    before = layout.GetViewArrangement()
    assert items(ui.firstMapSelector)[0].endswith("(CTA)") and len(items(ui.firstMapSelector)) == 3
    ui.firstMapSelector.setCurrentIndex(0)
    assert len(items(ui.secondMapSelector)) == 2
    ui.secondMapSelector.setCurrentIndex(0)
    assert "encoder.1" in ui.secondMapSelector.currentText
    ui.comparisonCollapsibleButton.collapsed = False
    compare(panel, spin)
    (found,) = find_comparisons(slicer.mrmlScene)
    assert [choice.layer for choice in found.choices] == ["mean", "encoder.1"]
    assert layout.GetViewArrangement() == COMPARISON_LAYOUT
    assert composite_of(slicer.mrmlScene, COMPARISON_VIEWS[1]).GetForegroundVolumeID() == found.choices[1].map.GetID()
    assert f"Pearson r, all voxels: {found.agreement.pearson:.3f}" in ui.compareNumbersLabel.text
    assert found.agreement.threshold == panel.parameters.threshold
    panel.ui.inputsCollapsibleButton.collapsed = True
    picture("comparison", 1100)
    ui.secondMapSelector.setCurrentIndex(1)  # another pair: these are no numbers of it
    assert ui.compareNumbersLabel.isHidden()
    assert ui.compareBackButton.enabled
    ui.compareBackButton.click()
    assert layout.GetViewArrangement() == before and not ui.compareBackButton.enabled


def test_a_result_that_is_replaced_takes_the_comparison_with_it(panel, run, shown, spin):
    compare(panel, spin)
    assert find_comparisons(slicer.mrmlScene)
    run.again()
    assert not find_comparisons(slicer.mrmlScene)
    assert panel.ui.compareButton.enabled and panel.ui.compareNumbersLabel.isHidden()


def test_what_is_gone_meanwhile_is_said(panel, shown, spin):
    panel.ui.compareButton.click()
    slicer.mrmlScene.RemoveNode(shown.nodes.get("segmentation"))
    spin(lambda: not panel.comparison_section._showing.is_running)
    assert "removed" in panel.ui.messageLabel.text
    assert not find_comparisons(slicer.mrmlScene)


def test_a_scene_that_is_closed_meanwhile_ends_it(panel, shown, spin):
    panel.ui.compareButton.click()
    slicer.mrmlScene.Clear(0)
    spin(lambda: not panel.comparison_section._showing.is_running)
    assert not panel.ui.compareButton.enabled
