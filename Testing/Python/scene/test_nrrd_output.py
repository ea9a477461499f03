"""Voxels written piece by piece are the file that any reader of NRRD expects, or no file."""

from __future__ import annotations

import errno

import numpy as np
import pytest
import SimpleITK as sitk

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.scene import nrrd_output
from UMambaXAILogic.scene.grid import Grid
from UMambaXAILogic.scene.nrrd_output import write_in_pieces
from UMambaXAILogic.scene.stepwise import do_all
from UMambaXAILogic.scene.voxel_file import image_grid

KINDS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64, np.float32, np.float64]


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_and_place_comes_back(kind, affine, tmp_path, layer_by_layer):
    array = np.random.default_rng(3).integers(0, 100, (5, 4, 3)).astype(kind)
    grid = Grid((3, 4, 5), affine)
    shares = list(write_in_pieces(array, grid, tmp_path / "a.nrrd"))
    assert shares == pytest.approx([0.0, 0.2, 0.4, 0.6, 0.8])
    image = sitk.ReadImage(str(tmp_path / "a.nrrd"))
    back = sitk.GetArrayFromImage(image)
    assert back.dtype == kind and np.array_equal(back, array)
    np.testing.assert_allclose(image_grid(image).ijk_to_ras, affine, atol=1e-12)


def test_what_is_no_block_of_memory_is_written_in_its_order(oblique_affine, tmp_path):
    array = np.arange(60, dtype=np.int16).reshape(3, 4, 5).transpose(2, 1, 0)[::-1]
    do_all(write_in_pieces(array, Grid(array.shape[::-1], oblique_affine), tmp_path / "a.nrrd"))
    np.testing.assert_array_equal(sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "a.nrrd"))), array)


def test_nothing_is_left_of_a_file_that_was_given_up(numbered, oblique_affine, tmp_path, layer_by_layer):
    steps = write_in_pieces(numbered, Grid(numbered.shape[::-1], oblique_affine), tmp_path / "a.nrrd")
    next(steps), next(steps)
    assert (tmp_path / "a.nrrd").is_file()
    steps.close()
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_an_input_error_and_leaves_nothing(
    numbered, oblique_affine, tmp_path, monkeypatch, layer_by_layer
):
    write, calls = nrrd_output._write_all, []

    def full(stream, content):
        calls.append(1)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(stream, content)

    monkeypatch.setattr(nrrd_output, "_write_all", full)
    with pytest.raises(InputError, match="No space left") as caught:
        do_all(write_in_pieces(numbered, Grid(numbered.shape[::-1], oblique_affine), tmp_path / "a.nrrd"))
    assert "Free some space" in caught.value.remedy
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_an_input_error(numbered, tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        do_all(write_in_pieces(numbered, Grid(numbered.shape[::-1], np.eye(4)), tmp_path / "none" / "a.nrrd"))
