"""NIfTI-1 volumes: voxels read here, in one pass that notices every missing or damaged byte; the grid is ITK's."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt

from .. import grids
from ..errors import InputError
from ..volume import PHANTOM_DESCRIPTION, Geometry, Volume
from . import nifti_header
from .facts import InputWarning
from .inflate import LARGEST_EXPANSION, InflatedStream
from .itk_reader import itk_geometry, itk_reader
from .quiet import quiet_libraries


def read_nifti(path: Path) -> tuple[Volume, bool, tuple[InputWarning, ...]]:
    """Read ``.nii`` or ``.nii.gz``.

    Returns:
        The volume (values and types as ITK and hence nnU-Net give them), whether its header says where the patient's
        sides are, and warnings.

    Raises:
        InputError: the file cannot be read, or not without guessing.
        OSError: it cannot be opened.
    """
    with nifti_header.open_stream(path) as stream:
        header = nifti_header.read_header(stream, path)
        nifti_header.check_position(header, path)
        array = _read_voxels(stream, header, path)
    geometry = _geometry(header, path)
    warnings = nifti_header.compare_with_itk(header, geometry, path)
    known = bool(int(header["sform_code"]) or int(header["qform_code"]))
    is_phantom = PHANTOM_DESCRIPTION.encode() in header["descrip"].tobytes()
    return Volume(_scaled(array, header), geometry, is_phantom, header), known, warnings


def read_nifti_geometry(path: Path) -> Geometry:
    """The grid of ``.nii`` or ``.nii.gz``, without reading voxels.

    Raises:
        InputError, OSError: as ``read_nifti``, but voxel data may be damaged; a file that is far too short is noticed.
    """
    with nifti_header.open_stream(path) as stream:
        header = nifti_header.read_header(stream, path)
        nifti_header.check_position(header, path)
        _check_file_size(stream, header, path)
    geometry = _geometry(header, path)
    nifti_header.compare_with_itk(header, geometry, path)
    return geometry


def _geometry(header: nibabel.Nifti1Header, path: Path) -> Geometry:
    try:
        with quiet_libraries():
            geometry = itk_geometry(itk_reader(path))
    except RuntimeError as error:
        if "orthonormal" in str(error):
            axes = header.get_sform()[:3, :3]
            raise grids.sheared(f"{path} (sform)", axes) from error
        raise InputError(f"{path} cannot be read by ITK: {_last_line(error)}", "Export the image again.") from error
    if geometry.size != nifti_header.size_of(header):
        raise InputError(
            f"{path} has {nifti_header.size_of(header)} voxels by its header, and {geometry.size} as ITK reads it.",
            "Export the image again.",
        )
    return geometry


def _read_voxels(stream: io.BufferedReader, header: nibabel.Nifti1Header, path: Path) -> npt.NDArray:
    """Stored values, (z, y, x), in the machine's byte order."""
    data_type = header.get_data_dtype()
    shape = nifti_header.size_of(header)[::-1]
    raw = np.empty(_check_file_size(stream, header, path), dtype=np.uint8)
    try:
        stream.read(max(nifti_header.FIRST_DATA_BYTE, int(header["vox_offset"])) - nifti_header.HEADER_BYTES)
        filled = stream.readinto(raw.data)
        if filled < raw.size:
            raise nifti_header.truncated(path, f"{filled} of {raw.size} bytes of voxel data are there")
        stream.read(1)  # at the end of a compressed stream its checksum is compared
    except (EOFError, zlib.error) as error:
        raise nifti_header.truncated(path, str(error)) from error
    array = raw.view(data_type).reshape(shape)
    if data_type.isnative:
        return array
    return array.byteswap(inplace=True).view(data_type.newbyteorder("="))


def _check_file_size(stream: io.BufferedReader, header: nibabel.Nifti1Header, path: Path) -> int:
    """Bytes of voxel data, which the file can hold: nothing allocates what a damaged header asks for."""
    size = nifti_header.size_of(header)
    bytes_wanted = int(np.prod(size, dtype=np.int64)) * header.get_data_dtype().itemsize
    expansion = LARGEST_EXPANSION if isinstance(stream.raw, InflatedStream) else 1
    if path.stat().st_size * expansion < bytes_wanted:
        raise nifti_header.truncated(path, f"{'x'.join(map(str, size))} voxels do not fit its size")
    return bytes_wanted


def _scaled(array: npt.NDArray, header: nibabel.Nifti1Header) -> npt.NDArray:
    """Apply slope and intercept as ITK does: in double precision on values that are float32 before and after."""
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    if not np.isfinite(slope) or slope == 0 or (slope == 1 and intercept == 0):
        return array
    scaled = array.astype(np.float64 if array.dtype == np.float64 else np.float32)
    for plane in scaled:  # a plane at a time, so that only one is ever held in double precision
        plane[...] = plane.astype(np.float64) * slope + intercept
    return scaled


def _last_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1]
