"""A scene that is saved with a result in sight: what the panel, the layout and the views say when it is loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import slicer

FOUR_UP = slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView


@pytest.fixture
def layout():
    """The application's layout: one, whatever scene is loaded."""
    node = slicer.vtkMRMLLayoutNode()
    node.SetSingletonTag("vtkMRMLLayoutNode")
    node.AddLayoutDescription(FOUR_UP, "<layout/>")
    slicer.mrmlScene.AddNode(node)
    yield node
    slicer.mrmlScene.RemoveNode(node)


@pytest.fixture
def shown(layout, panel, add_volume, worker, spin, settle):
    """A result with a ground truth, shown in another way than a new one is."""
    layout.SetViewArrangement(FOUR_UP)
    volume = add_volume("CTA")
    truth = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "truth")
    slicer.util.updateVolumeFromArray(truth, (slicer.util.arrayFromVolume(volume) > 100).astype(np.uint8))
    panel.ui.inputVolumeSelector.setCurrentNode(volume)
    panel.ui.groundTruthSelector.setCurrentNode(truth)
    worker.go()
    panel.ui.runButton.click()
    spin(lambda: "Done" in panel.ui.messageLabel.text and not panel.controller.is_busy)
    for name in ("contours", "surface", "errors"):
        getattr(panel.ui, f"{name}Button").click()
    panel.ui.thresholdSlider.value = 0.45
    panel.ui.layerSelector.setCurrentText("decoder.0")
    settle()
    return panel.results.view


def save(path: Path) -> None:
    if path.suffix == ".mrb":
        assert slicer.mrmlScene.WriteToMRB(str(path))
        return
    slicer.mrmlScene.SetRootDirectory(str(path.parent))
    assert slicer.mrmlScene.Commit(str(path))


def close_and_load(path: Path, layout) -> None:
    slicer.mrmlScene.Clear(0)
    layout.SetViewArrangement(FOUR_UP)
    assert slicer.mrmlScene.ReadFromMRB(str(path), False)


def says_what_is_shown(panel) -> bool:
    ui, state = panel.ui, panel.results.view.state
    return (
        ui.overlayButton.checked
        and ui.contoursButton.checked
        and ui.errorsButton.checked
        and not ui.surfaceButton.checked
        and ui.thresholdSlider.value == pytest.approx(0.45)
        and ui.layerSelector.currentText == "decoder.0"
        and state.attention == ("overlay", "contours")
        and (state.errors, state.threshold, state.layer) == (True, 0.45, "decoder.0")
    )


def test_panel_and_views_say_the_same_as_before(layout, panel, shown, tmp_path, settle, picture):
    assert says_what_is_shown(panel)
    numbers = panel.ui.numbersLabel.text
    save(tmp_path / "scene.mrb")
    close_and_load(tmp_path / "scene.mrb", layout)
    settle()
    assert says_what_is_shown(panel)
    assert panel.ui.numbersLabel.text == numbers
    assert panel.ui.resultSelector.currentText == "CTA: demo, seg-xres-cam"
    assert layout.GetViewArrangement() == FOUR_UP and not panel.ui.layoutButton.checked
    panel.ui.opacitySlider.value = 0.3
    settle()
    assert panel.results.view.state.opacity == 0.3
    picture("11-loaded", height=1000, width=513)


def test_a_scene_that_is_saved_in_the_results_layout_comes_back_in_it(layout, opened, panel, shown, tmp_path, settle):
    from UMambaXAILogic.scene.result_layout_description import LAYOUT

    panel.ui.layoutButton.click()
    save(tmp_path / "scene.mrb")
    close_and_load(tmp_path / "scene.mrb", layout)
    settle()
    assert layout.GetViewArrangement() == LAYOUT and panel.ui.layoutButton.checked
    assert says_what_is_shown(panel)
    panel.ui.layoutButton.click()
    assert layout.GetViewArrangement() == FOUR_UP
    opened.exit()
    opened.enter()
    assert layout.GetViewArrangement() == FOUR_UP  # once, not at every look


def test_a_layout_that_was_left_by_hand_does_not_come_back(layout, panel, shown, tmp_path, settle):
    panel.ui.layoutButton.click()
    layout.SetViewArrangement(FOUR_UP)
    save(tmp_path / "scene.mrb")
    close_and_load(tmp_path / "scene.mrb", layout)
    settle()
    assert layout.GetViewArrangement() == FOUR_UP


def test_a_module_that_is_opened_after_the_scene_was_loaded_knows_too(layout, opened, panel, shown, tmp_path, settle):
    from UMambaXAILogic.scene.result_layout_description import LAYOUT

    panel.ui.layoutButton.click()
    save(tmp_path / "scene.mrb")
    opened.exit()
    close_and_load(tmp_path / "scene.mrb", layout)
    assert layout.GetViewArrangement() == FOUR_UP
    opened.enter()
    settle()
    assert says_what_is_shown(panel)
    assert layout.GetViewArrangement() == LAYOUT
