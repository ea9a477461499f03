"""The developer's Reload button: the panel, and the package behind it, are made anew in a scene that goes on."""

from __future__ import annotations

import sys

import pytest
import slicer


@pytest.fixture
def reloaded(opened, panel, add_volume, monkeypatch):
    """The widget after a reload; what it was before is the fixture ``opened``."""
    panel.parameters.inputVolume = add_volume("CTA")
    panel.parameters.threshold = 0.4
    for name in [name for name in sys.modules if name.split(".")[0] == "UMambaXAILogic"]:
        monkeypatch.setitem(sys.modules, name, sys.modules[name])  # for the checks that follow
    opened.onReload()
    widget = slicer.util.getModuleWidget("UMambaXAI")
    yield widget
    widget.cleanup()


def test_the_code_is_new_and_the_choices_are_those_of_before(opened, reloaded):
    assert type(reloaded) is not type(opened) and type(reloaded.panel) is not type(opened.panel)
    assert reloaded.panel.parameters.inputVolume.GetName() == "CTA"
    assert reloaded.panel.ui.thresholdSlider.value == 0.4
    assert reloaded.panel.ui.runButton.toolTip.startswith("Segments CTA")


def test_the_former_widgets_go_and_hear_nothing_more(opened, reloaded, add_volume, spin):
    former = opened.panel.inputs_section.widget
    spin(lambda: not former)
    sections = [child for child in reloaded.parent.children() if child.className() == "qMRMLWidget"]
    assert len(sections) == len(reloaded.panel.sections)
    reloaded.panel.parameters.inputVolume = add_volume("next")
    slicer.mrmlScene.Clear(0)
    assert reloaded.panel.ui.inputVolumeSelector.currentNode() is None


def test_a_run_works_as_before(reloaded, worker, dialogs, runtime, spin):
    from UMambaXAILogic.logic import UMambaXAILogic
    from UMambaXAILogic.slicer_app.panel.services import make_services

    panel = reloaded.panel
    panel.use(make_services(UMambaXAILogic(environment=worker), dialogs, runtime))
    worker.go()
    panel.ui.runButton.click()
    spin(lambda: "Done" in panel.ui.messageLabel.text)
    assert panel.parameters.result is not None
