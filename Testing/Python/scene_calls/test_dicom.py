"""A result of a volume that came from DICOM is written as DICOM, by the real worker; what cannot be is refused."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("slicer", reason="slicer-core is not installed")

import highdicom
import numpy as np
import pydicom
import SimpleITK as sitk
import slicer
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from UMambaXAILogic.engine.errors import InputError, UsageError
from UMambaXAILogic.engine.voxel_identity import voxels_sha256
from UMambaXAILogic.interaction import SubprocessRunner
from UMambaXAILogic.logic import UMambaXAILogic
from UMambaXAILogic.scene.dicom_series import INSTANCES_ATTRIBUTE, is_from_dicom
from UMambaXAILogic.scene.export_volume import write_array
from UMambaXAILogic.scene.grid import image_array, image_data, local_grid, vtk_matrix
from UMambaXAILogic.scene.headless import start_headless_slicer
from UMambaXAILogic.scene.import_request import ImportRequest
from UMambaXAILogic.scene.import_results import ResultImport
from UMambaXAILogic.scene.result_view.nodes import ATTENTION, SEGMENTATION
from UMambaXAILogic.scene.voxel_file import image_grid
from UMambaXAILogic.scene_calls.results import case_result

ROW_DIRECTION, COLUMN_DIRECTION = (0.36, 0.48, -0.8), (-0.8, 0.6, 0.0)
SLICES, ROWS, COLUMNS = 5, 6, 7
LABELS = {"background": 0, "BA": 1, "R-PCA": 2, "all": [1, 2]}
BADGE = {"name": "parameter_randomisation", "passed": False, "value": 0.9, "limit": 0.5, "text": "The same map."}


@pytest.fixture
def scene():
    application = start_headless_slicer()
    yield application.scene
    application.close()


@pytest.fixture
def series(tmp_path) -> dict[str, Path]:
    """An oblique CT series: file by SOP instance UID."""
    (tmp_path / "database").mkdir()
    study, uid, frame = (generate_uid() for _ in range(3))
    rng, files = np.random.default_rng(5), {}
    for number in range(SLICES):
        image = pydicom.Dataset()
        image.SOPClassUID, image.SOPInstanceUID = CTImageStorage, generate_uid()
        image.PatientName, image.PatientID, image.Modality = "Phantom", "p", "CT"
        image.StudyInstanceUID, image.SeriesInstanceUID, image.FrameOfReferenceUID = study, uid, frame
        image.InstanceNumber, image.SeriesNumber, image.PositionReferenceIndicator = number, 1, ""
        position = np.array([10.0, -20.0, 30.0]) + 1.25 * number * np.cross(ROW_DIRECTION, COLUMN_DIRECTION)
        image.ImagePositionPatient = [f"{value:.10g}" for value in position]
        image.ImageOrientationPatient = [*ROW_DIRECTION, *COLUMN_DIRECTION]
        image.PixelSpacing, image.Rows, image.Columns = [0.5, 0.75], ROWS, COLUMNS
        image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
        image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 16, 15, 1
        image.RescaleSlope, image.RescaleIntercept, image.RescaleType = 1, -1024, "HU"
        image.PixelData = rng.integers(0, 2000, (ROWS, COLUMNS), dtype="<i2").tobytes()
        path = tmp_path / "database" / f"{number}.dcm"
        image.file_meta = pydicom.dataset.FileMetaDataset()
        image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        image.save_as(path, enforce_file_format=True)
        files[image.SOPInstanceUID] = path
    return files


@pytest.fixture
def database(series, monkeypatch):
    """Slicer's own, as far as it is asked: ``isOpen`` is a property, an unknown instance has no file."""
    found = SimpleNamespace(isOpen=True, fileForInstance=lambda uid: str(series.get(uid, "")))
    monkeypatch.setattr(slicer, "dicomDatabase", found, raising=False)
    return found


@pytest.fixture
def volume(scene, series):
    """The series as Slicer loads it, but for its slices in the other order: another axis, the same voxels."""
    image = sitk.ReadImage([str(path) for path in series.values()])
    image = sitk.Flip(image, [False, False, True])
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "CTA")
    node.SetAndObserveImageData(image_data(sitk.GetArrayFromImage(image)))
    node.SetIJKToRASMatrix(vtk_matrix(image_grid(image).ijk_to_ras))
    node.SetAttribute(INSTANCES_ATTRIBUTE, " ".join(series))
    return node


