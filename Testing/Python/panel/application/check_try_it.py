"""Three clicks from an empty scene to a result: open the module, Try it, Segment & Explain."""

from __future__ import annotations

import sys

import pytest
import slicer

from UMambaXAILogic.engine.errors import NotInstalledError
from UMambaXAILogic.scene.sample_case import SAMPLES
from UMambaXAILogic.slicer_app.environment import Environment, store_python


def test_a_click_chooses_the_sample_its_vessels_and_the_demo_model(panel, picture):
    panel.parameters.model = "/no/such/model"
    panel.ui.tryItButton.click()
    chosen = panel.parameters
    assert chosen.inputVolume.GetName() == SAMPLES["source"].name
    assert chosen.groundTruth.GetName() == SAMPLES["source"].truth_name
    assert chosen.model == "demo"
    assert panel.ui.inputVolumeSelector.currentNode() is chosen.inputVolume
    assert panel.ui.runButton.enabled
    picture("tutorial-ready", height=900)


def test_a_second_click_loads_nothing_twice_and_leaves_what_is_there(panel, add_volume):
    own = add_volume("CTA")
    panel.ui.tryItButton.click()
    count = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    panel.parameters.inputVolume = own
    panel.ui.tryItButton.click()
    assert panel.parameters.inputVolume.GetName() == SAMPLES["source"].name
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == count == 2
    assert slicer.mrmlScene.IsNodePresent(own)


def test_an_incomplete_installation_is_told_in_the_panel(panel, monkeypatch):
    from UMambaXAILogic.slicer_app.panel import inputs_section

    def refuse():
        raise NotInstalledError("The shipped resource is missing.", "Install the package again.")

    monkeypatch.setattr(inputs_section, "open_sample_case", refuse)
    panel.ui.tryItButton.click()
    assert "The shipped resource is missing." in panel.ui.messageLabel.text
    assert panel.parameters.inputVolume is None


def test_it_waits_while_something_runs(panel, add_volume, worker, spin):
    panel.parameters.inputVolume = add_volume()
    panel.ui.runButton.click()
    assert not panel.ui.tryItButton.enabled
    worker.go()
    spin(lambda: not panel.controller.is_busy)
    assert panel.ui.tryItButton.enabled


@pytest.mark.slow
def test_three_clicks_lead_to_a_result(panel, spin, picture):
    """Nothing is faked but the application: the worker and the demo model are real."""
    from UMambaXAILogic.logic import UMambaXAILogic
    from UMambaXAILogic.slicer_app.panel.services import make_services

    store_python(sys.executable)
    try:
        panel.use(make_services(UMambaXAILogic(environment=Environment())))
        panel.ui.tryItButton.click()
        panel.ui.runButton.click()
        spin(lambda: not panel.controller.is_busy, 500)
        assert "Done" in panel.ui.messageLabel.text, panel.ui.messageLabel.text + panel.ui.logText.plainText
        metrics = panel.results.view.nodes.metrics
        assert metrics["phantom"] is True
        assert metrics["segmentation"]["dice"] == pytest.approx(0.906, abs=0.01)  # as the model card says
        spin(lambda: panel.results.view.nodes.state is not None)
        picture("tutorial-done", height=1300)
        ui = panel.ui
        ui.inputsCollapsibleButton.collapsed = ui.resultCollapsibleButton.collapsed = True
        for part in ("click", "comparison", "deletion", "judge", "sam", "domain"):
            getattr(ui, f"{part}CollapsibleButton").collapsed = False
        picture("tutorial-parts")
    finally:
        store_python("")
