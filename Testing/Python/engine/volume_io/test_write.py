"""Results lie on exactly the grid of the input, whoever reads them, and are whole or not there."""

from __future__ import annotations

import errno
import os

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.volume import Volume
from UMambaXAILogic.engine.volume_io import read_volume, write_volume

SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def grid_itk_gives(path):
    image = sitk.ReadImage(str(path))
    return image.GetSize(), image.GetSpacing(), image.GetOrigin(), image.GetDirection()


@SLOW
@given(data=st.data())
def test_a_nifti_result_has_the_very_grid_of_its_nifti_input(tmp_path, geometries, data):
    geometry = data.draw(geometries)
    codes = data.draw(st.sampled_from([(1, 1), (0, 2), (4, 0), (2, 2), (0, 0), (1, 4)]))
    image = nibabel.Nifti1Image(np.zeros(geometry.size, dtype=np.int16), geometry.affine_ras)
    image.set_qform(geometry.affine_ras, codes[0])
    image.set_sform(geometry.affine_ras, codes[1])
    nibabel.save(image, tmp_path / "in.nii.gz")
    volume, _ = read_volume(tmp_path / "in.nii.gz")
    attention = np.random.default_rng(0).random(volume.array.shape, dtype=np.float32)

    write_volume(attention, tmp_path / "out.nii.gz", like=volume)

    assert grid_itk_gives(tmp_path / "out.nii.gz") == grid_itk_gives(tmp_path / "in.nii.gz")
    written, source = (nibabel.load(tmp_path / name) for name in ("out.nii.gz", "in.nii.gz"))
    np.testing.assert_array_equal(written.affine, source.affine)
    assert written.header.get_zooms() == source.header.get_zooms()
    assert written.get_data_dtype() == np.float32
    np.testing.assert_array_equal(np.asarray(written.dataobj).T, attention)


@pytest.mark.parametrize("name", ["out.nii.gz", "out.nii", "out.nrrd"])
@SLOW
@given(data=st.data())
def test_every_format_returns_voxels_to_their_place(tmp_path, geometries, name, data):
    geometry = data.draw(geometries)
    labels = np.random.default_rng(0).integers(0, 9, geometry.shape)
    write_volume(labels, tmp_path / name, like=Volume(labels, geometry))
    tolerance = {"atol": 1e-9, "rtol": 1e-12} if name.endswith("nrrd") else {"atol": 1e-4, "rtol": 1e-6}

    volume, _ = read_volume(tmp_path / name)

    np.testing.assert_array_equal(volume.array, labels)
    np.testing.assert_allclose(volume.geometry.affine_lps, geometry.affine_lps, **tolerance)
    assert volume.geometry.size == geometry.size


@pytest.mark.parametrize("ending", [".mha", ".nrrd", ".nii.gz"])
def test_a_nifti_result_of_another_format_agrees_to_float32(tmp_path, oblique, sitk_image, ending):
    path = tmp_path / f"in{ending}"
    sitk.WriteImage(sitk_image(np.ones(oblique.shape, dtype=np.int16), oblique), str(path))
    volume, _ = read_volume(path)
    write_volume(volume.array, tmp_path / "out.nii.gz", like=volume)
    for own, given_ in zip(grid_itk_gives(tmp_path / "out.nii.gz"), grid_itk_gives(path), strict=True):
        np.testing.assert_allclose(own, given_, rtol=1e-6, atol=1e-6)


def test_a_big_endian_scaled_input_leaves_no_trace_in_the_result(tmp_path):
    header = nibabel.Nifti1Header(endianness=">")
    header.set_data_dtype(np.dtype(">i2"))
    image = nibabel.Nifti1Image(np.ones((3, 4, 5), dtype=np.int16), np.diag([-1.1, 2.2, 3.3, 1]), header)
    image.header.set_slope_inter(0.5, 100.0)
    nibabel.save(image, tmp_path / "in.nii")
    volume, _ = read_volume(tmp_path / "in.nii")
    labels = np.arange(60, dtype=np.int64).reshape(5, 4, 3)

    write_volume(labels, tmp_path / "out.nii", like=volume)

    written = nibabel.load(tmp_path / "out.nii")
    assert written.dataobj.slope == 1
    assert written.dataobj.inter == 0
    np.testing.assert_array_equal(np.asarray(written.dataobj).T, labels)
    np.testing.assert_array_equal(written.affine, nibabel.load(tmp_path / "in.nii").affine)


