"""What is written holds the very values, at the very place, and is what the standard asks for."""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from highdicom.pm import ParametricMap
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues
from pydicom.sr.codedict import codes

from UMambaXAILogic.engine.dicom_export import export_dicom, read_source_series
from UMambaXAILogic.engine.volume import Geometry
from UMambaXAILogic.engine.volume_io import read_volume

#: As in the fixture: axes that point nowhere near the patient's.
ROW_DIRECTION, COLUMN_DIRECTION = (0.36, 0.48, -0.8), (-0.8, 0.6, 0.0)
SOURCE_FIELDS = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "StudyInstanceUID", "StudyDate"),
    *("StudyTime", "StudyID", "StudyDescription", "AccessionNumber", "ReferringPhysicianName", "FrameOfReferenceUID"),
    *("SpecificCharacterSet",),
)


@pytest.fixture
def exported(make_series, make_result, tmp_path):
    """(series folder, result folder, Parametric Map, Segmentation), both read back from their files."""
    series = make_series()
    result = make_result(series)
    export = export_dicom(result, series, None, tmp_path / "out")
    assert export.emptied == ()
    return series, result, _map(export.attention), _segmentation(export.segmentation)


def _map(path) -> ParametricMap:
    return ParametricMap.from_dataset(pydicom.dcmread(path))


def _segmentation(path) -> Segmentation:
    return Segmentation.from_dataset(pydicom.dcmread(path))


def frame_sources(image) -> list[str]:
    """The SOP instance that each frame names as its source."""
    return [
        frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        for frame in image.PerFrameFunctionalGroupsSequence
    ]


def frame_positions(image) -> np.ndarray:
    return np.array(
        [frame.PlanePositionSequence[0].ImagePositionPatient for frame in image.PerFrameFunctionalGroupsSequence], float
    )


def heights(positions: np.ndarray, geometry: Geometry) -> np.ndarray:
    """How far along the series' normal positions (n x 3) lie above its first slice, in mm."""
    return (positions - geometry.origin_mm) @ np.reshape(geometry.direction, (3, 3))[:, 2]


def slice_order(image, geometry: Geometry) -> np.ndarray:
    """Frame numbers in the order of the volume's slices."""
    return np.argsort(heights(frame_positions(image), geometry))


def segment_number(image, frame: int) -> int:
    return image.PerFrameFunctionalGroupsSequence[frame].SegmentIdentificationSequence[0].ReferencedSegmentNumber


def test_the_map_holds_every_value_to_the_last_bit(exported):
    _, result, attention, _ = exported
    expected, _ = read_volume(result / "attention.nii.gz")
    assert "FloatPixelData" in attention and "PixelData" not in attention
    stored = np.frombuffer(attention.FloatPixelData, "<f4").reshape(attention.NumberOfFrames, 6, 7)
    np.testing.assert_array_equal(stored, expected.array)  # also for readers that go by the order of frames
    assert list(slice_order(attention, expected.geometry)) == [0, 1, 2, 3, 4]
    groups = attention.PerFrameFunctionalGroupsSequence
    indices = [group.FrameContentSequence[0].DimensionIndexValues for group in groups]
    assert [int(index) if np.isscalar(index) else int(index[0]) for index in indices] == [1, 2, 3, 4, 5]
    volume = attention.get_volume(dtype=np.float32)  # highdicom applies the real-world value mapping
    order = np.argsort(heights(volume.affine[:3, 3] + np.arange(5)[:, None] * volume.affine[:3, 0], expected.geometry))
    np.testing.assert_array_equal(volume.array[order], expected.array)


def test_every_segment_holds_its_labels_voxels(exported):
    _, result, _, segmentation = exported
    labels, _ = read_volume(result / "segmentation.nii.gz")
    assert segmentation.segmentation_type == SegmentationTypeValues.BINARY
    assert segmentation.number_of_segments == 3
    found = np.zeros((*labels.array.shape, 3), np.uint8)
    slices = np.rint(heights(frame_positions(segmentation), labels.geometry) / 1.25).astype(int)
    for frame, place in enumerate(slices):
        found[place, ..., segment_number(segmentation, frame) - 1] = segmentation.get_stored_frame(frame + 1)
    for index, value in enumerate((1, 2, 5)):
        np.testing.assert_array_equal(found[..., index] == 1, labels.array == value)


