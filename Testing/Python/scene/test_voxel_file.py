"""A file's voxels in VTK's memory are those that SimpleITK reads, however the file holds them."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest
import SimpleITK as sitk
import vtk

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.volume import Geometry, Volume
from UMambaXAILogic.engine.volume_io import write_volume
from UMambaXAILogic.scene import voxel_file
from UMambaXAILogic.scene.grid import Grid, image_array, same_grid
from UMambaXAILogic.scene.voxel_file import file_grid, image_grid, read_voxels, voxels_in_pieces

SHAPE = (4, 5, 6)
GEOMETRY = Geometry(SHAPE[::-1], (0.5, 0.6, 0.9), (1.0, -2.0, 3.0), (0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, -1))
ARRAYS = {
    "labels": np.arange(120).reshape(SHAPE).astype(np.uint8),
    "many labels": (np.arange(120) * 500).reshape(SHAPE).astype(np.uint16),
    "image": (np.arange(120) * 30 - 1000).reshape(SHAPE).astype(np.int16),
    "map": np.linspace(0, 1, 120).reshape(SHAPE).astype(np.float32),
}


@pytest.fixture
def no_other_reader(monkeypatch):
    """Fails where the slow way is taken."""
    monkeypatch.setattr(voxel_file.sitk, "ReadImage", lambda path: pytest.fail(f"{path} was read the slow way"))


@pytest.mark.parametrize("ending", [".nrrd", ".nii", ".nii.gz"])
@pytest.mark.parametrize("name", ARRAYS)
def test_what_the_worker_writes_is_read_as_it_was(tmp_path, name, ending, no_other_reader):
    array = ARRAYS[name]
    path = tmp_path / f"result{ending}"
    write_volume(array, path, like=Volume(np.zeros(SHAPE), GEOMETRY))
    image = read_voxels(path)
    assert image.GetSpacing() == (1.0, 1.0, 1.0) and image.GetOrigin() == (0.0, 0.0, 0.0)
    found = image_array(image)
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)
    assert same_grid(file_grid(path), Grid(SHAPE[::-1], GEOMETRY.affine_ras))


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.uint32, np.float32])
def test_what_a_scene_writes_is_read_as_it_was(tmp_path, kind, no_other_reader):
    array = (np.arange(120).reshape(SHAPE) * 2).astype(kind)
    sitk.WriteImage(sitk.GetImageFromArray(array), str(tmp_path / "a.nrrd"), useCompression=False)
    np.testing.assert_array_equal(image_array(read_voxels(tmp_path / "a.nrrd")), array)


@pytest.mark.parametrize("ending", [".nrrd", ".nii.gz"])
def test_a_file_is_read_in_pieces(tmp_path, ending, monkeypatch):
    path = tmp_path / f"map{ending}"
    write_volume(ARRAYS["map"], path, like=Volume(np.zeros(SHAPE), GEOMETRY))
    monkeypatch.setattr(voxel_file, "PIECE_BYTES", 100)
    steps = voxels_in_pieces(path)
    count = 1
    while next(steps, "end") is None:
        count += 1
    assert count == 5  # 480 bytes
    np.testing.assert_array_equal(image_array(read_voxels(path)), ARRAYS["map"])


def compressed(path):
    sitk.WriteImage(sitk.GetImageFromArray(ARRAYS["map"]), str(path), useCompression=True)


def big_endian(path):
    text = "NRRD0004\ntype: float\ndimension: 3\nsizes: 6 5 4\nendian: big\nencoding: raw\n\n"
    path.write_bytes(text.encode() + ARRAYS["map"].astype(">f4").tobytes())


def detached(path):
    text = "NRRD0004\ntype: float\ndimension: 3\nsizes: 6 5 4\nendian: little\nencoding: raw\ndata file: voxels.raw\n\n"
    path.write_bytes(text.encode())
    (path.parent / "voxels.raw").write_bytes(ARRAYS["map"].tobytes())


def scaled(path):
    write_volume(ARRAYS["map"], path, like=Volume(np.zeros(SHAPE), GEOMETRY))
    body = bytearray(path.read_bytes())
    struct.pack_into("<ff", body, 112, 2.0, 1.0)
    path.write_bytes(body)


@pytest.mark.parametrize(
    ("write", "ending"),
    [(compressed, ".nrrd"), (big_endian, ".nrrd"), (detached, ".nrrd"), (scaled, ".nii"), (compressed, ".mha")],
)
def test_other_files_are_left_to_simpleitk(tmp_path, write, ending):
    path = tmp_path / f"map{ending}"
    write(path)
    expected = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    np.testing.assert_array_equal(image_array(read_voxels(path)), expected)
    assert image_array(read_voxels(path)).flags.c_contiguous
    if write is scaled:
        np.testing.assert_allclose(expected, 2 * ARRAYS["map"] + 1)


@pytest.mark.parametrize("ending", [".nrrd", ".nii", ".nii.gz"])
def test_a_file_that_ends_too_early_is_refused(tmp_path, ending):
    path = tmp_path / f"map{ending}"
    write_volume(ARRAYS["map"], path, like=Volume(np.zeros(SHAPE), GEOMETRY))
    body = path.read_bytes()
    if ending.endswith(".gz"):
        path.write_bytes(gzip.compress(gzip.decompress(body)[:-8]))
        with pytest.raises(InputError, match="too early"):
            read_voxels(path)
        path.write_bytes(body[: len(body) // 2])
    else:
        path.write_bytes(body[:-8])
    with pytest.raises(InputError, match=r"map\.\S+ cannot be read"):
        read_voxels(path)


@pytest.mark.parametrize("name", ["text.nrrd", "text.nii.gz", "text.txt", "gone.nrrd"])
def test_what_is_no_image_is_refused(tmp_path, name):
    if not name.startswith("gone"):
        (tmp_path / name).write_text("not an image")
    with pytest.raises(InputError, match="cannot be read"):
        file_grid(tmp_path / name)
    with pytest.raises(InputError, match="cannot be read"):
        read_voxels(tmp_path / name)


def test_a_picture_is_refused(tmp_path):
    sitk.WriteImage(sitk.Image(4, 5, sitk.sitkUInt8), str(tmp_path / "flat.nrrd"))
    with pytest.raises(InputError, match="three axes"):
        file_grid(tmp_path / "flat.nrrd")


def test_the_voxels_outlive_file_and_reader(tmp_path):
    path = tmp_path / "map.nrrd"
    write_volume(ARRAYS["map"], path, like=Volume(np.zeros(SHAPE), GEOMETRY))
    image = read_voxels(path)
    path.unlink()
    copy = vtk.vtkImageData()
    copy.ShallowCopy(image)
    del image
    np.testing.assert_array_equal(image_array(copy), ARRAYS["map"])


def test_an_image_and_its_header_lie_alike(tmp_path):
    path = tmp_path / "map.nrrd"
    write_volume(ARRAYS["map"], path, like=Volume(np.zeros(SHAPE), GEOMETRY))
    assert same_grid(image_grid(sitk.ReadImage(str(path))), file_grid(path))