@pytest.mark.parametrize(
    ("values", "stored"),
    [
        (np.array([True, False]), "uint8"),
        (np.array([0, 255]), "uint8"),
        (np.array([0, 256]), "uint16"),
        (np.array([0, 70_000]), "uint32"),
        (np.array([-1000, 300]), "int16"),
        (np.array([0.5, 1.0]), "float32"),
    ],
)
@pytest.mark.parametrize("name", ["out.nii", "out.nrrd"])
def test_values_are_stored_in_the_smallest_type_that_holds_them(tmp_path, oblique, values, stored, name):
    array = np.resize(values, oblique.shape)
    write_volume(array, tmp_path / name, like=Volume(array, oblique))
    written = read_volume(tmp_path / name)[0].array
    assert written.dtype == stored
    np.testing.assert_array_equal(written, array)


def test_arrays_that_are_views_in_another_order_are_written_right(tmp_path, oblique):
    array = np.arange(np.prod(oblique.size), dtype=np.float64).reshape(oblique.size).T[:, ::-1, :]
    write_volume(array, tmp_path / "out.nrrd", like=Volume(array, oblique))
    np.testing.assert_array_equal(read_volume(tmp_path / "out.nrrd")[0].array, array)


def test_equal_results_are_equal_files(tmp_path, oblique):
    array = np.ones(oblique.shape, dtype=np.float32)
    for name in ("a.nii.gz", "b.nii.gz"):
        write_volume(array, tmp_path / name, like=Volume(array, oblique))
    assert (tmp_path / "a.nii.gz").read_bytes() == (tmp_path / "b.nii.gz").read_bytes()


@pytest.mark.parametrize("name", ["out.nii.gz", "out.nrrd"])
def test_what_is_made_from_a_phantom_says_so(tmp_path, oblique, name):
    array = np.ones(oblique.shape, dtype=np.float32)
    write_volume(array, tmp_path / name, like=Volume(array, oblique, is_phantom=True))
    assert read_volume(tmp_path / name)[1].is_phantom
    assert b"phantom" in sitk_metadata(tmp_path / name)


def sitk_metadata(path) -> bytes:
    image = sitk.ReadImage(str(path))
    return b"".join(image.GetMetaData(key).encode() for key in image.GetMetaDataKeys())


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, oblique, monkeypatch):
    array = np.ones(oblique.shape, dtype=np.float32)
    path = tmp_path / "out.nii.gz"
    write_volume(array, path, like=Volume(array, oblique))
    before = path.read_bytes()

    def no_space(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", no_space)
    with pytest.raises(UsageError, match="No space left"):
        write_volume(2 * array, path, like=Volume(array, oblique))
    assert [file.name for file in tmp_path.iterdir()] == ["out.nii.gz"]
    assert path.read_bytes() == before


def test_unknown_endings_and_missing_folders_are_refused(tmp_path, oblique):
    array = np.ones(oblique.shape, dtype=np.float32)
    with pytest.raises(UsageError, match="out.png"):
        write_volume(array, tmp_path / "out.png", like=Volume(array, oblique))
    with pytest.raises(UsageError, match="No such file"):
        write_volume(array, tmp_path / "absent" / "out.nii.gz", like=Volume(array, oblique))


@pytest.mark.parametrize("name", ["orient_LAS.nii.gz", "ct_phantom_oblique_pitch.nii.gz", "bigendian_int16_LAS.nii"])
def test_results_of_real_files_lie_on_their_grid(tmp_path, reference_data, name):
    path = reference_data / "data" / "geometry" / name
    volume, _ = read_volume(path)
    write_volume(volume.array > 100, tmp_path / "out.nii.gz", like=volume)
    assert grid_itk_gives(tmp_path / "out.nii.gz") == grid_itk_gives(path)
    np.testing.assert_array_equal(nibabel.load(tmp_path / "out.nii.gz").affine, nibabel.load(path).affine)