def test_frames_lie_where_the_slices_of_the_series_lie(exported):
    series, _, attention, segmentation = exported
    source, _ = read_volume(series)
    affine = attention.get_volume_geometry().affine  # from (slice, row, column) to LPS; slices may run backwards
    expected = source.geometry.affine_lps[:, [2, 1, 0, 3]]
    np.testing.assert_allclose(affine[:, 1:3], expected[:, 1:3], rtol=0, atol=1e-4)
    np.testing.assert_allclose(abs(affine[:, 0]), abs(expected[:, 0]), rtol=0, atol=1e-4)
    first_to_last = expected[:3, 3] + np.arange(5)[:, None] * expected[:3, 0]
    ordered = frame_positions(attention)[slice_order(attention, source.geometry)]
    np.testing.assert_allclose(ordered, first_to_last, rtol=0, atol=1e-4)
    places = dict(zip(frame_sources(attention), frame_positions(attention), strict=True))
    for uid, position in zip(frame_sources(segmentation), frame_positions(segmentation), strict=True):
        np.testing.assert_array_equal(position, places[uid])
    for image in (attention, segmentation):
        shared = image.SharedFunctionalGroupsSequence[0]
        np.testing.assert_allclose(
            shared.PlaneOrientationSequence[0].ImageOrientationPatient, (0.36, 0.48, -0.8, -0.8, 0.6, 0), atol=1e-9
        )
        measures = shared.PixelMeasuresSequence[0]
        assert list(measures.PixelSpacing) == [0.5, 0.75]
        assert float(measures.SliceThickness) == 1.0
        np.testing.assert_allclose(float(measures.SpacingBetweenSlices), 1.25, atol=1e-6)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    "axes",
    [
        (1, 0, 0, 0, 1, 0),
        (-1, 0, 0, 0, 1, 0),
        (0, 1, 0, 0, 0, -1),
        (1, 0, 0, 0, 0, -1),
        (0.8, 0, -0.6, 0, 1, 0),
        (*ROW_DIRECTION, *COLUMN_DIRECTION),
    ],
)
def test_every_value_stays_where_it_was_in_the_patient(make_series, make_result, tmp_path, axes, backwards):
    """By the object's own position, orientation and spacing, without a reader's help."""
    series = make_series(axes=axes, step_mm=-1.25 if backwards else 1.25)
    result = make_result(series)
    image = pydicom.dcmread(export_dicom(result, series, None, tmp_path / "out").attention)
    expected, _ = read_volume(result / "attention.nii.gz")
    to_index = np.linalg.inv(expected.geometry.affine_lps)
    stored = np.frombuffer(image.FloatPixelData, "<f4").reshape(5, 6, 7)
    shared = image.SharedFunctionalGroupsSequence[0]
    orientation = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    between_rows, between_columns = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
    row, column = np.meshgrid(range(6), range(7), indexing="ij")
    for frame, position in enumerate(frame_positions(image)):
        places = position + column[..., None] * between_columns * orientation[:3]
        places = places + row[..., None] * between_rows * orientation[3:]
        index = (np.concatenate([places, np.ones((6, 7, 1))], axis=-1) @ to_index.T)[..., :3]
        np.testing.assert_allclose(index, np.rint(index), rtol=0, atol=1e-4)
        x, y, z = np.moveaxis(np.rint(index).astype(int), -1, 0)
        np.testing.assert_array_equal(stored[frame], expected.array[z, y, x])


def test_every_frame_names_the_slice_it_lies_on(exported):
    series, _, attention, segmentation = exported
    slices = {dataset.SOPInstanceUID: dataset for dataset in map(pydicom.dcmread, series.iterdir())}
    for image in (attention, segmentation):
        for uid, position in zip(frame_sources(image), frame_positions(image), strict=True):
            np.testing.assert_allclose(slices[uid].ImagePositionPatient, position, rtol=0, atol=1e-4)
    assert len(set(frame_sources(attention))) == len(slices)


def test_segments_without_voxels_are_there_and_have_no_frame(exported):
    _, result, _, segmentation = exported
    labels, _ = read_volume(result / "segmentation.nii.gz")
    numbers = [segment_number(segmentation, frame) for frame in range(segmentation.NumberOfFrames)]
    assert sorted(set(numbers)) == [1, 2]
    with_voxels = sum(bool((plane == value).any()) for value in (1, 2) for plane in labels.array)
    assert segmentation.NumberOfFrames == len(numbers) == with_voxels


