"""What cannot be read rightly is refused in one paragraph that names the file, the value and the remedy."""

from __future__ import annotations

import errno
import gzip
import os
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.volume_io import read_volume

NAN = float("nan")
SFORM_X, SFORM_CODE, QFORM_CODE, PIXDIM_X, UNITS, SLOPE, INTERCEPT = 280, 254, 252, 80, 123, 112, 116


def refusal(path, *, series_uid=None) -> str:
    with pytest.raises(InputError) as caught:
        read_volume(path, series_uid=series_uid)
    assert caught.value.remedy
    assert path.name in caught.value.message
    return caught.value.message


@pytest.fixture(autouse=True)
def no_noise(capfd):
    """Nothing but the error reaches the terminal."""
    yield
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")


def test_a_missing_file(tmp_path):
    assert "No such file" in refusal(tmp_path / "absent.nii.gz")


def test_a_file_of_another_kind(tmp_path):
    path = tmp_path / "case.png"
    path.write_bytes(b"PNG")
    assert "no known format" in refusal(path)


def test_a_single_dicom_file(tmp_path):
    path = tmp_path / "slice.dcm"
    path.write_bytes(b"DICM")
    assert "single DICOM file" in refusal(path)


@pytest.mark.parametrize("name", ["case.nii", "case.nrrd", "case.mha"])
def test_a_file_without_read_permission(tmp_path, monkeypatch, name):
    def refuse(*_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    (tmp_path / name).touch()
    monkeypatch.setattr(Path, "open", refuse)
    assert "Permission denied" in refusal(tmp_path / name)


@pytest.mark.parametrize("name", ["case.nii", "case.nii.gz", "case.nrrd", "case.mha"])
def test_a_file_that_is_something_else_inside(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"this is no image" * 50)
    refusal(path)


@pytest.mark.parametrize("name", ["case.nii", "case.nii.gz", "case.nrrd", "case.mha"])
@pytest.mark.parametrize("content", [b"", b"\x1f\x8b"])
def test_an_empty_file(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    refusal(path)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.mha"])
@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_truncated_file(tmp_path, capfd, name, compressed, share):
    path = tmp_path / name
    values = np.random.default_rng(0).integers(0, 1000, (20, 20, 20)).astype(np.int16)
    sitk.WriteImage(sitk.GetImageFromArray(values), str(path), compressed)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(share * len(raw))])
    capfd.readouterr()
    refusal(path)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_header_that_claims_more_voxels_than_memory_holds(nifti_file, compressed):
    path = nifti_file((42, "h", 30_000), (44, "h", 30_000), (46, "h", 30_000))
    if compressed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    assert "30000x30000x30000 voxels do not fit" in refusal(path)


def test_a_compressed_file_with_a_wrong_checksum(nifti_file, tmp_path):
    packed = bytearray(gzip.compress(nifti_file().read_bytes()))
    packed[-6] ^= 0xFF
    path = tmp_path / "case.nii.gz"
    path.write_bytes(packed)
    assert "damaged" in refusal(path)


def test_detached_voxels_that_are_not_there(tmp_path):
    path = tmp_path / "case.nhdr"
    path.write_text(
        "NRRD0004\ntype: short\ndimension: 3\nsizes: 7 6 5\nendian: little\nencoding: raw\ndata file: x.raw\n"
    )
    assert "x.raw" in refusal(path)


def test_a_series_of_volumes(nifti_file):
    assert "series of 2 volumes (5x4x3x2)" in refusal(nifti_file(array=np.zeros((5, 4, 3, 2), dtype=np.int16)))


def test_a_real_series_of_volumes(reference_data):
    assert "128x96x24x2" in refusal(reference_data / "data" / "geometry" / "4d_epi_128x96x24x2.nii.gz")


def test_a_two_dimensional_image(nifti_file, tmp_path):
    assert "2-D" in refusal(nifti_file(array=np.zeros((5, 4), dtype=np.int16)))
    path = tmp_path / "flat.nrrd"
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((4, 5), dtype=np.int16)), str(path))
    assert "2-D" in refusal(path)


def test_colours_vectors_and_complex_numbers(nifti_file, tmp_path):
    colours = np.zeros((5, 4, 3), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    assert "colours" in refusal(nifti_file(array=colours))
    assert "3 values per voxel" in refusal(nifti_file(array=np.zeros((5, 4, 3, 1, 3), dtype=np.float32)))
    assert "complex" in refusal(nifti_file(array=np.zeros((5, 4, 3), dtype=np.complex64)))
    path = tmp_path / "vectors.mha"
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((3, 4, 5, 2), dtype=np.float32), isVector=True), str(path))
    assert "2 components per voxel" in refusal(path)


def test_a_fourth_axis_of_length_one_that_makes_itk_lose_the_origin(tmp_path):
    path = tmp_path / "case.nrrd"
    header = (
        "NRRD0004\ntype: uchar\ndimension: 4\nspace: left-posterior-superior\nsizes: 3 2 2 1\n"
        "space directions: (1,0,0) (0,1,0) (0,0,1) none\nspace origin: (5,6,7)\nkinds: domain domain domain list\n"
        "encoding: raw\n\n"
    )
    path.write_bytes(header.encode() + bytes(12))
    assert "components" in refusal(path)


