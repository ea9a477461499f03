"""A path -> a volume with its grid, or the reason why not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .. import grids
from ..errors import InputError
from ..volume import Geometry, Volume
from .dicom_reader import read_dicom_geometry, read_dicom_series
from .facts import InputWarning, VolumeFacts
from .itk_reader import read_itk_geometry, read_nrrd_or_metaimage
from .nifti_reader import read_nifti, read_nifti_geometry

#: File name endings that are read, and their format.
FORMATS = {
    ".nii": "NIfTI",
    ".nii.gz": "NIfTI",
    ".nrrd": "NRRD",
    ".nhdr": "NRRD",
    ".mha": "MetaImage",
    ".mhd": "MetaImage",
}

_NOT_YET = (float("nan"), float("nan"))


def read_volume(path: Path | str, *, series_uid: str | None = None) -> tuple[Volume, VolumeFacts]:
    """Read a volume as it is stored: no reorientation, no resampling.

    Args:
        path: NIfTI, NRRD or MetaImage file, or a folder with one DICOM series.
        series_uid: which series, where the folder holds several.

    Returns:
        The volume, (z, y, x) of the stored type (float where intensities are scaled), and what else is known.
        A 3-D volume of a single slice is read, with the warning ``single_slice``.

    Raises:
        InputError: the file is missing, unreadable, damaged, or not one real-valued 3-D volume on a rectilinear grid
            with finite values.
    """
    path = Path(path)
    try:
        volume, facts = _read(path, series_uid)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", _remedy(error)) from error
    grids.check_geometry(volume.geometry, str(path))
    low, high = _finite_range(volume.array, path)
    facts = replace(facts, intensity_range=(low, high), is_phantom=volume.is_phantom)
    return volume, replace(facts, warnings=(*facts.warnings, *_warnings(volume, facts)))


def read_geometry(path: Path | str, *, series_uid: str | None = None) -> Geometry:
    """The grid of a volume or mask by its header: as ``read_volume``, in a fraction of the time.

    Raises:
        InputError: as ``read_volume``, but for what only voxels show (damage, values that are not finite).
    """
    path = Path(path)
    try:
        geometry = _read_geometry(path, series_uid)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", _remedy(error)) from error
    grids.check_geometry(geometry, str(path))
    return geometry


def file_format(path: Path) -> str:
    """``NIfTI``, ``NRRD`` or ``MetaImage``, by the ending of the file's name.

    Raises:
        InputError: another ending.
    """
    name = path.name.lower()
    for ending, known in FORMATS.items():
        if name.endswith(ending):
            return known
    if name.endswith((".dcm", ".ima")):
        raise InputError(f"{path} is a single DICOM file.", "Give the folder that holds the series.")
    raise InputError(
        f"{path} is of no known format.", f"Known are {', '.join(FORMATS)} and folders with a DICOM series."
    )


def _read(path: Path, series_uid: str | None) -> tuple[Volume, VolumeFacts]:
    if path.is_dir():
        volume, series, irregularity = read_dicom_series(path, series_uid)
        facts = VolumeFacts(
            path,
            "DICOM",
            _NOT_YET,
            series.modality or None,
            series.rescale_type or None,
            slice_gap_irregularity=irregularity,
        )
        return volume, facts
    kind = file_format(path)
    if kind == "NIfTI":
        volume, known, warnings = read_nifti(path)
        return volume, VolumeFacts(path, kind, _NOT_YET, orientation_known=known, warnings=warnings)
    volume, known = read_nrrd_or_metaimage(path, kind)
    return volume, VolumeFacts(path, kind, _NOT_YET, orientation_known=known)


def _read_geometry(path: Path, series_uid: str | None) -> Geometry:
    if path.is_dir():
        return read_dicom_geometry(path, series_uid)
    kind = file_format(path)
    return read_nifti_geometry(path) if kind == "NIfTI" else read_itk_geometry(path, kind)


def _finite_range(array: npt.NDArray, path: Path) -> tuple[float, float]:
    """Lowest and highest value.

    Raises:
        InputError: a value is not finite.
    """
    low, high = array.min(), array.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        nan = sum(int(np.count_nonzero(np.isnan(plane))) for plane in array)
        infinite = sum(int(np.count_nonzero(np.isinf(plane))) for plane in array)
        raise InputError(
            f"{path} has {nan} voxels that are NaN and {infinite} that are infinite, of {array.size}.",
            "Replace them by the background value, for example with numpy.nan_to_num.",
        )
    return float(low), float(high)


def _warnings(volume: Volume, facts: VolumeFacts) -> list[InputWarning]:
    warnings = []
    name = facts.path.name
    if not facts.orientation_known:
        warnings.append(
            InputWarning(
                "orientation_unknown",
                f"{name} does not say how its axes lie in the patient; they are taken for "
                f"{grids.orientation_code(volume.geometry)}, as ITK does. Left and right may be exchanged.",
            )
        )
    low, high = facts.intensity_range
    if low == high:
        warnings.append(InputWarning("constant_image", f"Every voxel of {name} has the value {low:g}."))
    if 1 in volume.geometry.size:
        size = "x".join(map(str, volume.geometry.size))
        warnings.append(
            InputWarning("single_slice", f"{name} is a single slice ({size}); a 3-D network sees no context across it.")
        )
    return warnings


def _remedy(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "Check the path."
    if isinstance(error, PermissionError):
        return "Ask for read permission, or copy it to a folder of yours."
    return "Copy or export it again."
