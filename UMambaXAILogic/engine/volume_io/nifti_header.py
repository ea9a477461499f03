"""NIfTI-1 headers: everything that ITK and nibabel would read differently, or wrongly, is found here first.

ITK reads a truncated file as zeros, mirrors an image whose pixdim is negative, falls back from a sheared sform to the
qform, and replaces spacings that are not numbers by 1, all without an error. So the header is checked independently.
"""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
from nibabel.spatialimages import HeaderDataError

from .. import grids
from ..errors import InputError
from ..volume import Geometry
from .facts import InputWarning
from .inflate import InflatedStream

#: Where voxels begin at the earliest in a single-file NIfTI-1.
FIRST_DATA_BYTE = 352
HEADER_BYTES = 348
_MILLIMETRE_OR_UNKNOWN = ("mm", "unknown")
_CONVERT = "Convert it, for example by loading and saving it in 3D Slicer."

Affine = npt.NDArray[np.float64]


def open_stream(path: Path) -> io.BufferedReader:
    """The uncompressed bytes of a NIfTI file; whether it is compressed is told by content, as ITK does."""
    file = path.open("rb")
    if file.peek(2)[:2] != b"\x1f\x8b":
        return file
    return io.BufferedReader(InflatedStream(file))


def read_header(stream: io.BufferedReader, path: Path) -> nibabel.Nifti1Header:
    """The header at the start of ``stream``, checked for everything but its position fields.

    Raises:
        InputError: no NIfTI-1 file; not one real-valued 3-D volume; units or scaling that readers disagree on.
    """
    try:
        raw = stream.read(HEADER_BYTES)
    except (EOFError, zlib.error) as error:
        raise truncated(path, str(error)) from error
    if len(raw) < HEADER_BYTES:
        raise InputError(
            f"{path} is not a NIfTI file: it has {len(raw)} bytes, and a header has {HEADER_BYTES}.",
            "Copy or export it again.",
        )
    if raw[:4] in ((540).to_bytes(4, "little"), (540).to_bytes(4, "big")):
        raise InputError(f"{path} is a NIfTI-2 file, which ITK and nnU-Net do not read.", "Save it as NIfTI-1.")
    if raw[344:348] != b"n+1\0":
        raise InputError(
            f"{path} is not a single-file NIfTI-1 image: its magic is {raw[344:348]!r} instead of b'n+1\\x00'.",
            "Save it as .nii or .nii.gz, not as Analyze or as a pair of .hdr and .img.",
        )
    header = nibabel.Nifti1Header(raw, check=False)
    _check_dimensions(header, path)
    _check_data_type(header, path)
    _check_units_and_scaling(header, path)
    offset = float(header["vox_offset"])
    if not np.isfinite(offset) or offset < 0:
        raise truncated(path, f"its voxels begin at byte {offset}")
    return header


def size_of(header: nibabel.Nifti1Header) -> tuple[int, int, int]:
    """Voxels along x, y, z."""
    x, y, z = (int(count) for count in header["dim"][1:4])
    return x, y, z


def check_position(header: nibabel.Nifti1Header, path: Path) -> None:
    """Refuse position fields that are not finite, not positive or sheared.

    Raises:
        InputError: naming the field and its value.
    """
    spacing = header["pixdim"][1:4]
    if not (np.isfinite(spacing).all() and (spacing > 0).all()):
        raise InputError(
            f"{path} has the voxel spacing (pixdim) {tuple(float(value) for value in spacing)}, "
            "which is not three positive numbers.",
            "Save it again with its true voxel spacing.",
        )
    for name, code, affine in _forms(header, path):
        if not code:
            continue
        if not np.isfinite(affine).all():
            raise InputError(f"{path} has an {name} that is not finite: {affine[:3].tolist()}.", "Save it again.")
        axes = affine[:3, :3]
        lengths = np.linalg.norm(axes, axis=0)
        cosines = (axes.T @ axes)[np.triu_indices(3, 1)]
        limits = np.outer(lengths, lengths)[np.triu_indices(3, 1)] * grids.ORTHONORMAL_TOLERANCE
        if lengths.min() == 0 or (np.abs(cosines) > limits).any():
            raise grids.sheared(f"{path} ({name})", axes)