def test_both_refer_to_the_whole_series_in_its_study(exported):
    series, _, attention, segmentation = exported
    headers = read_source_series(series, None).headers
    for image in (attention, segmentation):
        for keyword in SOURCE_FIELDS:
            assert image.get(keyword) == headers[0].get(keyword), keyword
        assert str(image.PatientName) == "Müller^Änne"
        (reference,) = image.ReferencedSeriesSequence
        assert reference.SeriesInstanceUID == headers[0].SeriesInstanceUID
        named = {item.ReferencedSOPInstanceUID for item in reference.ReferencedInstanceSequence}
        assert named == {header.SOPInstanceUID for header in headers}
        assert {item.ReferencedSOPClassUID for item in reference.ReferencedInstanceSequence} == {headers[0].SOPClassUID}
    known = {headers[0].SeriesInstanceUID, attention.SeriesInstanceUID, segmentation.SeriesInstanceUID}
    assert len(known) == 3  # modalities differ, so each is a series of its own
    assert attention.SOPInstanceUID != segmentation.SOPInstanceUID
    assert all(pydicom.uid.UID(uid).is_valid for uid in known)


def test_nothing_that_the_standard_requires_is_missing(exported, violations):
    _, _, attention, segmentation = exported
    used = {"floating-point-image-pixel", "common-instance-reference"}
    assert violations(attention, used) == []
    used = {"frame-of-reference", "common-instance-reference", "general-reference"}
    assert violations(segmentation, used) == []


def test_dciodvfy_finds_no_error(exported, tmp_path):
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("skipped: dciodvfy (dicom3tools) is not installed")
    for path in (tmp_path / "out").iterdir():
        done = subprocess.run([program, str(path)], capture_output=True, text=True)
        said = (done.stdout + done.stderr).splitlines()
        assert [line for line in said if line.startswith(("Error", "Abort"))] == []


def test_the_check_of_what_is_required_can_fail(exported, violations):
    _, _, attention, segmentation = exported
    attention.ContentQualification = ""
    del segmentation.SegmentSequence[1].SegmentAlgorithmType
    assert violations(attention, set()) == ["parametric-map-image: ContentQualification: empty"]
    assert violations(segmentation, set()) == ["segmentation-image: SegmentSequence.SegmentAlgorithmType: missing"]


def test_the_map_says_what_its_values_mean(exported):
    attention = exported[2]
    (mapping,) = attention.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence
    assert (mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept) == (1, 0)
    assert mapping.DoubleFloatRealWorldValueFirstValueMapped == 0
    assert mapping.DoubleFloatRealWorldValueLastValueMapped == 1
    unit = mapping.MeasurementUnitsCodeSequence[0]
    assert (unit.CodeValue, unit.CodingSchemeDesignator) == ("1", "UCUM")
    quantity = mapping.QuantityDefinitionSequence[0]
    assert quantity.ConceptNameCodeSequence[0].CodeValue == "246205007"
    assert quantity.ConceptCodeSequence[0].CodingSchemeDesignator == "99UMAMBAXAI"
    (scheme,) = attention.CodingSchemeIdentificationSequence
    assert scheme.CodingSchemeDesignator == "99UMAMBAXAI"
    assert list(attention.ImageType) == ["DERIVED", "PRIMARY", "VOLUME", "QUANTITY"]
    anatomy = attention.SharedFunctionalGroupsSequence[0].FrameAnatomySequence[0]
    assert (anatomy.FrameLaterality, anatomy.AnatomicRegionSequence[0].CodeValue) == ("U", "59011009")
    window = attention.SharedFunctionalGroupsSequence[0].FrameVOILUTSequence[0]
    assert (window.WindowCenter, window.WindowWidth, window.VOILUTFunction) == (0.5, 1, "LINEAR_EXACT")


