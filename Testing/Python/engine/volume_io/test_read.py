"""Every format gives the stored voxels at their true place in the patient."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.volume_io import read_volume

ENDINGS = [".nii", ".nii.gz", ".nrrd", ".nhdr", ".mha", ".mhd"]
SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def written_by_another_program(path: Path, array: np.ndarray, geometry, sitk_image) -> None:
    if path.name.endswith((".nii", ".nii.gz")):  # ITK itself writes no left-handed qform
        nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(array.T), geometry.affine_ras), path)
    else:
        sitk.WriteImage(sitk_image(array, geometry), str(path))


@pytest.mark.parametrize("ending", ENDINGS)
@SLOW
@given(data=st.data())
def test_a_marked_voxel_is_found_where_it_lies_in_the_patient(tmp_path, geometries, sitk_image, ending, data):
    geometry = data.draw(geometries)
    marked = tuple(data.draw(st.integers(0, count - 1)) for count in geometry.size)
    array = np.zeros(geometry.shape, dtype=np.int16)
    array[marked[::-1]] = 7
    path = tmp_path / f"case{ending}"
    written_by_another_program(path, array, geometry, sitk_image)

    volume, facts = read_volume(path)

    z, y, x = (int(index[0]) for index in np.nonzero(volume.array))
    found = volume.geometry.affine_lps @ (x, y, z, 1)
    np.testing.assert_allclose(found, geometry.affine_lps @ (*marked, 1), atol=1e-3)
    assert facts.intensity_range == (0, 7)
    assert facts.orientation_known


@pytest.mark.parametrize("ending", ENDINGS)
@SLOW
@given(data=st.data())
def test_the_grid_is_the_one_itk_gives(tmp_path, geometries, sitk_image, ending, data):
    geometry = data.draw(geometries)
    array = np.arange(np.prod(geometry.size), dtype=np.float32).reshape(geometry.shape)
    path = tmp_path / f"case{ending}"
    written_by_another_program(path, array, geometry, sitk_image)
    expected = sitk.ReadImage(str(path))

    volume, _ = read_volume(path)

    np.testing.assert_array_equal(volume.array, sitk.GetArrayFromImage(expected))
    own = volume.geometry
    assert (own.size, own.spacing_mm, own.origin_mm, own.direction) == (
        expected.GetSize(),
        expected.GetSpacing(),
        expected.GetOrigin(),
        expected.GetDirection(),
    )


@pytest.mark.parametrize("stored", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
@pytest.mark.parametrize("scaling", [(1, 0), (2.20863, 0), (0.017, 581.0), (-2.0, 0), (1, -1024), (float("nan"), 0)])
@pytest.mark.parametrize("byte_order", "<>")
def test_values_and_types_are_those_of_itk(tmp_path, stored, scaling, byte_order):
    array = np.random.default_rng(1).integers(0, 120, (4, 3, 5)).astype(stored)
    header = nibabel.Nifti1Header(endianness=byte_order)
    header.set_data_dtype(array.dtype)
    path = tmp_path / "case.nii"
    nibabel.save(nibabel.Nifti1Image(array, np.eye(4), header, dtype=array.dtype), path)
    raw = bytearray(path.read_bytes())
    raw[112:120] = np.array(scaling, dtype=byte_order + "f4").tobytes()
    path.write_bytes(raw)

    volume, _ = read_volume(path)

    expected = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    assert volume.array.dtype == expected.dtype
    assert volume.array.tobytes() == expected.tobytes()


def test_big_endian_nrrd_and_metaimage_are_read(tmp_path):
    values = np.arange(60).reshape(3, 4, 5)
    nrrd = "NRRD0004\ntype: short\ndimension: 3\nsizes: 5 4 3\nendian: big\nencoding: raw\n\n"
    (tmp_path / "a.nrrd").write_bytes(nrrd.encode() + values.astype(">i2").tobytes())
    meta = (
        "NDims = 3\nDimSize = 5 4 3\nElementType = MET_SHORT\nElementSpacing = 1 1 1\n"
        "ElementByteOrderMSB = True\nElementDataFile = LOCAL\n"
    )
    (tmp_path / "a.mha").write_bytes(meta.encode() + values.astype(">i2").tobytes())
    for name in ("a.nrrd", "a.mha"):
        np.testing.assert_array_equal(read_volume(tmp_path / name)[0].array, values)


def test_endings_are_recognised_in_capitals_and_compression_by_content(nifti_file, tmp_path):
    plain = nifti_file()
    (tmp_path / "CASE.NII").write_bytes(plain.read_bytes())
    (tmp_path / "not_really.nii.gz").write_bytes(plain.read_bytes())
    (tmp_path / "packed.nii.gz").write_bytes(gzip.compress(plain.read_bytes()))
    expected = read_volume(plain)[0].array
    for name in ("CASE.NII", "not_really.nii.gz", "packed.nii.gz"):
        np.testing.assert_array_equal(read_volume(tmp_path / name)[0].array, expected)


def test_a_gzip_file_of_several_members_is_read_whole(nifti_file, tmp_path):
    raw = nifti_file().read_bytes()
    path = tmp_path / "members.nii.gz"
    path.write_bytes(gzip.compress(raw[:500]) + gzip.compress(raw[500:]))
    np.testing.assert_array_equal(read_volume(path)[0].array, read_volume(nifti_file())[0].array)


def test_a_series_of_one_frame_is_a_volume(nifti_file):
    path = nifti_file(array=np.arange(60, dtype=np.int16).reshape(5, 4, 3, 1))
    assert read_volume(path)[0].array.shape == (3, 4, 5)


def test_a_single_slice_is_read_with_a_warning(nifti_file):
    volume, facts = read_volume(nifti_file(array=np.arange(20, dtype=np.int16).reshape(5, 4, 1)))
    assert volume.array.shape == (1, 4, 5)
    assert [warning.code for warning in facts.warnings] == ["single_slice"]
    assert "5x4x1" in facts.warnings[0].message


def test_a_constant_image_is_read_with_a_warning(nifti_file):
    _, facts = read_volume(nifti_file(array=np.full((5, 4, 3), 12, dtype=np.int16)))
    assert [warning.code for warning in facts.warnings] == ["constant_image"]
    assert "12" in facts.warnings[0].message


def test_a_file_that_does_not_name_the_patients_sides_says_so(nifti_file, tmp_path):
    nrrd = "NRRD0004\ntype: uchar\ndimension: 3\nsizes: 3 2 2\nencoding: raw\nspacings: 1 1 2\n\n"
    (tmp_path / "a.nrrd").write_bytes(nrrd.encode() + bytes(range(12)))
    for path in (nifti_file((252, "h", 0), (254, "h", 0)), tmp_path / "a.nrrd"):
        volume, facts = read_volume(path)
        assert not facts.orientation_known
        assert [warning.code for warning in facts.warnings] == ["orientation_unknown"]
        assert "LPS" in facts.warnings[0].message


def test_two_positions_in_one_header_are_told_and_itks_is_used(nifti_file):
    affine = np.diag([1.0, 2.0, 3.0, 1.0])
    path = nifti_file(affine=affine)
    image = nibabel.load(path, mmap=False)
    image.set_qform(affine, 1)
    moved = affine.copy()
    moved[0, 3] = 10.0
    image.set_sform(moved, 4)
    nibabel.save(image, path)

    volume, facts = read_volume(path)

    assert volume.geometry.origin_mm == sitk.ReadImage(str(path)).GetOrigin()
    assert [warning.code for warning in facts.warnings] == ["transforms_disagree"]
    assert "qform is used" in facts.warnings[0].message


def test_a_phantom_is_recognised_by_its_description(nifti_file):
    mark = b"UMambaXAI phantom (synthetic, not a patient)"
    assert read_volume(nifti_file((148, "80s", mark)))[1].is_phantom
    assert not read_volume(nifti_file())[1].is_phantom


@pytest.mark.parametrize(
    "name",
    [
        "angio/topcow066_mra_crop.mha",
        "angio/niivue_CT_AVM.nii.gz",
        "angio/niivue_chris_MRA.nii.gz",
        "masks/topcow_ct_roi_003.nii.gz",
        "masks/topcow_mr_roi_014.nii.gz",
        "geometry/orient_RAS.nii.gz",
        "geometry/orient_LAS.nii.gz",
        "geometry/ct_phantom_oblique_pitch.nii.gz",
        "geometry/tiny_7x5x3.nii.gz",
        "geometry/bigendian_int16_LAS.nii",
    ],
)
def test_real_files_are_read_as_itk_reads_them(reference_data, name):
    path = reference_data / "data" / name
    expected = sitk.ReadImage(str(path))
    volume, facts = read_volume(path)
    assert volume.array.tobytes() == sitk.GetArrayFromImage(expected).tobytes()
    assert volume.geometry.origin_mm == expected.GetOrigin()
    assert volume.geometry.direction == expected.GetDirection()
    assert facts.warnings == ()


def test_the_same_head_in_two_orientations_lies_at_the_same_place(reference_data):
    folder = reference_data / "data" / "geometry"
    ras, las = (read_volume(folder / f"orient_{code}.nii.gz")[0] for code in ("RAS", "LAS"))
    centres = []
    for volume in (ras, las):
        weights = volume.array.astype(float)
        index = [np.average(np.indices(weights.shape)[axis], weights=weights) for axis in (2, 1, 0)]
        centres.append(volume.geometry.affine_ras @ (*index, 1))
    np.testing.assert_allclose(centres[0], centres[1], atol=2.5)  # the two differ by the voxel they were flipped about