def compare_with_itk(header: nibabel.Nifti1Header, geometry: Geometry, path: Path) -> tuple[InputWarning, ...]:
    """Make sure that ITK's grid is one that the header gives, and warn where the header gives two.

    Raises:
        InputError: ITK's grid is neither the sform's nor the qform's, or the two disagree on the orientation.
    """
    given = {name: _geometry(size_of(header), affine) for name, code, affine in _forms(header, path) if code}
    if not given:
        return ()
    used = [name for name, form in given.items() if grids.is_same_grid(form, geometry)]
    if not used:
        name, form = next(iter(given.items()))
        raise InputError(
            f"The header of {path} contradicts itself; {name} against what its other fields give:\n"
            + grids.side_by_side(name, form, "as ITK reads it", geometry),
            "Save it again with one consistent position, for example from 3D Slicer.",
        )
    if len(used) == len(given):
        return ()
    codes = {name: grids.orientation_code(form) for name, form in given.items()}
    if len(set(codes.values())) > 1:
        raise InputError(
            f"The sform and the qform of {path} name different orientations ({codes}), so the patient's sides are "
            "ambiguous.",
            "Save it again with the correct one of them only.",
        )
    return (
        InputWarning(
            "transforms_disagree",
            f"The sform and the qform of {path.name} place it differently; as ITK and nnU-Net do, the {used[0]} is "
            f"used (sform: {grids.describe(given['sform'])}; qform: {grids.describe(given['qform'])}).",
        ),
    )


def truncated(path: Path, detail: str) -> InputError:
    """The error for a file that ends too early or whose checksum is wrong."""
    return InputError(f"{path} is damaged or incomplete: {detail.rstrip('.')}.", "Copy or export it again.")


def _check_dimensions(header: nibabel.Nifti1Header, path: Path) -> None:
    dim = [int(count) for count in header["dim"]]
    sizes = dim[1 : 1 + max(0, min(dim[0], 7))]
    shape = "x".join(str(count) for count in sizes)
    if not sizes or min(sizes) < 1:
        raise InputError(f"{path} has no voxels: its dimensions are {dim}.", "Export the image again.")
    vectors = len(sizes) >= 5 and sizes[4] > 1
    if vectors:
        raise InputError(f"{path} holds {sizes[4]} values per voxel ({shape}).", "Give an image with one value.")
    if any(count > 1 for count in sizes[3:]):
        raise InputError(
            f"{path} is a series of {int(np.prod(sizes[3:]))} volumes ({shape}), not one volume.",
            "Save the volume of interest as a file of its own, for example with 3D Slicer's 'Sequences' module.",
        )
    if len(sizes) < 3:
        raise InputError(f"{path} is a 2-D image ({shape}).", "Give a volume.")


def _check_data_type(header: nibabel.Nifti1Header, path: Path) -> None:
    try:
        data_type = header.get_data_dtype()
    except HeaderDataError as error:
        raise InputError(f"{path} has the data type {int(header['datatype'])}: {error}.", _CONVERT) from error
    if data_type.kind == "c":
        raise InputError(f"{path} holds complex numbers ({data_type}).", "Save its magnitude.")
    if data_type.kind == "V":
        raise InputError(f"{path} holds colours ({data_type.itemsize} bytes per voxel).", "Give a grey-value image.")
    if data_type.kind not in "iuf" or data_type.itemsize > 8:
        raise InputError(f"{path} has the data type {data_type}, which is not read here.", _CONVERT)


def _check_units_and_scaling(header: nibabel.Nifti1Header, path: Path) -> None:
    unit = header.get_xyzt_units()[0] if int(header["xyzt_units"]) & 7 in (0, 1, 2, 3) else "invalid"
    if unit not in _MILLIMETRE_OR_UNKNOWN:
        raise InputError(f"{path} gives positions in the unit {unit!r}, not in mm.", "Save it again in mm.")
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    scales = np.isfinite(slope) and slope != 0
    # Without a slope nibabel ignores the intercept and ITK adds it; a NaN intercept ITK takes for 0.
    if (scales and not np.isfinite(intercept)) or (not scales and np.isfinite(intercept) and intercept != 0):
        raise InputError(
            f"{path} has the intensity slope {slope:g} with the intercept {intercept:g}, which readers interpret "
            "differently.",
            "Save it again with a finite slope and intercept.",
        )


def _forms(header: nibabel.Nifti1Header, path: Path) -> list[tuple[str, int, Affine]]:
    """Name, code and RAS affine of sform and qform."""
    try:
        qform = header.get_qform()
    except (ValueError, HeaderDataError) as error:
        raise InputError(f"{path} has a qform that is no rotation: {error}.", "Save it again.") from error
    return [
        ("sform", int(header["sform_code"]), header.get_sform()),
        ("qform", int(header["qform_code"]), qform),
    ]


def _geometry(size: tuple[int, int, int], affine_ras: Affine) -> Geometry:
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine_ras
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    return Geometry(
        size,
        (float(spacing[0]), float(spacing[1]), float(spacing[2])),
        (float(affine[0, 3]), float(affine[1, 3]), float(affine[2, 3])),
        tuple(float(value) for value in (affine[:3, :3] / spacing).ravel()),
    )
