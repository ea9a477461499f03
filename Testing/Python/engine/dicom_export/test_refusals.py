"""What cannot be exported is refused with the reason, and leaves nothing; what DICOM lets be missing is fine."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.dicom_export import check_highdicom, export_dicom, read_source_series
from UMambaXAILogic.engine.errors import InputError, NotInstalledError, UsageError
from UMambaXAILogic.engine.volume_io import read_volume

TYPE_2 = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID"),
    *("AccessionNumber", "ReferringPhysicianName"),
)


def refusal(result: Path, series: Path, out: Path, kind=InputError) -> str:
    with pytest.raises(kind) as caught:
        export_dicom(result, series, None, out)
    assert caught.value.remedy
    assert not out.exists()
    return caught.value.message


@pytest.mark.parametrize("how", ["absent", "empty"])
def test_what_dicom_lets_be_empty_may_be_missing(make_series, make_result, violations, tmp_path, how):
    def change(number, dataset):
        for keyword in (*TYPE_2, "SliceThickness"):
            if how == "absent":
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, None)
        del dataset.SpecificCharacterSet, dataset.PatientAge, dataset.PositionReferenceIndicator

    series = make_series(change=change)
    export = export_dicom(make_result(series), series, None, tmp_path / "out")
    for path in (export.attention, export.segmentation):
        image = pydicom.dcmread(path)
        assert all(image[keyword].is_empty for keyword in TYPE_2)
        measures = image.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
        assert float(measures.SliceThickness) == pytest.approx(1.25)  # the distance of slices stands in
        assert violations(image, {"common-instance-reference"}) == []


def test_values_that_dicom_does_not_allow_are_left_empty_and_told(make_series, make_result, tmp_path):
    def change(number, dataset):
        with pytest.warns(UserWarning):
            dataset.PatientBirthDate, dataset.PatientSex = "1950", "unknown"

    series = make_series(change=change)
    export = export_dicom(make_result(series), series, None, tmp_path / "out")
    assert export.emptied == ("PatientBirthDate", "PatientSex")
    assert pydicom.dcmread(export.attention)["PatientSex"].is_empty


@pytest.mark.parametrize("keyword", ["FrameOfReferenceUID", "StudyInstanceUID", "SOPInstanceUID"])
def test_a_series_without_an_identifier_cannot_be_referred_to(make_series, make_result, tmp_path, keyword):
    def change(number, dataset):
        if number == 2:
            delattr(dataset, keyword)

    series = make_series(change=change)
    message = refusal(make_result(series), series, tmp_path / "out")
    assert keyword in message and "1 of its 5 files" in message


def test_two_images_with_one_identifier_and_two_frames_of_reference_are_refused(make_series, make_result, tmp_path):
    def same(number, dataset):
        dataset.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"

    def other_frame(number, dataset):
        if number:
            dataset.FrameOfReferenceUID = "1.2.826.0.1.3680043.8.498.2"

    series = make_series(name="same", change=same)
    assert "same SOPInstanceUID" in refusal(make_result(series), series, tmp_path / "out")
    series = make_series(name="frames", change=other_frame)
    message = refusal(make_result(series, name="second"), series, tmp_path / "out")
    assert "2 different values of frame of reference" in message


def test_a_result_of_other_voxels_on_the_same_grid_is_refused(make_series, make_result, tmp_path):
    def one_voxel(number, dataset):
        if number == 3:
            pixels = np.frombuffer(dataset.PixelData, "<i2").copy()
            pixels[17] += 1
            dataset.PixelData = pixels.tobytes()

    result = make_result(make_series(name="explained"))
    other = make_series(name="other", change=one_voxel)
    assert "computed from other voxel values" in refusal(result, other, tmp_path / "out")


def test_a_result_on_another_grid_is_refused_side_by_side(make_series, make_result, tmp_path):
    result = make_result(make_series(name="explained"))
    other = make_series(name="other", step_mm=1.5)
    message = refusal(result, other, tmp_path / "out")
    assert "do not have the same voxels" in message and "spacing" in message


def test_a_result_that_does_not_say_what_it_was_computed_from_is_refused(make_series, make_result, tmp_path):
    series = make_series()
    result = make_result(series, input={})
    assert "does not say which voxels" in refusal(result, series, tmp_path / "out")


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd"])
def test_a_result_of_a_file_made_from_the_series_counts_whatever_its_order(make_series, make_result, tmp_path, suffix):
    """Another order of axes (also left-handed), and so another order of the result's voxels, as converters make it."""
    series = make_series()
    source, _ = read_volume(series)
    image = sitk.GetImageFromArray(source.array.astype(np.float32))
    image.SetSpacing(source.geometry.spacing_mm)
    image.SetOrigin(source.geometry.origin_mm)
    image.SetDirection(source.geometry.direction)
    image = sitk.PermuteAxes(image[::-1, :, ::-1], [2, 1, 0])
    converted = tmp_path / f"converted{suffix}"
    sitk.WriteImage(image, str(converted))
    result = make_result(converted, suffix=suffix.lstrip("."))
    export = export_dicom(result, series, None, tmp_path / "out")
    stored = pydicom.dcmread(export.attention)
    values = np.frombuffer(stored.FloatPixelData, "<f4").reshape(5, 6, 7)
    attention, _ = read_volume(result / f"attention{suffix}")
    to_index = np.linalg.inv(attention.geometry.affine_lps)
    for index in ((0, 0, 0), (4, 5, 6), (2, 1, 3)):
        there = to_index @ source.geometry.affine_lps @ (*index[::-1], 1)
        x, y, z = np.rint(there[:3]).astype(int)
        assert values[index] == attention.array[z, y, x]


