"""A folder with DICOM files -> one volume."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from .. import grids
from ..errors import InputError
from ..volume import Geometry, Volume
from .dicom_slices import DicomSlice, gap_irregularity, read_slice, stack, tag
from .itk_reader import itk_geometry
from .quiet import quiet_libraries

#: Preamble, file meta information and the identifiers every image has are longer than this.
_SHORTEST_FILE_BYTES = 400
_SERIES_UID_TAG = bytes((0x20, 0x00, 0x0E, 0x00))


@dataclass(frozen=True)
class DicomSeries:
    """One series of a folder.

    Args:
        uid: series instance UID.
        description: as the scanner named it; may be empty.
        modality: such as ``CT``.
        rescale_type: unit of the rescaled values, such as ``HU``; empty where absent.
        sop_class: UID of the kind of object its files are.
        paths: its files, in no particular order.
    """

    uid: str
    description: str
    modality: str
    rescale_type: str
    sop_class: str
    paths: tuple[Path, ...]

    def __str__(self) -> str:
        return f"{self.uid} ({self.description or 'no description'}, {self.modality}, {len(self.paths)} slices)"


def list_series(folder: Path) -> list[DicomSeries]:
    """The image series among the files directly in ``folder``, largest first; other files are passed over."""
    found = []
    with quiet_libraries():
        for uid in sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(folder)):
            paths = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), uid)
            reader = sitk.ImageFileReader()
            reader.SetFileName(paths[0])
            try:
                reader.ReadImageInformation()
            except RuntimeError:  # a report, a presentation state or another object without pixels
                continue
            found.append(
                DicomSeries(
                    tag(reader, "0020|000e") or uid,
                    tag(reader, "0008|103e"),
                    tag(reader, "0008|0060"),
                    tag(reader, "0028|1054"),
                    tag(reader, "0008|0016"),
                    tuple(Path(path) for path in paths),
                )
            )
    return sorted(found, key=lambda series: (-len(series.paths), series.uid))


def choose_series(folder: Path, series_uid: str | None) -> DicomSeries:
    """The named series of a folder, or its only one.

    Raises:
        InputError: none, several and none named, or the named one is not there; the message lists what there is.
    """
    available = list_series(folder)
    if not available:
        raise InputError(
            f"The folder {folder} holds no DICOM images.", "Give the folder that holds the slices themselves."
        )
    listed = "\n".join(f"  {series}" for series in available)
    if series_uid is not None:
        chosen = [series for series in available if series.uid == series_uid]
        if not chosen:
            raise InputError(
                f"The folder {folder} holds no DICOM series {series_uid}. It holds:\n{listed}\n", "Name one of these."
            )
        return chosen[0]
    if len(available) > 1:
        raise InputError(
            f"The folder {folder} holds {len(available)} DICOM series:\n{listed}\n",
            "Name one of them by its series UID.",
        )
    return available[0]


def read_dicom_series(folder: Path, series_uid: str | None) -> tuple[Volume, DicomSeries, float]:
    """Read one series of a folder.

    Returns:
        The volume, the series, and ``gap_irregularity`` of its slices.

    Raises:
        InputError: no or several series; slices that do not make one regular volume; damaged files.
    """
    series = _undamaged_series(folder, series_uid)
    name = f"The DICOM series {series.uid} in {folder}"
    try:
        with quiet_libraries():
            slices, distance_mm = stack([read_slice(path) for path in series.paths], name)
            reader = sitk.ImageSeriesReader()
            reader.SetFileNames([str(one.path) for one in slices])
            if len({one.rescale for one in slices}) > 1:
                # The reader takes the pixel type of the first file; whole numbers would round the others.
                reader.SetOutputPixelType(sitk.sitkFloat32)
            image = reader.Execute()
    except RuntimeError as error:
        raise _unreadable(name, error) from error
    geometry = itk_geometry(image)
    expected = _expected_geometry(slices, distance_mm)
    if not grids.is_same_grid(geometry, expected):
        raise InputError(
            f"{name} lies elsewhere by its headers than ITK places it:\n"
            + grids.side_by_side("by its headers", expected, "as ITK reads it", geometry),
            "Convert it to NIfTI, for example with dcm2niix.",
        )
    return Volume(sitk.GetArrayFromImage(image), geometry), series, gap_irregularity(slices)


def read_dicom_slices(folder: Path, series_uid: str | None) -> tuple[DicomSeries, list[DicomSlice], Geometry]:
    """One series of a folder by the headers of its files, without reading voxels.

    Returns:
        The series, its slices in the order of the volume that ``read_dicom_series`` gives, and that volume's grid.

    Raises:
        InputError: as ``read_dicom_series``, but for voxels that are damaged.
    """
    series = _undamaged_series(folder, series_uid)
    name = f"The DICOM series {series.uid} in {folder}"
    try:
        with quiet_libraries():
            slices, distance_mm = stack([read_slice(path) for path in series.paths], name)
    except RuntimeError as error:
        raise _unreadable(name, error) from error
    return series, slices, _expected_geometry(slices, distance_mm)


def read_dicom_geometry(folder: Path, series_uid: str | None) -> Geometry:
    """The grid of one series of a folder, as ``read_dicom_slices``."""
    return read_dicom_slices(folder, series_uid)[2]


def _undamaged_series(folder: Path, series_uid: str | None) -> DicomSeries:
    series = choose_series(folder, series_uid)
    if damaged := _damaged_slices(folder, series):
        raise InputError(
            f"{len(damaged)} files of the DICOM series {series.uid} in {folder} are incomplete, for example "
            f"{damaged[0]}.",
            "Copy or export the series again.",
        )
    return series


def _unreadable(name: str, error: RuntimeError) -> InputError:
    return InputError(f"{name} cannot be read: {str(error).strip().splitlines()[-1]}", "Copy or export it again.")


def _damaged_slices(folder: Path, series: DicomSeries) -> list[str]:
    """Names of files that belong to the series but that GDCM left out, which it does without a word."""
    damaged = []
    for path in sorted(set(folder.iterdir()) - set(series.paths)):
        if not path.is_file():
            continue
        raw = path.read_bytes()
        if len(raw) < _SHORTEST_FILE_BYTES:
            belongs = path.suffix.lower() == ".dcm"
        else:
            same_kind = raw[128:132] == b"DICM" and series.sop_class.encode() in raw[132:1024]
            belongs = same_kind and (series.uid.encode() in raw or _SERIES_UID_TAG not in raw)
        if belongs:
            damaged.append(path.name)
    return damaged


def _expected_geometry(slices: list[DicomSlice], distance_mm: float) -> Geometry:
    first = slices[0]
    direction = np.column_stack([first.row_direction, first.column_direction, first.normal])
    x, y, z = first.position_mm
    return Geometry(
        (*first.size, len(slices)),
        (*first.pixel_spacing_mm, distance_mm),
        (x, y, z),
        tuple(float(value) for value in direction.ravel()),
    )
