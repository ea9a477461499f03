"""The slices of one DICOM series: which they are, in which order, and whether they make one regular volume."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from ..errors import InputError

#: A slice may lie this share of the slice distance away from its place on a regular grid: positions are often
#: rounded to a tenth of a millimetre.
IRREGULARITY_TOLERANCE = 0.1
#: Slices may drift sideways by this many pixels over the whole stack before the stack counts as tilted.
TILT_TOLERANCE_PIXELS = 0.1
_EXPORT = "Export the series again, or remove what does not belong to the volume."


@dataclass(frozen=True)
class DicomSlice:
    """What the header of one file says.

    Args:
        path: the file.
        position_mm: LPS centre of the first pixel.
        row_direction, column_direction: LPS unit vectors along increasing column and row index.
        pixel_spacing_mm: between columns (x), between rows (y).
        size: columns, rows.
        rescale: slope and intercept as text.
    """

    path: Path
    position_mm: tuple[float, ...]
    row_direction: tuple[float, ...]
    column_direction: tuple[float, ...]
    pixel_spacing_mm: tuple[float, float]
    size: tuple[int, int]
    rescale: tuple[str, str]

    @property
    def normal(self) -> npt.NDArray[np.float64]:
        """Unit vector across the slice, right-handed with rows and columns."""
        return np.cross(self.row_direction, self.column_direction)


def tag(reader: sitk.ImageFileReader, key: str) -> str:
    """Value of ``group|element``, stripped; empty where absent."""
    return reader.GetMetaData(key).strip(" \0") if reader.HasMetaDataKey(key) else ""


def read_slice(path: Path) -> DicomSlice:
    """Read the header of one file.

    Raises:
        InputError: no position, colour, several frames, inverted grey values.
        RuntimeError: GDCM cannot read it.
    """
    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    reader.ReadImageInformation()
    if int(tag(reader, "0028|0008") or 1) > 1:
        raise InputError(
            f"{path} is a multi-frame DICOM file with {tag(reader, '0028|0008')} frames.",
            "Convert it to NIfTI, for example with dcm2niix or 3D Slicer.",
        )
    if reader.GetNumberOfComponents() > 1:
        raise InputError(f"{path} is a colour image.", _EXPORT)
    if tag(reader, "0028|0004") == "MONOCHROME1":
        raise InputError(
            f"{path} is stored inverted (MONOCHROME1): high values are dark.", "Export the original images."
        )
    position = _numbers(reader, "0020|0032", 3, path, "image position")
    axes = _numbers(reader, "0020|0037", 6, path, "image orientation")
    between_rows, between_columns = _numbers(reader, "0028|0030", 2, path, "pixel spacing")
    columns, rows = reader.GetSize()[:2]
    return DicomSlice(
        path,
        position,
        axes[:3],
        axes[3:],
        (between_columns, between_rows),
        (columns, rows),
        (tag(reader, "0028|1053"), tag(reader, "0028|1052")),
    )


def stack(slices: Sequence[DicomSlice], name: str) -> tuple[list[DicomSlice], float]:
    """Slices in the order of their position along the normal, and their distance in mm.

    Args:
        slices: of one series, in any order.
        name: of the series, for messages.

    Raises:
        InputError: mixed sizes, spacings or orientations; fewer than two slices; several slices at one position;
            missing or irregular slices; a tilted gantry.
    """
    _check_uniform(slices, name)
    if len(slices) < 2:
        raise InputError(
            f"{name} has a single slice ({slices[0].path.name}), so its slice distance is unknown.",
            "Give the folder with all slices of the series.",
        )
    normal = slices[0].normal
    heights = np.array([np.dot(one.position_mm, normal) for one in slices])
    order = np.argsort(heights, kind="stable")
    ordered, heights = [slices[index] for index in order], heights[order]
    steps = np.diff(heights)
    typical = float(np.median(steps))
    if (steps < max(1e-3, 0.01 * typical)).any():
        repeated = int(np.count_nonzero(steps < max(1e-3, 0.01 * typical)))
        where = heights[int(np.argmin(steps))]
        raise InputError(
            f"{name} has several slices at one position ({repeated} of {len(slices)} slices repeat a position, "
            f"for example at {where:.6g} mm): it holds more than one volume, such as phases of a dynamic series.",
            "Export one phase as a series of its own.",
        )
    regular = heights[0] + np.arange(len(heights)) * (heights[-1] - heights[0]) / (len(heights) - 1)
    if np.abs(heights - regular).max() > IRREGULARITY_TOLERANCE * typical:
        raise _irregular(heights, steps, typical, name)
    _check_tilt(ordered, normal, name)
    return ordered, float((heights[-1] - heights[0]) / (len(heights) - 1))


def gap_irregularity(ordered: Sequence[DicomSlice]) -> float:
    """Largest deviation of a distance between neighbouring slices from their median, as a share of the median.

    Args:
        ordered: at least two, as ``stack`` gives them.
    """
    steps = np.diff([np.dot(one.position_mm, ordered[0].normal) for one in ordered])
    typical = np.median(steps)
    return float(np.abs(steps - typical).max() / typical)


def _check_uniform(slices: Sequence[DicomSlice], name: str) -> None:
    for what, values in (
        ("orientations", [tuple(np.round((*one.row_direction, *one.column_direction), 3) + 0.0) for one in slices]),
        ("sizes", [one.size for one in slices]),
        ("pixel spacings", [tuple(np.round(one.pixel_spacing_mm, 4)) for one in slices]),
    ):
        counts = Counter(values).most_common()
        if len(counts) > 1:
            rare, number = counts[-1]
            example = slices[values.index(rare)].path.name
            listed = "; ".join(f"{count} slices with {tuple(map(_plain, value))}" for value, count in counts[:4])
            raise InputError(
                f"{name} mixes {len(counts)} {what}: {listed}. One of the {number} odd ones is {example}.",
                "Remove localizers and other images that do not belong to the volume, or export the series again.",
            )
    cosine = abs(float(np.dot(slices[0].row_direction, slices[0].column_direction)))
    if cosine > 1e-3 or abs(float(np.linalg.norm(slices[0].normal)) - 1) > 1e-3:
        raise InputError(
            f"{name} has rows and columns that are not perpendicular unit directions: "
            f"{slices[0].row_direction} and {slices[0].column_direction}.",
            _EXPORT,
        )


def _irregular(
    heights: npt.NDArray[np.float64], steps: npt.NDArray[np.float64], typical: float, name: str
) -> InputError:
    odd = np.flatnonzero(np.abs(steps - typical) > IRREGULARITY_TOLERANCE * typical)
    shown = ", ".join(f"{steps[i]:.4g} mm between {heights[i]:.6g} and {heights[i + 1]:.6g} mm" for i in odd[:5])
    more = f" and {len(odd) - 5} more" if len(odd) > 5 else ""
    return InputError(
        f"{name} has missing slices or irregular distances: {typical:.4g} mm is usual, but there are "
        f"{shown or 'small steps that add up'}{more} (positions along the slice normal).",
        "Add the missing slices, or resample the series to a regular distance, for example on import into 3D Slicer.",
    )


def _check_tilt(ordered: Sequence[DicomSlice], normal: npt.NDArray[np.float64], name: str) -> None:
    path_mm = np.subtract(ordered[-1].position_mm, ordered[0].position_mm)
    along = float(np.dot(path_mm, normal))
    sideways = float(np.linalg.norm(path_mm - along * normal))
    if sideways > TILT_TOLERANCE_PIXELS * min(ordered[0].pixel_spacing_mm):
        raise InputError(
            f"{name} was acquired with a tilted gantry ({np.degrees(np.arctan2(sideways, along)):.3g} degrees): its "
            f"slices shift by {sideways:.4g} mm over the stack, so the grid is sheared.",
            "Resample it onto a straight grid, for example on import into 3D Slicer (acquisition transform, then "
            "harden) or with dcm2niix.",
        )


def _numbers(reader: sitk.ImageFileReader, key: str, count: int, path: Path, what: str) -> tuple[float, ...]:
    text = tag(reader, key)
    try:
        values = tuple(float(word) for word in text.split("\\"))
    except ValueError:
        values = ()
    if len(values) != count or not np.isfinite(values).all() or (count == 2 and min(values) <= 0):
        raise InputError(f"{path} has no usable {what} (tag {key.replace('|', ',')} is {text!r}).", _EXPORT)
    return values


def _plain(value: object) -> object:
    return value.item() if isinstance(value, np.generic) else value