@pytest.mark.parametrize("count", [0, -1])
def test_no_voxels(nifti_file, tmp_path, count):
    assert "no voxels" in refusal(nifti_file((42, "h", count)))
    path = tmp_path / "case.mha"
    path.write_text(f"NDims = 3\nDimSize = 5 4 {count}\nElementType = MET_SHORT\nElementDataFile = LOCAL\n")
    refusal(path)


def test_values_that_are_not_finite_are_counted(nifti_file):
    values = np.zeros((5, 4, 3), dtype=np.float32)
    values[0, 0, :2] = np.nan
    values[1, 1, 1] = -np.inf
    message = refusal(nifti_file(array=values))
    assert "2 voxels that are NaN and 1 that are infinite, of 60" in message


@pytest.mark.parametrize("value", [0.0, -1.0, NAN, float("inf")])
def test_spacings_that_are_not_positive_numbers(nifti_file, tmp_path, value):
    assert "pixdim" in refusal(nifti_file((PIXDIM_X, "f", value)))
    path = tmp_path / "case.mha"
    header = f"NDims = 3\nDimSize = 3 2 2\nElementType = MET_UCHAR\nElementSpacing = 1 {value} 1\n"
    path.write_bytes((header + "ElementDataFile = LOCAL\n").encode() + bytes(12))
    assert "elementspacing" in refusal(path)


def test_positions_that_are_not_finite(nifti_file, tmp_path):
    assert "sform" in refusal(nifti_file((SFORM_X + 12, "f", NAN)))
    path = tmp_path / "case.mha"
    header = "NDims = 3\nDimSize = 3 2 2\nElementType = MET_UCHAR\nOffset = 0 nan 0\nElementDataFile = LOCAL\n"
    path.write_bytes(header.encode() + bytes(12))
    assert "0 nan 0" in refusal(path)


@pytest.mark.parametrize("with_qform", [False, True])
@pytest.mark.parametrize("shear", [0.5, 0.02, 0.003])
def test_a_sheared_sform_even_where_itk_would_take_the_qform(nifti_file, with_qform, shear):
    edits = [(SFORM_X + 4, "f", shear), (SFORM_CODE, "h", 1), (QFORM_CODE, "h", int(with_qform))]
    assert "sheared" in refusal(nifti_file(*edits))


def test_a_singular_sform(nifti_file):
    assert "sheared or its axes are degenerate" in refusal(nifti_file((SFORM_X, "f", 0.0), (SFORM_CODE, "h", 1)))


@pytest.mark.parametrize("ending", ["nrrd", "mha"])
def test_sheared_and_stretched_axes(tmp_path, ending):
    path = tmp_path / f"case.{ending}"
    if ending == "nrrd":
        header = (
            "NRRD0004\ntype: uchar\ndimension: 3\nspace: left-posterior-superior\nsizes: 3 2 2\n"
            "space directions: (1,0,0) (0.5,2,0) (0,0,3)\nencoding: raw\n\n"
        )
    else:
        header = (
            "NDims = 3\nDimSize = 3 2 2\nElementType = MET_UCHAR\nElementSpacing = 1 1 1\n"
            "TransformMatrix = 1 0 0 0 2 0 0 0 1\nElementDataFile = LOCAL\n"
        )
    path.write_bytes(header.encode() + bytes(12))
    assert "sheared" in refusal(path)


def test_a_spacing_that_contradicts_the_sform(nifti_file):
    message = refusal(nifti_file((PIXDIM_X, "f", 2.0), (SFORM_CODE, "h", 1), (QFORM_CODE, "h", 0)))
    assert "contradicts itself" in message
    assert "(1, 2, 3) mm" in message
    assert "(2, 2, 3) mm" in message


def test_sform_and_qform_in_different_orientations(nifti_file):
    affine = np.diag([1.0, 2.0, 3.0, 1.0])
    path = nifti_file(affine=affine)
    image = nibabel.load(path, mmap=False)
    image.set_qform(affine, 1)
    image.set_sform(np.diag([-1.0, 2.0, 3.0, 1.0]), 1)
    nibabel.save(image, path)
    assert "ambiguous" in refusal(path)


@pytest.mark.parametrize(("unit", "name"), [(1, "meter"), (3, "micron"), (5, "invalid")])
def test_positions_in_another_unit(nifti_file, unit, name):
    assert name in refusal(nifti_file((UNITS, "B", unit)))


@pytest.mark.parametrize("scaling", [(2.0, NAN), (2.0, float("inf")), (0.0, -3.0)])
def test_scaling_that_readers_interpret_differently(nifti_file, scaling):
    assert "slope" in refusal(nifti_file((SLOPE, "f", scaling[0]), (INTERCEPT, "f", scaling[1])))


def test_nifti_2_and_header_pairs(nifti_file, tmp_path):
    path = tmp_path / "case.nii"
    nibabel.save(nibabel.Nifti2Image(np.zeros((3, 4, 5), dtype=np.int16), np.eye(4)), path)
    assert "NIfTI-2" in refusal(path)
    assert "magic" in refusal(nifti_file((344, "4s", b"ni1\0")))
