"""An image file's voxels -> memory that VTK owns: in pieces, and without the copies that an image reader makes."""

from __future__ import annotations

import gzip
import struct
import zlib
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
import vtk
from vtk.util.numpy_support import get_vtk_array_type, vtk_to_numpy

from UMambaXAILogic.engine.errors import InputError

from .grid import Grid, image_data
from .stepwise import do_all

#: Read between two turns of the event loop: unpacking as much takes 0.2 s.
PIECE_BYTES = 32 * 2**20
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_NRRD_TYPES = {"uint8": "<u1", "uint16": "<u2", "uint32": "<u4", "int16": "<i2", "float": "<f4"}
_NRRD_TYPES |= {"unsigned char": "<u1", "unsigned short": "<u2", "unsigned int": "<u4", "short": "<i2"}
_NIFTI_TYPES = {2: "<u1", 512: "<u2", 768: "<u4", 4: "<i2", 16: "<f4"}
_NRRD_HEADER_LINES = 100


@dataclass(frozen=True)
class _Voxels:
    """Where the voxels lie in a file that holds them as memory does, i fastest.

    Args:
        data_type: little-endian.
        first_byte: of the first voxel; in what a gzipped file unpacks to.
    """

    data_type: np.dtype
    first_byte: int
    gzipped: bool


def image_grid(image: Any) -> Grid:
    """The grid of a SimpleITK image, or of a reader that has read a file's header."""
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    columns, rows, slices = image.GetSize()
    return Grid((columns, rows, slices), _LPS_TO_RAS @ affine)


def file_grid(path: Path) -> Grid:
    """The grid of an image file, from its header alone.

    Raises:
        InputError: it is no image with three axes.
    """
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise _unreadable(path, str(error).strip().splitlines()[-1]) from error
    if reader.GetDimension() != 3 or reader.GetNumberOfComponents() != 1:
        raise _unreadable(path, "it is no image with three axes and one value a voxel")
    return image_grid(reader)


def read_voxels(path: Path) -> Any:
    """A file's voxels at once; see ``voxels_in_pieces``."""
    return do_all(voxels_in_pieces(path))


def piece_count(grid: Grid, data_type: npt.DTypeLike) -> int:
    """In how many pieces ``voxels_in_pieces`` reads a file that a worker wrote."""
    return -(-int(np.prod(grid.size)) * np.dtype(data_type).itemsize // PIECE_BYTES)


def voxels_in_pieces(path: Path) -> Generator[None, None, Any]:
    """Read a file's voxels in steps of a fraction of a second: the generator yields between them.

    Uncompressed NRRD and NIfTI, gzipped or not, as the worker writes them, are read straight into their place. Another
    file that SimpleITK reads is read in one step.

    Returns:
        A vtkImageData with unit spacing, its voxels of the file's type.

    Raises:
        InputError: the file cannot be read, or ends too early.
    """
    grid = file_grid(path)
    try:
        voxels = _find_voxels(path)
        if voxels is None:
            return image_data(sitk.GetArrayFromImage(sitk.ReadImage(str(path))))
        image = vtk.vtkImageData()
        image.SetDimensions(grid.size)
        image.AllocateScalars(get_vtk_array_type(voxels.data_type.type), 1)
        memory = memoryview(vtk_to_numpy(image.GetPointData().GetScalars())).cast("B")
        with _opened(path, voxels.gzipped) as stream:
            stream.seek(voxels.first_byte)
            done = 0
            while done < len(memory):
                if done:
                    yield
                wanted = memory[done : done + PIECE_BYTES]
                if _fill(stream, wanted) < len(wanted):
                    raise _unreadable(path, "it ends too early")
                done += len(wanted)
    except (OSError, EOFError, zlib.error, RuntimeError) as error:
        raise _unreadable(path, str(error).strip().splitlines()[-1]) from error
    return image


def _fill(stream: BinaryIO, memory: memoryview) -> int:
    """Read until ``memory`` is full or the stream ends; a gzipped one gives less than what is asked for."""
    done = 0
    while done < len(memory):
        count = cast(Any, stream).readinto(memory[done:])
        if not count:
            break
        done += count
    return done


def _opened(path: Path, gzipped: bool) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if gzipped else path.open("rb", buffering=0)


def _find_voxels(path: Path) -> _Voxels | None:
    """Where the voxels lie; None where the file holds them in another way."""
    name = path.name.lower()
    if name.endswith(".nrrd"):
        return _find_in_nrrd(path)
    return _find_in_nifti(path, name.endswith(".gz")) if name.endswith((".nii", ".nii.gz")) else None


def _find_in_nrrd(path: Path) -> _Voxels | None:
    """See https://teem.sourceforge.net/nrrd/format.html: fields to an empty line, then the voxels."""
    fields = {}
    with path.open("rb") as stream:
        for _ in range(_NRRD_HEADER_LINES):
            line = stream.readline().strip()
            if not line:
                break
            name, _, value = line.decode("utf-8", "replace").partition(":")
            fields[name.strip().lower()] = value.strip().lower()
        first_byte = stream.tell()
    data_type = _NRRD_TYPES.get(fields.get("type", ""))
    elsewhere = {"data file", "datafile", "line skip", "lineskip", "byte skip", "byteskip"} & set(fields)
    byte_order = fields.get("endian", "little" if data_type == "<u1" else "")
    if data_type is None or elsewhere or fields.get("encoding") != "raw" or byte_order != "little":
        return None
    return _Voxels(np.dtype(data_type), first_byte, gzipped=False)


def _find_in_nifti(path: Path, gzipped: bool) -> _Voxels | None:
    """See nifti1.h: type code, offset of the voxels, and how they are scaled."""
    with _opened(path, gzipped) as stream:
        header = stream.read(348)
    if len(header) < 348 or header[:4] != struct.pack("<i", 348) or header[344:347] != b"n+1":
        return None
    data_type = _NIFTI_TYPES.get(struct.unpack_from("<h", header, 70)[0])
    first_byte, slope, intercept = struct.unpack_from("<fff", header, 108)
    if data_type is None or (slope, intercept) not in ((0.0, 0.0), (1.0, 0.0)):
        return None
    return _Voxels(np.dtype(data_type), int(first_byte), gzipped)


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(f"{path.name} cannot be read: {why}.", "Run it again.")
