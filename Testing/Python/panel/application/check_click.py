"""Click to explain: a point placed in a view starts a run for what lies there."""

from __future__ import annotations

import json

import pytest
import slicer


@pytest.fixture
def interaction():
    return slicer.mrmlScene.GetNodeByID("vtkMRMLInteractionNodeSingleton")


@pytest.fixture
def selection():
    return slicer.mrmlScene.GetNodeByID("vtkMRMLSelectionNodeSingleton")


def points() -> list:
    scene = slicer.mrmlScene
    count = scene.GetNumberOfNodesByClass("vtkMRMLMarkupsFiducialNode")
    return [scene.GetNthNodeByClass(index, "vtkMRMLMarkupsFiducialNode") for index in range(count)]


def displays() -> int:
    return slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLMarkupsDisplayNode")


def place(position: tuple[float, float, float], interaction, selection) -> None:
    """What a click does in Slicer: the active node gets a point, then the mode ends."""
    node = slicer.mrmlScene.GetNodeByID(selection.GetActivePlaceNodeID())
    assert selection.GetActivePlaceNodeClassName() == node.GetClassName() == "vtkMRMLMarkupsFiducialNode"
    assert interaction.GetCurrentInteractionMode() == interaction.Place and not interaction.GetPlaceModePersistence()
    assert node.GetNumberOfDisplayNodes() == 1  # else no view would let it be placed
    node.AddControlPointWorld(*position)
    assert points() == [node]  # what places it goes on to use it
    interaction.SetCurrentInteractionMode(interaction.ViewTransform)


def test_without_a_result_there_is_nothing_to_click(panel, add_volume):
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume())
    assert not panel.ui.clickButton.enabled
    assert "run Segment & Explain first" in panel.ui.clickHintLabel.text


def test_a_click_explains_what_lies_there_beside_the_whole(
    panel, shown, worker, spin, settle, interaction, selection, picture
):
    before = panel.parameters.result
    interaction.SetPlaceModePersistence(1)
    panel.ui.clickMeaningSelector.setCurrentIndex(panel.ui.clickMeaningSelector.findData("segment"))
    panel.ui.clickButton.click()
    assert panel.ui.clickButton.checked and "now" in panel.ui.clickButton.text
    picture("click-waiting", 1500)
    place((-12.25, 11.0, 3.5), interaction, selection)
    spin(lambda: panel.controller.is_busy)
    assert points() == [] and displays() == 0
    assert not panel.ui.clickButton.checked and not panel.ui.clickButton.enabled
    assert interaction.GetPlaceModePersistence() == 1
    spin(lambda: not panel.controller.is_busy)
    settle()
    nodes = panel.results.nodes
    request = json.loads((worker.folder / "request.json").read_text())
    assert request["target"]["part"] == {"point_mm_ras": [-12.25, 11.0, 3.5], "unit": "segment"}
    assert nodes.run_name == "demo, seg-xres-cam, segment at R-12.2 A11.0 S3.5"
    assert slicer.mrmlScene.IsNodePresent(before) and panel.parameters.result is not before
    assert panel.ui.resultSelector.count == 2
    assert panel.ui.messageLabel.text.startswith("Done: 320 voxels")
    picture("click-explained", 1500)


@pytest.mark.parametrize("ending", ["button", "right click", "scene"])
def test_somebody_may_think_better_of_it(panel, shown, spin, interaction, selection, ending):
    panel.ui.clickButton.click()
    assert len(points()) == 1
    if ending == "button":
        panel.ui.clickButton.click()
    elif ending == "right click":
        interaction.SetCurrentInteractionMode(interaction.ViewTransform)
    else:
        slicer.mrmlScene.Clear(0)
    spin(lambda: not panel.ui.clickButton.checked)
    assert points() == [] and displays() == 0
    assert interaction.GetCurrentInteractionMode() == interaction.ViewTransform
    assert not panel.controller.is_busy


def test_users_own_points_stay_the_ones_to_place(panel, shown, spin, interaction, selection):
    own = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "landmarks")
    own.AddControlPointWorld(1, 2, 3)
    selection.SetReferenceActivePlaceNodeClassName("vtkMRMLMarkupsFiducialNode")
    selection.SetReferenceActivePlaceNodeID(own.GetID())
    panel.ui.clickButton.click()
    assert selection.GetActivePlaceNodeID() != own.GetID()
    panel.ui.clickButton.click()
    assert points() == [own] and own.GetNumberOfControlPoints() == 1
    assert selection.GetActivePlaceNodeID() == own.GetID()


def test_errors_need_a_ground_truth(panel, run):
    run()
    selector = panel.ui.clickMeaningSelector
    selector.setCurrentIndex(selector.findData("fp"))
    assert panel.parameters.clickMeaning == "fp"
    assert not panel.ui.clickButton.enabled and "ground truth" in panel.ui.clickHintLabel.text


def test_the_result_of_another_volume_is_not_clicked(panel, run, add_volume):
    run()
    panel.ui.inputVolumeSelector.setCurrentNode(add_volume("another"))
    assert not panel.ui.clickButton.enabled and "another volume" in panel.ui.clickHintLabel.text