def test_maps_outside_their_range_are_refused(make_series, make_result, tmp_path):
    series = make_series()
    result = make_result(series)
    image = nibabel.load(result / "attention.nii.gz")
    nibabel.save(nibabel.Nifti1Image(np.asarray(image.dataobj) * 2, None, image.header), result / "attention.nii.gz")
    assert "attention lies in [0, 1]" in refusal(result, series, tmp_path / "out")


def test_a_result_without_map_gives_a_segmentation_only_and_removes_an_earlier_map(make_series, make_result, tmp_path):
    series = make_series()
    out = tmp_path / "out"
    assert export_dicom(make_result(series), series, None, out).attention.is_file()
    export = export_dicom(make_result(series, name="no_map", attribution=None), series, None, out)
    assert export.attention is None
    assert [path.name for path in out.iterdir()] == ["segmentation.dcm"]


def test_an_empty_prediction_gives_empty_segments(make_series, make_result, tmp_path):
    series = make_series()
    result = make_result(series, attribution=None)
    image = nibabel.load(result / "segmentation.nii.gz")
    empty = np.zeros(image.shape, np.uint8)
    nibabel.save(nibabel.Nifti1Image(empty, None, image.header), result / "segmentation.nii.gz")
    stored = pydicom.dcmread(export_dicom(result, series, None, tmp_path / "out").segmentation)
    assert len(stored.SegmentSequence) == 3 and stored.NumberOfFrames == 15
    assert not any(stored.PixelData)


def test_regions_that_share_values_overlap(make_series, make_result, tmp_path):
    series = make_series()
    result = make_result(series)
    metrics = json.loads((result / "metrics.json").read_text())
    metrics["model"]["labels"] = {"background": 0, "whole": [1, 2], "core": [2], "ignore": 3}
    (result / "metrics.json").write_text(json.dumps(metrics))
    stored = pydicom.dcmread(export_dicom(result, series, None, tmp_path / "out").segmentation)
    assert [item.SegmentLabel for item in stored.SegmentSequence] == ["whole", "core"]
    assert stored.SegmentsOverlap == "YES"
    labels, _ = read_volume(result / "segmentation.nii.gz")
    counted = {1: 0, 2: 0}
    for frame, group in zip(stored.pixel_array, stored.PerFrameFunctionalGroupsSequence, strict=True):
        counted[group.SegmentIdentificationSequence[0].ReferencedSegmentNumber] += int(frame.sum())
    assert counted == {1: int(np.isin(labels.array, (1, 2)).sum()), 2: int((labels.array == 2).sum())}