@pytest.fixture
def truth():
    """What the result says: labels and attention, (k, j, i) of the node."""
    rng = np.random.default_rng(6)
    labels = rng.choice(np.array([0, 0, 1, 2], np.uint8), (SLICES, ROWS, COLUMNS))
    labels[:, 0] = 0
    return labels, rng.random(labels.shape, np.float32)


@pytest.fixture
def result(scene, volume, truth, tmp_path):
    grid, folder = local_grid(volume), tmp_path / "run"
    folder.mkdir()
    labels, attention = truth
    write_array(labels, grid, folder / "segmentation.nrrd")
    write_array(attention, grid, folder / "attention.nrrd")
    metrics = {
        "phantom": False,
        "input": {"voxels_sha256": voxels_sha256(image_array(volume.GetImageData()))},
        "model": {
            "architecture": "UMambaBot",
            "trainer": "nnUNetTrainerUMambaBot",
            "configuration": "3d_fullres",
            "fold": [0],
            "sha256": "ab" * 32,
            "labels": LABELS,
        },
        "target": {"label": [1, 2], "name": "foreground", "kind": "prediction", "score": "margin"},
        "attribution": {"method": "seg-xres-cam", "preset": None, "layers": []},
        "segmentation": {"pm_voxels": int((labels > 0).sum()) - 3, "pm_voxels_outside_region": 3, "dice": None},
        "alignment": [],
        "gap": None,
        "verdict": {"name": "inconclusive", "reasons": []},
        "environment": {"package": "0.1.0", "torch": "2.13.0"},
        "warnings": [],
        "badges": [BADGE],
        "gate_version": 1,
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "slices.csv").write_text("slice,position_s_mm,dice,xai_gt_f1,xai_pm_f1,category\n")
    files = {name: folder / f"{name}.nrrd" for name in ("segmentation", "attention")}
    files |= {"metrics": folder / "metrics.json", "slices": folder / "slices.csv"}
    request = ImportRequest(volume.GetID(), grid, files, "m", "seg-xres-cam", 0.3, None, temporary=True)
    return case_result(ResultImport(scene, request).run(), [])


@pytest.fixture
def logic(scene):
    return UMambaXAILogic(scene, SubprocessRunner)


def in_order_of(series, image: pydicom.Dataset, frames: np.ndarray) -> np.ndarray:
    """The frames of an object in the order of the series' files, by the positions that both name."""
    places = {
        tuple(map(float, pydicom.dcmread(path).ImagePositionPatient)): n for n, path in enumerate(series.values())
    }
    order = []
    for group in image.PerFrameFunctionalGroupsSequence:
        position = np.array(group.PlanePositionSequence[0].ImagePositionPatient, dtype=float)
        order.append(next(n for place, n in places.items() if np.allclose(place, position, atol=1e-4)))
    return frames[np.argsort(order)]


def test_the_map_comes_back_at_its_place_and_refers_to_the_series(result, logic, database, series, truth, tmp_path):
    written = logic.exportToDicom(result, tmp_path / "out")
    assert written.warnings == [] and written.attention == tmp_path / "out" / "attention.dcm"
    image = pydicom.dcmread(written.attention)
    frames = np.frombuffer(image.FloatPixelData, "<f4").reshape(SLICES, ROWS, COLUMNS)
    attention = truth[1][::-1]  # the node's slices run the other way
    assert np.array_equal(in_order_of(series, image, frames), attention)
    assert "sanity gate failed" in image.DerivationDescription
    for file in (written.attention, written.segmentation):
        about = pydicom.dcmread(file).ReferencedSeriesSequence[0]
        assert {one.ReferencedSOPInstanceUID for one in about.ReferencedInstanceSequence} <= set(series)


