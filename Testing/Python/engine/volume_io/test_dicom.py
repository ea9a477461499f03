"""A folder of slices is one regular volume, or the reason why not is told with the positions."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.volume_io import read_volume

TILT = (0.0, 0.4, 2.5)


def refusal(folder, *, series_uid=None) -> str:
    with pytest.raises(InputError) as caught:
        read_volume(folder, series_uid=series_uid)
    assert caught.value.remedy
    return caught.value.message


@pytest.fixture(autouse=True)
def no_noise(capfd):
    """Nothing but the error reaches the terminal."""
    yield
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_slices_are_ordered_by_position_whatever_their_names_and_numbers(dicom_folder):
    volume, facts = read_volume(dicom_folder(5))
    assert volume.geometry.size == (7, 6, 5)
    np.testing.assert_allclose(volume.geometry.spacing_mm, (0.75, 0.5, 2.5))
    np.testing.assert_allclose(volume.geometry.origin_mm, (-20, -20, -20))
    expected = np.arange(42).reshape(6, 7) + 100 * np.arange(5)[:, None, None] - 1024
    np.testing.assert_array_equal(volume.array, expected)
    assert (facts.file_format, facts.modality, facts.rescale_type) == ("DICOM", "CT", "HU")


def test_an_oblique_series_stored_backwards_lies_at_its_place(dicom_folder):
    row, column = np.array([0, 0.8, -0.6]), np.array([1.0, 0, 0])
    normal = np.cross(row, column)
    folder = dicom_folder(4, axes=(*row, *column), step_mm=-1.5 * normal)
    volume, _ = read_volume(folder)
    index = (2, 1, 3)  # the last slice along the normal is the first that was written
    expected = np.full(3, -20.0) + 2 * 0.75 * row + 1 * 0.5 * column
    np.testing.assert_allclose((volume.geometry.affine_lps @ (*index, 1))[:3], expected, atol=1e-4)
    assert volume.array[3, 1, 2] == 1 * 7 + 2 - 1024


def test_rescale_slopes_that_differ_between_slices_are_not_rounded(dicom_folder):
    def change(number, dataset):
        dataset.RescaleSlope = 1 if number == 0 else 0.25 * number

    volume, _ = read_volume(dicom_folder(3, change=change))
    stored = np.arange(42).reshape(6, 7)
    np.testing.assert_allclose(volume.array[1], (stored + 100) * 0.25 - 1024)
    np.testing.assert_allclose(volume.array[2], (stored + 200) * 0.5 - 1024)


def test_other_files_in_the_folder_are_passed_over(dicom_folder):
    folder = dicom_folder(3)
    (folder / "README.txt").write_text("notes")
    assert read_volume(folder)[0].geometry.size == (7, 6, 3)


def test_several_series_are_listed_and_one_can_be_named(dicom_folder):
    first, second = generate_uid(), generate_uid()
    dicom_folder(5, uid=first, description="CTA 0.6")
    folder = dicom_folder(3, uid=second, description="native")
    message = refusal(folder)
    assert f"{first} (CTA 0.6, CT, 5 slices)" in message
    assert f"{second} (native, CT, 3 slices)" in message
    assert read_volume(folder, series_uid=second)[0].geometry.size == (7, 6, 3)
    assert "1.2.3.4" in refusal(folder, series_uid="1.2.3.4")


def test_a_folder_without_dicom(tmp_path):
    (tmp_path / "note.txt").write_text("nothing here")
    assert str(tmp_path) in refusal(tmp_path)


def test_missing_slices_are_refused_with_their_position(dicom_folder):
    def change(number, dataset):
        dataset.ImagePositionPatient = [-20, -20, -20 + 2.5 * (number if number < 3 else number + 2)]

    message = refusal(dicom_folder(6, change=change))
    assert "7.5 mm between -15 and -7.5 mm" in message


def test_small_irregularities_are_read_and_measured(dicom_folder):
    heights_mm = [0.0, 2.5, 5.1, 7.5, 10.0]  # distances 2.5, 2.6, 2.4, 2.5

    def change(number, dataset):
        dataset.ImagePositionPatient[2] = -20 + heights_mm[number]

    _, facts = read_volume(dicom_folder(5, change=change))
    assert facts.slice_gap_irregularity == pytest.approx(0.1 / 2.5)
    assert read_volume(dicom_folder(5, name="regular"))[1].slice_gap_irregularity == pytest.approx(0, abs=1e-12)


def test_irregular_distances_are_refused(dicom_folder):
    def change(number, dataset):
        dataset.ImagePositionPatient = [-20, -20, -20 + [0, 2.5, 5.0, 8.5, 10.0][number]]

    assert "irregular" in refusal(dicom_folder(5, change=change))


def test_positions_rounded_to_a_tenth_are_regular(dicom_folder):
    def change(number, dataset):
        dataset.ImagePositionPatient = [-20, -20, round(-20 + 0.625 * number, 1)]

    volume, _ = read_volume(dicom_folder(9, change=change))
    np.testing.assert_allclose(volume.geometry.spacing_mm[2], 0.625)


def test_several_slices_at_one_position_are_refused(dicom_folder):
    def change(number, dataset):
        dataset.ImagePositionPatient = [-20, -20, -20 + 2.5 * (number // 2)]

    assert "several slices at one position" in refusal(dicom_folder(6, change=change))


def test_a_tilted_gantry_is_refused_with_its_angle(dicom_folder):
    assert "tilted gantry (9.09 degrees)" in refusal(dicom_folder(5, step_mm=TILT))


@pytest.mark.parametrize(
    ("change", "offending"),
    [
        (lambda number, d: number == 2 and setattr(d, "ImageOrientationPatient", [1, 0, 0, 0, 0, -1]), "orientations"),
        (lambda number, d: number == 2 and setattr(d, "PixelSpacing", [1.0, 1.0]), "pixel spacings"),
        (
            lambda number, d: number == 2 and (setattr(d, "Rows", 3), setattr(d, "PixelData", d.PixelData[:42])),
            "sizes",
        ),
        (lambda number, d: delattr(d, "ImagePositionPatient"), "image position"),
        (lambda number, d: delattr(d, "PixelSpacing"), "pixel spacing"),
        (lambda number, d: setattr(d, "PhotometricInterpretation", "MONOCHROME1"), "MONOCHROME1"),
        (lambda number, d: setattr(d, "ImageOrientationPatient", [1, 0, 0, 0.3, 0.9539, 0]), "perpendicular"),
    ],
    ids=["localizer", "spacing", "size", "no position", "no spacing", "inverted", "sheared rows"],
)
def test_slices_that_do_not_make_one_volume_are_refused(dicom_folder, change, offending):
    assert offending in refusal(dicom_folder(5, change=change))


def test_colour_slices_are_refused(dicom_folder):
    def change(number, dataset):
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
        dataset.PixelData = bytes(6 * 7 * 3)

    assert "colour" in refusal(dicom_folder(3, change=change))


def test_a_multi_frame_file_is_refused(dicom_folder):
    def change(number, dataset):
        dataset.NumberOfFrames = 4
        dataset.PixelData = dataset.PixelData * 4

    assert "multi-frame" in refusal(dicom_folder(1, change=change))


def test_a_single_slice_has_no_slice_distance(dicom_folder):
    assert "single slice" in refusal(dicom_folder(1))


@pytest.mark.parametrize("kept", [0, 140, 600, -30])
def test_a_truncated_file_is_named_although_gdcm_leaves_it_out(dicom_folder, kept):
    folder = dicom_folder(6)
    last = max(folder.iterdir(), key=lambda path: pydicom.dcmread(path).ImagePositionPatient[2])
    last.write_bytes(last.read_bytes()[:kept])
    assert last.name in refusal(folder)


def test_a_report_beside_the_series_is_passed_over(dicom_folder):
    uid = generate_uid()
    folder = dicom_folder(3, uid=uid)
    report = pydicom.dcmread(next(folder.iterdir()))
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.22"
    del report.PixelData
    report.save_as(folder / "report.dcm")
    assert read_volume(folder)[0].geometry.size == (7, 6, 3)


def test_the_real_series_is_read_and_says_that_it_is_not_in_hounsfield_units(reference_data):
    folder = reference_data / "data" / "dicom" / "slicer_CTHeadAxialDicom"
    volume, facts = read_volume(folder)
    assert volume.geometry.size == (64, 64, 93)
    np.testing.assert_allclose(volume.geometry.spacing_mm, (3.2, 3.2, 1.5))
    assert facts.intensity_range == (0, 3926)
    assert (facts.modality, facts.rescale_type) == ("CT", "US")
    middle = next(path for path in folder.iterdir() if pydicom.dcmread(path).ImagePositionPatient[2] == 60.0)
    np.testing.assert_array_equal(volume.array[40], pydicom.dcmread(middle).pixel_array)