def test_names_in_other_scripts_are_written_in_plain_letters(make_series, make_result, tmp_path):
    series = make_series()
    result = make_result(series)
    metrics = json.loads((result / "metrics.json").read_text())
    metrics["model"]["labels"] = {"background": 0, "gefäß\\血管": 1}
    metrics["target"]["name"] = "gefäß\\血管"
    (result / "metrics.json").write_text(json.dumps(metrics))
    export = export_dicom(result, series, None, tmp_path / "out")
    assert pydicom.dcmread(export.segmentation).SegmentSequence[0].SegmentLabel == "gef??/??"


def test_the_folder_of_the_series_takes_no_results(make_series, make_result):
    series = make_series()
    with pytest.raises(UsageError, match="among its slices"):
        export_dicom(make_result(series), series, None, series)
    assert len(list(series.iterdir())) == 5


def test_an_input_that_is_no_folder_has_no_series(tmp_path):
    (tmp_path / "head.nii.gz").touch()
    with pytest.raises(InputError, match="no folder with a DICOM series"):
        read_source_series(tmp_path / "head.nii.gz", None)


def test_a_failure_while_writing_keeps_what_was_there(make_series, make_result, tmp_path, monkeypatch):
    series, out = make_series(), tmp_path / "out"
    result = make_result(series)
    export_dicom(result, series, None, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pydicom.Dataset, "save_as", full)
    with pytest.raises(UsageError, match="No space left"):
        export_dicom(result, series, None, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_without_highdicom_the_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "highdicom", None)
    with pytest.raises(NotInstalledError, match="highdicom") as caught:
        check_highdicom()
    assert "pip install highdicom" in caught.value.remedy


def test_a_result_of_a_sam_names_its_checkpoint(make_series, make_result, tmp_path):
    series = make_series()
    model = {"architecture": "SAM", "trainer": None, "configuration": "ViT-B", "fold": [], "sha256": "cd" * 32}
    result = make_result(
        series,
        model={**model, "labels": {"background": 0, "object": 1}},
        target={"label": 1, "name": "object", "kind": "prediction", "score": None},
        attribution={"method": "embedding-similarity", "preset": None},
    )
    stored = pydicom.dcmread(export_dicom(result, series, None, tmp_path / "out").segmentation)
    (segment,) = stored.SegmentSequence
    algorithm = segment.SegmentationAlgorithmIdentificationSequence[0]
    assert algorithm.AlgorithmName == "UMambaXAI SAM"
    assert algorithm.AlgorithmParameters == f"model_sha256={'cd' * 32},configuration=ViT-B"
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Tissue"


def test_a_real_series_with_a_frame_of_reference_is_exported(reference_data, make_result, violations, tmp_path):
    series = tmp_path / "real"
    series.mkdir()
    for path in (reference_data / "data" / "dicom" / "slicer_CTHeadAxialDicom").iterdir():
        dataset = pydicom.dcmread(path)
        dataset.FrameOfReferenceUID = "1.2.826.0.1.3680043.8.498.77"
        dataset.save_as(series / path.name)
    export = export_dicom(make_result(series), series, None, tmp_path / "out")
    for path in (export.attention, export.segmentation):
        image = pydicom.dcmread(path)
        assert violations(image, {"common-instance-reference", "frame-of-reference"}) == []
        assert len(image.ReferencedSeriesSequence[0].ReferencedInstanceSequence) == 93


def test_a_real_series_without_frame_of_reference_is_refused(reference_data, tmp_path):
    folder = reference_data / "data" / "dicom" / "slicer_CTHeadAxialDicom"
    with pytest.raises(InputError, match="frame of reference"):
        read_source_series(folder, None)