def test_the_labels_come_back_by_their_names(result, logic, database, series, truth, tmp_path):
    job = logic.startExportToDicom(result.view, tmp_path / "out")
    assert job.wait(60) and job.error is None
    labels = truth[0][::-1]
    found = highdicom.seg.segread(job.result.segmentation)
    for segment in found.SegmentSequence:
        frames = found.get_pixels_by_source_instance(
            list(series), segment_numbers=[segment.SegmentNumber], ignore_spatial_locations=True
        )[..., 0]
        expected = {"BA": labels == 1, "R-PCA": labels == 2, "all": labels > 0}[segment.SegmentLabel]
        assert np.array_equal(frames > 0, expected), segment.SegmentLabel
    assert {"BA", "R-PCA"} <= {segment.SegmentLabel for segment in found.SegmentSequence}


def test_a_parent_transform_changes_nothing(scene, result, volume, logic, database, tmp_path):
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    moved = np.eye(4)
    moved[:3, 3] = 5, 6, 7
    transform.SetMatrixTransformToParent(vtk_matrix(moved))
    for node in (volume, result.segmentationNode, result.attentionNode):
        node.SetAndObserveTransformNodeID(transform.GetID())
    assert logic.exportToDicom(result, tmp_path / "out").segmentation.is_file()


def refused(logic, result, out, kind=InputError) -> str:
    with pytest.raises(kind) as caught:
        logic.exportToDicom(result, out)
    assert caught.value.remedy and not (out / "attention.dcm").exists()
    return caught.value.message


def test_what_did_not_come_from_dicom_is_refused(result, volume, logic, database, tmp_path):
    assert is_from_dicom(volume)
    volume.RemoveAttribute(INSTANCES_ATTRIBUTE)
    assert not is_from_dicom(volume)
    assert "not loaded from DICOM" in refused(logic, result, tmp_path / "out")


def test_a_closed_or_missing_database_is_refused(result, logic, database, monkeypatch, tmp_path):
    database.isOpen = False
    assert "database is not open" in refused(logic, result, tmp_path / "out")
    monkeypatch.setattr(slicer, "dicomDatabase", None)
    assert "database is not open" in refused(logic, result, tmp_path / "out")
    monkeypatch.delattr(slicer, "dicomDatabase")
    assert "database is not open" in refused(logic, result, tmp_path / "out")


def test_images_that_are_gone_are_refused(result, series, logic, database, tmp_path):
    gone, forgotten = list(series)[:2]
    series[gone].unlink()
    assert "files of 1 of the 5" in refused(logic, result, tmp_path / "out")
    del series[forgotten]
    assert "1 of the 5 DICOM images of 'CTA' are not in" in refused(logic, result, tmp_path / "out")


def test_a_series_that_was_changed_is_refused(result, series, logic, database, tmp_path):
    path = next(iter(series.values()))
    image = pydicom.dcmread(path)
    image.PixelData = bytes(len(image.PixelData))
    image.save_as(path)
    message = refused(logic, result, tmp_path / "out")
    assert "other voxel values" in message and "umamba-xai-" not in message  # the temporary folder


def test_the_database_is_no_output(result, series, logic, database, tmp_path):
    assert "images of the series" in refused(logic, result, tmp_path / "database", UsageError)


@pytest.mark.parametrize("how", ["drawn", "renamed", "removed"])
def test_a_prediction_that_was_changed_is_not_said_to_be_the_networks(result, logic, database, tmp_path, how):
    segmentation = result.segmentationNode.GetSegmentation()
    if how == "drawn":
        image = segmentation.GetNthSegment(0).GetRepresentation("Binary labelmap")
        values = image_array(image)
        values[tuple(np.argwhere(values == 1)[0])] = 0
        image.Modified()
    elif how == "renamed":
        segmentation.GetNthSegment(0).SetName("mine")
    else:
        segmentation.RemoveSegment(segmentation.GetNthSegmentID(0))
    assert "was changed since it was computed" in refused(logic, result, tmp_path / "out")


def test_a_result_whose_nodes_are_gone_is_refused(scene, result, logic, database, tmp_path):
    scene.RemoveNode(result.view.nodes.get(ATTENTION))
    assert "attention map was removed" in refused(logic, result, tmp_path / "out")
    scene.RemoveNode(result.view.nodes.get(SEGMENTATION))
    assert "segmentation was removed" in refused(logic, result, tmp_path / "out")
