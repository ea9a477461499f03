"""The shipped sample cases: what they hold, where they come from, and what of them is in a scene."""

from __future__ import annotations

import importlib.util
import json
import statistics
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
import vtk

from UMambaXAILogic.engine.errors import InputError, NotInstalledError, UsageError
from UMambaXAILogic.engine.phantom import case_seed, make_phantom
from UMambaXAILogic.engine.resources import resource_path
from UMambaXAILogic.engine.volume_io import read_volume
from UMambaXAILogic.scene import sample_case
from UMambaXAILogic.scene.export_volume import is_phantom
from UMambaXAILogic.scene.grid import image_array, local_grid, same_grid
from UMambaXAILogic.scene.ground_truth import export_ground_truth, target_labels
from UMambaXAILogic.scene.sample_case import SAMPLES, load_sample_case
from UMambaXAILogic.scene.voxel_file import image_grid

COHORTS = ("source", "target")


@pytest.fixture(scope="module")
def maker(repository: Path):
    """The script that made the files."""
    path = repository / "Utilities" / "SampleData" / "make_sample_data.py"
    spec = importlib.util.spec_from_file_location("make_sample_data", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(params=COHORTS)
def cohort(request) -> str:
    return request.param


def test_the_files_are_those_that_the_script_makes(cohort, maker, tmp_path):
    phantom = make_phantom(cohort, case_seed(maker.SEED, maker.NUMBERS[cohort]))
    shipped, facts = read_volume(SAMPLES[cohort].volume)
    assert np.array_equal(shipped.array, phantom.image.array), "run Utilities/SampleData/make_sample_data.py"
    assert shipped.array.dtype == np.int16
    assert facts.is_phantom and facts.orientation_known
    np.testing.assert_allclose(shipped.geometry.affine_lps, phantom.image.geometry.affine_lps, atol=1e-9)
    vessels = sitk.ReadImage(str(SAMPLES[cohort].truth))
    assert np.array_equal(sitk.GetArrayFromImage(vessels), phantom.mask.array)
    assert same_grid(image_grid(vessels), image_grid(sitk.ReadImage(str(SAMPLES[cohort].volume))))
    maker.write_volume(phantom.image, tmp_path / "again.nrrd")
    assert _header(tmp_path / "again.nrrd") == _header(SAMPLES[cohort].volume)


def test_the_phantoms_are_the_lower_medians_of_those_that_the_demo_model_is_measured_on(maker):
    measured = json.loads(resource_path("demo_model/measured.json").read_text())
    assert measured["seed"] == maker.SEED
    for cohort, number in maker.NUMBERS.items():
        dice = measured["dice"][cohort]
        assert dice[number - 1] == statistics.median_low(dice)


def test_the_files_are_small(cohort):
    files = SAMPLES[cohort]
    assert files.volume.stat().st_size < 2_000_000
    assert files.truth.stat().st_size < 50_000
    assert files.thumbnail.stat().st_size < 100_000


def test_it_is_loaded_on_the_files_grid_with_its_vessels_as_vessels(scene, cohort):
    volume, truth = load_sample_case(scene, cohort)
    shipped, _ = read_volume(SAMPLES[cohort].volume)
    assert np.array_equal(image_array(volume.GetImageData()), shipped.array)
    np.testing.assert_allclose(local_grid(volume).ijk_to_ras, shipped.geometry.affine_ras, atol=1e-9)
    assert volume.GetDisplayNode().GetWindowLevelMin() == -100.0
    assert truth.IsA("vtkMRMLSegmentationNode") and truth.GetName() == SAMPLES[cohort].truth_name
    assert vessel_of(truth) == ("Vessels", "Blood vessel")


def test_slicers_own_reader_finds_the_same_segment_in_the_file(scene, cohort):
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    storage = scene.AddNewNodeByClass("vtkMRMLSegmentationStorageNode")
    storage.SetFileName(str(SAMPLES[cohort].truth))
    assert storage.ReadData(node)
    assert vessel_of(node) == ("Vessels", "Blood vessel")


def vessel_of(node) -> tuple[str, str]:
    """Name and meaning of the only segment."""
    segmentation = node.GetSegmentation()
    assert segmentation.GetNumberOfSegments() == 1
    entry, text = slicer.vtkSlicerTerminologyEntry(), vtk.reference("")
    assert segmentation.GetNthSegment(0).GetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), text)
    assert slicer.vtkSlicerTerminologiesModuleLogic().DeserializeTerminologyEntry(text.get(), entry)
    return segmentation.GetNthSegment(0).GetName(), entry.GetTypeObject().GetCodeMeaning()


