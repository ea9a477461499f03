"""The grid by the header alone is the grid that reading the volume gives, and the same files are refused."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine import grids
from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.volume_io import check_same_voxels, read_geometry, read_volume

EASE = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
@EASE
@given(data=st.data())
def test_header_and_volume_give_one_grid(tmp_path, sitk_image, geometries, suffix, data):
    geometry = data.draw(geometries)
    path = tmp_path / f"case{suffix}"
    sitk.WriteImage(sitk_image(np.zeros(geometry.shape, np.int16) + 3, geometry), str(path))
    assert read_geometry(path) == read_volume(path)[0].geometry


def test_a_dicom_series_too(dicom_folder):
    folder = dicom_folder(5)
    assert grids.is_same_grid(read_geometry(folder), read_volume(folder)[0].geometry)
    dicom_folder(3, uid="1.2.826.99.1234567")
    with pytest.raises(InputError, match="2 DICOM series"):
        read_geometry(folder)
    assert read_geometry(folder, series_uid="1.2.826.99.1234567").size == (7, 6, 3)


def test_a_series_with_a_missing_slice_is_refused(dicom_folder):
    folder = dicom_folder(6)
    sorted(folder.iterdir())[2].unlink()
    with pytest.raises(InputError, match="missing slices"):
        read_geometry(folder)


@pytest.mark.parametrize("edits", [[(40, "h", 4), (48, "h", 3)], [(80, "f", -1.0)], [(123, "b", 3)]])
def test_headers_that_readers_disagree_on_are_refused(nifti_file, edits):
    path = nifti_file(*edits)
    with pytest.raises(InputError) as by_header:
        read_geometry(path)
    with pytest.raises(InputError) as by_volume:
        read_volume(path)
    assert by_header.value.message == by_volume.value.message


def test_what_is_no_volume_is_refused(tmp_path, nifti_file):
    short = nifti_file(name="short.nii")
    short.write_bytes(short.read_bytes()[:400])
    tiny = tmp_path / "tiny.nii.gz"
    tiny.write_bytes(gzip.compress(b"no header"))
    picture = tmp_path / "picture.mha"
    sitk.WriteImage(sitk.Image(4, 4, sitk.sitkUInt8), str(picture))
    wrong = tmp_path / "wrong.nrrd"
    wrong.write_text("NRRD0004\nnothing: more\n")
    for path, words in [
        (short, "do not fit"),
        (tiny, "not a NIfTI"),
        (picture, "2-D"),
        (wrong, "damaged"),
        (tmp_path / "missing.nii", "No such file"),
        (tmp_path / "case.txt", "no known format"),
    ]:
        with pytest.raises(InputError, match=words):
            read_geometry(path)


def test_another_axis_order_is_the_same_voxels_and_another_grid_is_not(tmp_path, oblique):
    turned = grids.reordered(oblique, grids.order_towards("LPS", "RAS"))
    check_same_voxels(tmp_path, turned, oblique, "remedy")
    moved = type(oblique)(oblique.size, oblique.spacing_mm, (0, 0, 0), oblique.direction)
    with pytest.raises(InputError, match="another grid") as error:
        check_same_voxels(tmp_path / "gt.nii", moved, oblique, "Move it.")
    assert error.value.remedy == "Move it."
