"""Which volumes of a scene are inputs."""

from __future__ import annotations

import numpy as np

from UMambaXAILogic.scene.export_volume import write_array
from UMambaXAILogic.scene.grid import Grid
from UMambaXAILogic.scene.import_results import GroundTruthFile, ImportRequest, ResultImport
from UMambaXAILogic.scene.input_volumes import input_volumes


def test_images_alone_are_inputs(scene, add_volume, oblique_affine):
    array = np.zeros((2, 3, 4), np.int16)
    first = add_volume(array, oblique_affine, "A")
    add_volume(array, oblique_affine, "labels", "vtkMRMLLabelMapVolumeNode")
    add_volume(array, oblique_affine, "colours", "vtkMRMLVectorVolumeNode")
    add_volume(array, oblique_affine, "hidden").SetHideFromEditors(True)
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "no voxels")
    assert input_volumes(scene) == [first, empty]


def test_what_a_run_left_behind_is_no_input(scene, add_volume, oblique_affine, vessel, write_result, tmp_path):
    prediction, truth, attention = vessel
    volume = add_volume(prediction.astype(np.int16) * 300, oblique_affine)
    grid = Grid(prediction.shape[::-1], oblique_affine)
    files = write_result(prediction, attention, oblique_affine, truth)
    (tmp_path / "result" / "layers").mkdir()
    write_array(attention, grid, tmp_path / "result" / "layers" / "attention.encoder.1.nrrd")
    write_array(truth, grid, tmp_path / "gt.nrrd")
    request = ImportRequest(
        volume.GetID(), grid, files, "demo", "seg-xres-cam", 0.3, GroundTruthFile(tmp_path / "gt.nrrd", (1,))
    )
    view = ResultImport(scene, request).run().view
    view.show(attention=["overlay", "cloud", "projection"], errors=True, layer="encoder.1")
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") > 2
    assert input_volumes(scene) == [volume]