def test_its_ground_truth_is_what_the_worker_gets(scene, cohort, tmp_path):
    volume, truth = load_sample_case(scene, cohort)
    export_ground_truth(truth, volume, tmp_path / "gt.nrrd")
    assert target_labels(truth) == (1,)
    written = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "gt.nrrd")))
    assert np.array_equal(written, sitk.GetArrayFromImage(sitk.ReadImage(str(SAMPLES[cohort].truth))))


def test_results_will_say_that_it_is_a_phantom(scene):
    volume, truth = load_sample_case(scene)
    assert is_phantom(volume) and is_phantom(truth)


def test_it_is_not_loaded_twice_and_what_was_removed_comes_back(scene):
    volume, truth = load_sample_case(scene, "source")
    other = load_sample_case(scene, "target")
    count = scene.GetNumberOfNodes()
    assert load_sample_case(scene, "source") == (volume, truth)
    assert load_sample_case(scene, "target") == other
    assert scene.GetNumberOfNodes() == count
    scene.RemoveNode(truth)
    again = load_sample_case(scene, "source")
    assert again.volume_node is volume and again.truth_node is not truth
    assert scene.IsNodePresent(again.truth_node)


def test_saving_the_scene_cannot_write_to_the_shipped_files(scene):
    for node in load_sample_case(scene):
        assert node.GetStorageNode() is None
    assert scene.GetNumberOfNodesByClass("vtkMRMLStorageNode") == 0


def test_the_target_lies_on_another_grid_than_the_source(scene):
    grids = [local_grid(load_sample_case(scene, cohort).volume_node) for cohort in COHORTS]
    assert not same_grid(*grids)


def test_an_unknown_cohort_is_refused_with_those_there_are(scene):
    with pytest.raises(UsageError, match="'hospital'") as caught:
        load_sample_case(scene, "hospital")
    assert "source, target" in caught.value.remedy
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0


def test_files_that_are_missing_or_damaged_leave_the_scene_as_it_was(scene, monkeypatch, tmp_path):
    def missing(name: str) -> Path:
        raise NotInstalledError(f"The shipped resource {name!r} is missing.", "Install the package again.")

    count, volume = scene.GetNumberOfNodes(), SAMPLES["source"].volume
    monkeypatch.setattr(sample_case, "resource_path", missing)
    with pytest.raises(NotInstalledError):
        load_sample_case(scene)
    assert scene.GetNumberOfNodes() == count
    (tmp_path / "phantom_source.nrrd").write_bytes(b"NRRD0004\n")
    monkeypatch.setattr(sample_case, "resource_path", lambda name: tmp_path / Path(name).name)
    with pytest.raises(InputError):
        load_sample_case(scene)
    (tmp_path / "phantom_source.nrrd").write_bytes(volume.read_bytes())
    (tmp_path / "phantom_source_vessels.seg.nrrd").write_bytes(b"NRRD0004\n")
    with pytest.raises(InputError, match="vessels"):
        load_sample_case(scene)
    assert scene.GetNumberOfNodes() == count


def _header(path: Path) -> bytes:
    return path.read_bytes().partition(b"\n\n")[0]