def test_segments_carry_codes_and_the_model_that_found_them(exported):
    segmentation = exported[3]
    expected = [
        ("BA", "59011009", "123037004", "Label 1 of the model"),
        ("R-PCA", "70382005", "123037004", "Label 2 of the model"),
        ("aneurysm", "85659009", "49755003", "Label 5 of the model"),
    ]
    for number, (name, kind, category, told) in enumerate(expected, start=1):
        segment = segmentation.get_segment_description(number)
        assert segment.segment_label == name and segment.SegmentDescription == told
        assert (segment.segmented_property_type.value, segment.segmented_property_category.value) == (kind, category)
        assert segment.segmented_property_type.scheme_designator == "SCT"
        assert segment.algorithm_type == SegmentAlgorithmTypeValues.AUTOMATIC
        algorithm = segment.algorithm_identification
        assert (algorithm.name, algorithm.version) == ("UMambaXAI UMambaBot", "0.1.0")
        assert algorithm.family == codes.cid7162.ArtificialIntelligence
        assert algorithm.parameters["model_sha256"] == "ab" * 32 and algorithm.parameters["fold"] == "0 1"


def test_both_say_that_they_are_for_research_and_how_they_were_made(exported):
    for image in exported[2:]:
        assert image.ContentQualification == "RESEARCH"
        assert image["ContentCreatorName"].is_empty
        assert "research use only" in image.SeriesDescription and "research use only" in image.ContentDescription
        assert "seg-xres-cam" in image.DerivationDescription and "ab" * 32 in image.DerivationDescription
        assert list(image.SoftwareVersions)[0] == "UMambaXAI 0.1.0"
        assert image.DeviceSerialNumber == "ab" * 32
        assert "QualityControlImage" not in image and "PHANTOM" not in image.SeriesDescription


def test_the_map_carries_its_badges(exported, make_series, make_result, tmp_path):
    assert exported[2].ContentDescription == "Attention, sanity gate not judged, research use only"
    series = make_series(name="judged")
    numbers = {"value": 0.9, "limit": 0.7, "text": "The map stays much the same."}
    badges = [{"name": "parameter_randomisation", "passed": False, **numbers}]
    result = make_result(series, name="of_judged", badges=badges, phantom=True)
    image = pydicom.dcmread(export_dicom(result, series, None, tmp_path / "judged_out").attention)
    assert image.ContentDescription == "PHANTOM Attention, sanity gate failed, research use only"
    assert "Depends on what the network learned: not earned" in image.DerivationDescription


def test_the_body_part_is_taken_over(exported, make_series, make_result, tmp_path):
    assert "BodyPartExamined" not in exported[2]

    def change(number, dataset):
        dataset.BodyPartExamined = "HEAD"

    series = make_series(name="head", change=change)
    export = export_dicom(make_result(series, name="of_head"), series, None, tmp_path / "head_out")
    for path in (export.attention, export.segmentation):
        image = pydicom.dcmread(path)
        assert image.BodyPartExamined == "HEAD"


def test_a_phantom_is_marked(make_series, make_result, tmp_path):
    series = make_series()
    of_result = export_dicom(make_result(series, phantom=True), series, None, tmp_path / "of_result")

    def change(number, dataset):
        dataset.QualityControlImage = "YES"

    series = make_series(name="quality", change=change)
    of_series = export_dicom(make_result(series, name="plain"), series, None, tmp_path / "of_series")
    for path in (of_result.attention, of_result.segmentation, of_series.attention, of_series.segmentation):
        image = pydicom.dcmread(path)
        assert image.QualityControlImage == "YES"
        assert image.SeriesDescription.startswith("PHANTOM") and "PHANTOM" in image.DerivationDescription


def test_gdcm_opens_the_segmentation_with_the_same_voxels(exported, tmp_path):
    image = sitk.ReadImage(str(tmp_path / "out" / "segmentation.dcm"))  # GDCM places frames one mm apart: not looked at
    array, segmentation = sitk.GetArrayFromImage(image), exported[3]
    assert array.shape == (segmentation.NumberOfFrames, 6, 7)
    for frame in range(segmentation.NumberOfFrames):
        np.testing.assert_array_equal(array[frame] > 0, segmentation.get_stored_frame(frame + 1) == 1)


@pytest.mark.parametrize("size", [(3, 3), (5, 7), (8, 8)])
def test_bits_are_padded_with_zeros(make_series, make_result, tmp_path, size):
    series = make_series(3, size=size)
    image = pydicom.dcmread(export_dicom(make_result(series), series, None, tmp_path / "out").segmentation)
    bits = np.unpackbits(np.frombuffer(image.PixelData, np.uint8), bitorder="little")
    used = image.NumberOfFrames * size[0] * size[1]
    assert len(image.PixelData) % 2 == 0 and not bits[used:].any() and bits[:used].any()
