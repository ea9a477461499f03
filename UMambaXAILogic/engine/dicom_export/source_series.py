"""The series that a result is about: what its files say of patient, study and place."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..volume import Geometry
from ..volume_io.dicom_reader import read_dicom_slices

if TYPE_CHECKING:
    from pydicom import Dataset

#: Attributes without which nothing can refer to an image, and what they identify (type 1 in DICOM).
_IDENTIFIERS = {
    "SOPClassUID": "kind of object",
    "SOPInstanceUID": "image",
    "StudyInstanceUID": "study",
    "SeriesInstanceUID": "series",
    "FrameOfReferenceUID": "frame of reference",
}
_SHARED = ("SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
#: Attributes that DICOM wants to be there and allows to be empty (type 2).
_MAY_BE_EMPTY = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"),
)
_SEXES = ("M", "F", "O")
_EXPORT = "Export the series again from where it was made, without removing these."


@dataclass(frozen=True)
class SourceSeries:
    """One series, by the headers of its files.

    Args:
        folder: where its files are.
        uid: series instance UID.
        geometry: grid of the volume that its slices make.
        headers: without pixels, in the order of the volume's slices, with what DICOM wants of type 2 added where it
            is missing, and empty.
        emptied: attributes whose values DICOM does not allow, which exports leave empty.
    """

    folder: Path
    uid: str
    geometry: Geometry
    headers: tuple[Dataset, ...]
    emptied: tuple[str, ...]

    @property
    def is_phantom(self) -> bool:
        """The files say that they show a phantom or are for quality control (0028,0300)."""
        return self.headers[0].get("QualityControlImage", "") == "YES"


def read_source_series(folder: Path, series_uid: str | None) -> SourceSeries:
    """Read the headers of one series.

    Args:
        folder: with the files of the series.
        series_uid: which series, where there are several.

    Raises:
        InputError: as ``read_volume`` of the folder; an identifier is missing, or one that must be common is not, or
            two files have the same.
    """
    if not folder.is_dir():
        raise InputError(
            f"{folder} is no folder with a DICOM series.", "DICOM objects can be made only for an input in DICOM."
        )
    try:
        series, slices, geometry = read_dicom_slices(folder, series_uid)
        headers = [_header(one.path) for one in slices]
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror or error}.", "Check the path.") from error
    name = f"The DICOM series {series.uid} in {folder}"
    _check_identifiers(headers, name)
    for header in headers:
        _complete(header, headers[0], geometry)
    return SourceSeries(folder, series.uid, geometry, tuple(headers), _empty_unusable(headers))


def _header(path: Path) -> Dataset:
    import pydicom

    with warnings.catch_warnings():  # of values that the standard does not allow; those that matter are looked at here
        warnings.simplefilter("ignore")
        header = pydicom.dcmread(path, stop_before_pixels=True)
        for keyword in (*_MAY_BE_EMPTY, *_IDENTIFIERS):  # values are converted on first use
            header.get(keyword)
    return header


def _check_identifiers(headers: Sequence[Dataset], name: str) -> None:
    for keyword, what in _IDENTIFIERS.items():
        lacking = sum(not header.get(keyword) for header in headers)
        if lacking:
            raise InputError(
                f"{name} cannot be referred to: {lacking} of its {len(headers)} files do not identify their {what} "
                f"({keyword}), which DICOM requires.",
                _EXPORT,
            )
    for keyword in _SHARED:
        values = {header.get(keyword) for header in headers}
        if len(values) > 1:
            raise InputError(
                f"{name} cannot be referred to: its files name {len(values)} different values of "
                f"{_IDENTIFIERS[keyword]} ({keyword}).",
                _EXPORT,
            )
    if len({header.SOPInstanceUID for header in headers}) < len(headers):
        raise InputError(
            f"{name} cannot be referred to: several of its files have the same SOPInstanceUID.",
            "Export the series again: every image needs an identifier of its own.",
        )


def _complete(header: Dataset, first: Dataset, geometry: Geometry) -> None:
    """What the writer reads of every image, in the form of the first: roundings may differ between files."""
    header.ImageOrientationPatient = first.ImageOrientationPatient
    header.PixelSpacing = first.PixelSpacing
    if not float(header.get("SliceThickness") or 0) > 0:
        header.SliceThickness = f"{geometry.spacing_mm[2]:.10g}"
    for keyword in _MAY_BE_EMPTY:
        if header.get(keyword) is None:
            setattr(header, keyword, "")


def _empty_unusable(headers: Sequence[Dataset]) -> tuple[str, ...]:
    from pydicom.valuerep import DA, TM

    checks: dict[str, Callable[[str], object]] = {
        "PatientBirthDate": DA,
        "StudyDate": DA,
        "StudyTime": TM,
        "PatientSex": _SEXES.index,
    }
    emptied = []
    for keyword, check in checks.items():
        value = str(headers[0].get(keyword) or "")
        try:
            if value:
                check(value)
        except ValueError:
            emptied.append(keyword)
            for header in headers:
                setattr(header, keyword, "")
    return tuple(emptied)
