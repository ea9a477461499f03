"""Aneurysm centres of train_localizers.csv: how far they lie from the labelled vessels.

An independent look at whether mask and image belong together; the centres were marked on the DICOM slices.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..volume import Geometry
from ..volume_io.dicom_slices import read_slice
from .annotation import Coordinates

#: Farther away, either the centre or the mask is wrong; giant aneurysms are 25 mm wide.
FAR_MM = 25.0
_POINT = re.compile(r"'x'\s*:\s*(-?[\d.]+(?:e-?\d+)?)\s*,\s*'y'\s*:\s*(-?[\d.]+(?:e-?\d+)?)")


def distances_mm(
    localizers: Sequence[tuple[str, str]], folder: Path, coordinates: Coordinates, geometry: Geometry
) -> list[float | None]:
    """Distance of each aneurysm centre to the nearest labelled voxel's centre.

    Args:
        localizers: (SOP instance UID, coordinates such as ``{'x': 258.4, 'y': 261.4}``, columns and rows from 0).
        folder: of the DICOM series; files are named by their SOP instance UID.
        coordinates: labelled voxels (z, y, x), at least one.
        geometry: their grid.

    Returns:
        mm, in the order of ``localizers``; None where the slice is not there or the text is no point.
    """
    labelled = coordinates[:, ::-1] @ geometry.affine_lps[:3, :3].T + geometry.affine_lps[:3, 3]
    result: list[float | None] = []
    for sop_uid, text in localizers:
        point = _position_mm(folder / f"{sop_uid}.dcm", text)
        result.append(None if point is None else float(np.linalg.norm(labelled - point, axis=1).min()))
    return result


def _position_mm(path: Path, text: str) -> npt.NDArray[np.float64] | None:
    found = _POINT.search(text)
    if found is None or not path.is_file():
        return None
    try:
        one = read_slice(path)
    except (InputError, RuntimeError):  # not a slice of the volume, which was read without it
        return None
    x, y = float(found[1]), float(found[2])
    return (
        np.asarray(one.position_mm)
        + x * one.pixel_spacing_mm[0] * np.asarray(one.row_direction)
        + y * one.pixel_spacing_mm[1] * np.asarray(one.column_direction)
    )
