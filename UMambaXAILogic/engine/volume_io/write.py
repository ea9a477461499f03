"""Results -> files on exactly the grid they were computed for, complete or not there at all."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import nibabel
import numpy as np
import numpy.typing as npt

from ..atomic import replacing
from ..errors import UsageError
from ..volume import PHANTOM_DESCRIPTION, Volume
from .nifti_header import FIRST_DATA_BYTE

#: File name endings that are written.
WRITTEN_FORMATS = (".nii.gz", ".nii", ".nrrd")
_NRRD_TYPES = {"uint8": "uint8", "uint16": "uint16", "uint32": "uint32", "int16": "int16", "float32": "float"}
_LABEL_TYPES = (np.uint8, np.uint16, np.uint32)
# Maps are mostly exact zeros; higher levels take several times as long for a few percent.
_GZIP_LEVEL = 1


def write_volume(array: npt.NDArray, path: Path, *, like: Volume) -> None:
    """Write voxels onto a volume's grid.

    Floating point is stored as float32, booleans and labels as the smallest of uint8, uint16 and uint32 that holds
    them, signed integers with negative values as int16 or float32. NIfTI positions are float32; where ``like`` was
    read from NIfTI the very same position fields are written, so that every reader places both files alike. NRRD is
    uncompressed and keeps positions to the last digit.

    Args:
        array: (z, y, x), real-valued.
        path: ends in ``.nii.gz``, ``.nii`` or ``.nrrd``.
        like: whose grid, header and phantom mark are taken; its voxels are not used.

    Raises:
        UsageError: unknown ending, or the file cannot be written.
        ValueError: the array does not fit the grid.
    """
    if array.shape != like.geometry.shape:
        raise ValueError(f"array of shape {array.shape} on a grid of shape {like.geometry.shape}")
    path = Path(path)
    name = path.name.lower()
    if not name.endswith(WRITTEN_FORMATS):
        raise UsageError(f"{path} cannot be written.", f"Choose one of the endings {', '.join(WRITTEN_FORMATS)}.")
    data_type = stored_type(array)
    header = _nrrd_header(like, data_type) if name.endswith(".nrrd") else _nifti_header(like, data_type)
    try:
        with replacing(path) as file, _compressed(file, name.endswith(".gz")) as stream:
            stream.write(header)
            for plane in array:  # a plane at a time: no second copy of the whole array
                stream.write(np.ascontiguousarray(plane, dtype=data_type).data)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}.", "Make room, or choose another folder."
        ) from error


def stored_type(array: npt.NDArray) -> np.dtype:
    """The little-endian type an array is stored as."""
    if array.dtype.kind == "f":
        return np.dtype("<f4")
    if array.dtype.kind not in "biu":
        raise ValueError(f"array of type {array.dtype}, which is not real-valued")
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    if low < 0:
        return np.dtype("<i2") if low >= -(2**15) and high < 2**15 else np.dtype("<f4")
    for label_type in _LABEL_TYPES:
        if high <= np.iinfo(label_type).max:
            return np.dtype(label_type).newbyteorder("<")
    raise ValueError(f"label {high} does not fit 32 bits")


def _nifti_header(like: Volume, data_type: np.dtype) -> bytes:
    header = nibabel.Nifti1Header(endianness="<", check=False)
    header.set_data_dtype(data_type)
    header.set_data_shape(like.geometry.size)
    if like.nifti_header is None:
        affine = like.geometry.affine_ras
        header.set_sform(affine, code="scanner")
        header.set_qform(affine, code="scanner")
        header.set_xyzt_units("mm")
    else:
        source = like.nifti_header
        header["pixdim"][:4] = source["pixdim"][:4]
        for name in (
            *("qform_code", "quatern_b", "quatern_c", "quatern_d", "qoffset_x", "qoffset_y", "qoffset_z"),
            *("sform_code", "srow_x", "srow_y", "srow_z", "xyzt_units"),
        ):
            header[name] = source[name]
    header["vox_offset"] = FIRST_DATA_BYTE
    header["scl_slope"], header["scl_inter"] = 1, 0
    header["magic"] = b"n+1"
    if like.is_phantom:
        header["descrip"] = PHANTOM_DESCRIPTION.encode()
    return header.binaryblock + bytes(FIRST_DATA_BYTE - len(header.binaryblock))


def _nrrd_header(like: Volume, data_type: np.dtype) -> bytes:
    geometry = like.geometry
    axes = geometry.affine_lps[:3, :3].T
    lines = [
        "NRRD0005",
        f"type: {_NRRD_TYPES[data_type.name]}",
        "dimension: 3",
        *([f"content: {PHANTOM_DESCRIPTION}"] if like.is_phantom else []),
        "space: left-posterior-superior",
        f"sizes: {' '.join(str(count) for count in geometry.size)}",
        f"space directions: {' '.join(_vector(axis) for axis in axes)}",
        "kinds: domain domain domain",
        "endian: little",
        "encoding: raw",
        f"space origin: {_vector(geometry.origin_mm)}",
    ]
    return ("\n".join(lines) + "\n\n").encode("ascii")


def _vector(values: npt.NDArray[np.float64] | tuple[float, ...]) -> str:
    return f"({','.join(repr(float(value)) for value in values)})"


@contextmanager
def _compressed(file: BinaryIO, compress: bool) -> Iterator[BinaryIO]:
    if not compress:
        yield file
        return
    # No name and no time inside: equal results are equal files.
    with gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0) as stream:
        yield cast(BinaryIO, stream)
