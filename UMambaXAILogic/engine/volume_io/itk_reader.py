"""NRRD and MetaImage files, through SimpleITK."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..errors import InputError
from ..volume import PHANTOM_DESCRIPTION, Geometry, Volume
from .quiet import quiet_libraries

_HEADER_BYTES = 100_000
_COMPLEX = (sitk.sitkComplexFloat32, sitk.sitkComplexFloat64)
#: Fields that hold positions. ITK replaces what it cannot parse there by 0 or 1 without an error.
_POSITION_FIELDS = {
    "NRRD": ("spacings", "space directions", "space origin"),
    "MetaImage": ("elementspacing", "elementsize", "offset", "origin", "position", "transformmatrix", "rotation"),
}
_SPACING_FIELDS = ("spacings", "elementspacing", "elementsize")
#: NRRD spaces that name the patient's sides. (MetaImage positions are LPS by convention.)
_PATIENT_SPACES = re.compile(r"(right|left)-(anterior|posterior)-(superior|inferior)(-time)?|[rl][ap][si]t?", re.I)


def itk_reader(path: Path) -> sitk.ImageFileReader:
    """A reader that has read the header of ``path``.

    Raises:
        RuntimeError: ITK cannot.
    """
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    return reader


def itk_geometry(image: sitk.Image | sitk.ImageFileReader) -> Geometry:
    """The grid of a 3-D image, or of the file a reader has the header of."""
    x, y, z = image.GetSize()
    dx, dy, dz = image.GetSpacing()
    ox, oy, oz = image.GetOrigin()
    return Geometry((x, y, z), (dx, dy, dz), (ox, oy, oz), tuple(image.GetDirection()))


def read_nrrd_or_metaimage(path: Path, file_format: str) -> tuple[Volume, bool]:
    """Read NRRD (attached or detached header) or MetaImage.

    Args:
        path: of the header, or of header and voxels together.
        file_format: ``NRRD`` or ``MetaImage``.

    Returns:
        The volume, and whether the file says where the patient's sides are.

    Raises:
        InputError: the file cannot be read, or not without guessing.
        OSError: it cannot be opened.
    """
    fields = _checked_fields(path, file_format)
    try:
        with quiet_libraries():
            reader = itk_reader(path)
            check_pixels(reader, str(path))
            image = reader.Execute()
    except RuntimeError as error:
        raise _damaged(path, file_format, error) from error
    geometry = itk_geometry(image)
    known = file_format == "MetaImage" or _PATIENT_SPACES.fullmatch(fields.get("space", "")) is not None
    is_phantom = PHANTOM_DESCRIPTION in fields.get("content", "")
    return Volume(sitk.GetArrayFromImage(image), geometry, is_phantom), known


def read_itk_geometry(path: Path, file_format: str) -> Geometry:
    """The grid of a NRRD or MetaImage file, without reading voxels.

    Raises:
        InputError, OSError: as ``read_nrrd_or_metaimage``, but for voxels that are damaged or missing.
    """
    _checked_fields(path, file_format)
    try:
        with quiet_libraries():
            reader = itk_reader(path)
            check_pixels(reader, str(path))
            return itk_geometry(reader)
    except RuntimeError as error:
        raise _damaged(path, file_format, error) from error


def check_pixels(reader: sitk.ImageFileReader, name: str) -> None:
    """Refuse everything but one real value per voxel of a 3-D grid.

    Raises:
        InputError: 2-D, 4-D, several components, complex.
    """
    size = "x".join(str(count) for count in reader.GetSize())
    if min(reader.GetSize()) < 1:
        raise InputError(f"{name} has no voxels: its size is {size}.", "Export the image again.")
    # ITK makes a vector of one component from a fourth axis of length 1, and then loses the origin.
    if reader.GetNumberOfComponents() > 1 or "vector" in sitk.GetPixelIDValueAsString(reader.GetPixelID()):
        raise InputError(
            f"{name} holds {reader.GetNumberOfComponents()} components per voxel (a colour image, a vector field or a "
            f"series), not one grey value; its size is {size}.",
            "Save the component or the volume of interest as a file of its own.",
        )
    if reader.GetPixelID() in _COMPLEX:
        raise InputError(f"{name} holds complex numbers.", "Save its magnitude.")
    if reader.GetDimension() != 3:
        what = "a 2-D image" if reader.GetDimension() < 3 else f"{reader.GetDimension()}-dimensional"
        raise InputError(f"{name} is {what} (size {size}), not one volume.", "Give one 3-D volume.")


def _checked_fields(path: Path, file_format: str) -> dict[str, str]:
    fields = _header_fields(path, separator=":" if file_format == "NRRD" else "=")
    _check_positions(fields, file_format, path)
    return fields


def _damaged(path: Path, file_format: str, error: RuntimeError) -> InputError:
    return InputError(
        f"{path} is damaged or incomplete, or not a {file_format} file: {_reason(error)}",
        "Copy or export it again; voxels in a file of their own must lie beside the header.",
    )


def _header_fields(path: Path, separator: str) -> dict[str, str]:
    """Lower-case field name -> value, of a text header that ends at an empty line or before the voxels."""
    with path.open("rb") as file:
        text = file.read(_HEADER_BYTES).decode("latin-1")
    fields: dict[str, str] = {}
    for line in text.replace("\r\n", "\n").split("\n"):
        if not line.strip():
            break
        name, found, value = line.partition(separator)
        if found:
            fields[name.strip().lower()] = value.strip()
        if name.strip().lower() == "elementdatafile":
            break
    return fields


def _check_positions(fields: dict[str, str], file_format: str, path: Path) -> None:
    for name in _POSITION_FIELDS[file_format]:
        value = fields.get(name, "")
        numbers = [_number(word) for word in re.split(r"[\s(),]+", value.replace("none", " ")) if word]
        if not np.isfinite(numbers).all() or (name in _SPACING_FIELDS and min(numbers, default=1.0) <= 0):
            raise InputError(
                f"{path} has the {name} {value!r}, which is not made of "
                f"{'positive' if name in _SPACING_FIELDS else 'finite'} numbers.",
                "Export the image again.",
            )
    units = set(re.findall(r'"([^"]*)"', fields.get("space units", ""))) - {"mm", "", "millimeter", "millimeters"}
    if units:
        raise InputError(f"{path} gives positions in {', '.join(sorted(units))}, not in mm.", "Save it again in mm.")


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return float("nan")


def _reason(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1].removeprefix("ITK ERROR: ")
