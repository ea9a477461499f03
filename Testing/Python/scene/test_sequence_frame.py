"""Frames of sequences, with the real sequence nodes and their logic."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
import vtk

from UMambaXAILogic.scene.import_results import ResultImport
from UMambaXAILogic.scene.sequence_frame import SequenceFrame, name_without_frame, shown_frame
from UMambaXAILogic.scene.stepwise import do_all
from UMambaXAILogic.scene_calls.case import case_call
from UMambaXAILogic.scene_calls.options import Options


@pytest.fixture
def sequences(application):
    """The module's logic: it fills the volume in the scene with the chosen frame."""
    logic = slicer.vtkSlicerSequencesLogic()
    logic.SetMRMLApplicationLogic(application.application_logic)
    logic.SetMRMLScene(application.scene)
    yield logic
    logic.SetMRMLScene(None)


@pytest.fixture
def browser(application, sequences):
    """A browser of three frames, whose voxels are 0, 1 and 2."""
    scene = application.scene
    sequence = scene.AddNewNodeByClass("vtkMRMLSequenceNode", "CTA 4D")
    for number in range(3):
        frame = slicer.vtkMRMLScalarVolumeNode()
        image = vtk.vtkImageData()
        image.SetDimensions(4, 3, 2)
        image.AllocateScalars(vtk.VTK_SHORT, 1)
        image.GetPointData().GetScalars().Fill(number)
        frame.SetAndObserveImageData(image)
        sequence.SetDataNodeAtValue(frame, str(number))
    browser = scene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", "CTA 4D browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    sequences.UpdateProxyNodesFromSequences(browser)
    return browser


@pytest.fixture
def volume(browser):
    """What the views show."""
    return browser.GetProxyNode(browser.GetMasterSequenceNode())


def test_the_frame_is_the_one_that_is_shown(sequences, browser, volume):
    assert shown_frame(volume) == SequenceFrame(0, 3)
    show(sequences, browser, 2)
    assert str(shown_frame(volume)) == "frame 3 of 3"
    assert np.unique(slicer.util.arrayFromVolume(volume)) == [2]


def test_a_volume_of_its_own_has_no_frame(application, browser):
    plain = application.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "plain")
    assert shown_frame(plain) is None
    assert shown_frame(slicer.vtkMRMLScalarVolumeNode()) is None
    assert name_without_frame(plain) == "plain"


def test_nor_has_one_that_is_kept_from_following_its_sequence(browser, volume):
    browser.SetPlayback(browser.GetMasterSequenceNode(), False)
    assert shown_frame(volume) is None


@pytest.mark.parametrize("mode", ["IndexDisplayAsIndexValue", "IndexDisplayAsIndex"])
def test_the_name_stays_the_same_where_the_browser_writes_the_frame_into_it(sequences, browser, volume, mode):
    browser.SetOverwriteProxyName(browser.GetMasterSequenceNode(), True)
    browser.SetIndexDisplayMode(getattr(browser, mode))
    names = set()
    for number in range(3):
        show(sequences, browser, number)
        names.add(volume.GetName())
        assert name_without_frame(volume) == "CTA 4D"
    assert len(names) == 3
    volume.SetName("renamed")
    assert name_without_frame(volume) == "renamed"


def test_results_are_of_the_frame_that_was_shown_at_the_start_and_those_of_other_frames_stay(
    scene, sequences, browser, volume, write_result, tmp_path
):
    def run(frame: int) -> ResultImport:
        """As a click on the panel's button; meanwhile the user looks at another frame."""
        show(sequences, browser, frame)
        folder = tmp_path / f"work{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        call = case_call(volume, "demo", None, 0.3, Options())(folder)
        request = json.loads(do_all(call.request))
        show(sequences, browser, 1)
        assert request["case"] == f"CTA 4D, frame {frame + 1} of 3"
        exported = sitk.GetArrayFromImage(sitk.ReadImage(request["volume"]))
        assert np.unique(exported) == [frame]
        mask = np.ones(exported.shape, np.uint8)
        files = write_result(mask, mask * 0.5, np.eye(4), folder=folder / "result")
        done = call.make_import(SimpleNamespace(files=files, warnings=[]))
        for step in done.steps():
            step()
        return done

    run(0)
    run(2)
    again = run(0)
    names = [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode", scene)]
    assert sorted(names) == [f"CTA 4D prediction (demo, seg-xres-cam, frame {number} of 3)" for number in (1, 3)]
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    assert hierarchy.GetItemDataNode(hierarchy.GetItemParent(again.result.folder_item)) == volume
    again.result.view.show(attention="overlay")
    assert "frame 1 of 3" in again.result.view.nodes.get("legend").GetTitleText()


def show(sequences, browser, frame: int) -> None:
    browser.SetSelectedItemNumber(frame)
    sequences.UpdateProxyNodesFromSequences(browser)
