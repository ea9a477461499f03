"""A result folder and its source series -> DICOM files, all of them or none."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..atomic import replacing
from ..dicom_request import DICOM_FILES
from ..errors import InputError, UsageError
from ..output_folder import OutputFolder
from .highdicom_import import check_highdicom
from .provenance import provenance
from .result_files import ResultFiles, read_result
from .source_series import SourceSeries, read_source_series

if TYPE_CHECKING:
    from pydicom import Dataset

#: Explicit VR Little Endian keeps the length of floating-point pixels in 32 bits, of which the highest value is taken.
_MOST_BYTES = 2**32 - 2


@dataclass(frozen=True)
class DicomExport:
    """What was written.

    Args:
        attention: the Parametric Map; None where the result has no map.
        segmentation: the Segmentation.
        emptied: attributes whose values in the source DICOM does not allow, and that were left empty.
    """

    attention: Path | None
    segmentation: Path
    emptied: tuple[str, ...]


def export_dicom(result: Path, series_folder: Path, series_uid: str | None, output: Path) -> DicomExport:
    """Write a result as DICOM objects that refer to the series it was computed from.

    Args:
        result: folder written by ``explain`` or ``sam``.
        series_folder: with the DICOM files of the series.
        series_uid: which series, where the folder holds several.
        output: folder for ``attention.dcm`` and ``segmentation.dcm``; created if missing.

    Raises:
        NotInstalledError: highdicom is missing.
        InputError: no result; a series that cannot be referred to; a result of other voxels.
        UsageError: ``output`` cannot be written, or is the folder of the series.
    """
    check_highdicom()
    if output.resolve() == series_folder.resolve():
        raise UsageError(
            f"The output {output} is the folder of the series: the new objects would lie among its slices.",
            "Name another folder.",
        )
    source = read_source_series(series_folder, series_uid)
    files = read_result(result, source)
    attention_name, segmentation_name = DICOM_FILES
    with OutputFolder(output) as place:
        written = []
        for name, image in _objects(source, files):
            _write(image, place.staging / name)
            written.append(name)
            del image
        for name in DICOM_FILES:
            if name in written:
                os.replace(place.staging / name, output / name)
            else:  # of an earlier result
                (output / name).unlink(missing_ok=True)
    return DicomExport(
        output / attention_name if attention_name in written else None, output / segmentation_name, source.emptied
    )


def _objects(source: SourceSeries, files: ResultFiles) -> Iterator[tuple[str, Dataset]]:
    """Name and content of each file, made when its turn comes: each takes several times the memory of its pixels."""
    from .parametric_map import parametric_map
    from .segmentation import segmentation, segments_of

    if files.labels.size * 4 > _MOST_BYTES:
        raise InputError(
            f"The map has {files.labels.size} voxels, more than one DICOM object holds ({_MOST_BYTES // 4}).",
            "Use the NIfTI files of the result.",
        )
    about = provenance(files.metrics, source)
    segments = segments_of(files.metrics["model"]["labels"])
    attention_name, segmentation_name = DICOM_FILES
    if files.attention is not None:
        with _valid(source):
            attention = parametric_map(source, files.attention, about)
        yield attention_name, attention
        del attention
    with _valid(source):
        labels = segmentation(source, files.labels, segments, about)
    yield segmentation_name, labels


@contextmanager
def _valid(source: SourceSeries) -> Iterator[None]:
    """Turn what highdicom does not accept of the source into an error of the input."""
    try:
        with warnings.catch_warnings():  # about values of the source that are copied as they are
            warnings.simplefilter("ignore")
            yield
    except (ValueError, TypeError, KeyError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError(
            f"The DICOM series {source.uid} cannot be referred to by a valid object: {reason}",
            "Export the series again from where it was made.",
        ) from error


def _write(image: Dataset, path: Path) -> None:
    try:
        with replacing(path) as file:
            image.save_as(file, enforce_file_format=True)
    except OSError as error:
        raise UsageError(
            f"{path.name} cannot be written: {error.strerror or error}.", "Make room, or choose another folder."
        ) from error
