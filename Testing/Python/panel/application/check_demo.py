"""Three clicks with nothing faked but the application: the demo model, a real worker, a phantom."""

from __future__ import annotations

import sys

import pytest
import slicer

from UMambaXAILogic.slicer_app.environment import Environment, store_python


@pytest.fixture
def phantom(tmp_path):
    """A small source phantom and its vessels, as nodes."""
    import subprocess

    command = [sys.executable, "-m", "UMambaXAILogic.cli", "phantom", "--cohort", "source", "--count", "1"]
    subprocess.run([*command, "--seed", "7", "--out", str(tmp_path)], check=True, cwd=sys.path[0])
    return tmp_path


@pytest.mark.slow
def test_a_phantom_is_segmented_and_explained(panel, phantom, spin, picture):
    import csv

    import SimpleITK

    from UMambaXAILogic.logic import UMambaXAILogic
    from UMambaXAILogic.slicer_app.panel.services import make_services

    store_python(sys.executable)
    try:
        panel.use(make_services(UMambaXAILogic(environment=Environment())))
        row = next(csv.DictReader((phantom / "manifest.csv").open()))
        nodes = []
        for column, kind in (("volume", "vtkMRMLScalarVolumeNode"), ("gt", "vtkMRMLLabelMapVolumeNode")):
            image = SimpleITK.ReadImage(str(phantom / row[column]))[48:112, 48:112, 24:48]
            node = slicer.mrmlScene.AddNewNodeByClass(kind, column)
            slicer.util.updateVolumeFromArray(node, SimpleITK.GetArrayFromImage(image))
            node.SetSpacing(image.GetSpacing())
            nodes.append(node)
        panel.ui.inputVolumeSelector.setCurrentNode(nodes[0])
        panel.ui.groundTruthSelector.setCurrentNode(nodes[1])
        stages: list[str] = []
        panel.controller.progressed.connect(lambda: stages.append(panel.ui.progressLabel.text))
        panel.ui.runButton.click()
        spin(lambda: not panel.controller.is_busy, 500)
        assert "Done" in panel.ui.messageLabel.text, panel.ui.messageLabel.text + panel.ui.logText.plainText
        assert any("Explaining" in text for text in stages)
        assert panel.results.view.has_attention
        picture("7-demo")
        panel.ui.measureButton.click()
        spin(lambda: not panel.controller.is_busy, 120)
        assert "Measured" in panel.ui.messageLabel.text, panel.ui.messageLabel.text + panel.ui.logText.plainText
        assert "training phantoms of the demo model" in panel.ui.messageLabel.text
        assert "field of view" in panel.ui.warningLabel.text  # a part of a phantom is smaller than whole ones
        picture("9-demo-statistics", height=960)
    finally:
        store_python("")
