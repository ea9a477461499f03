"""The export of a result whose series is known by its files, not by a folder: those of a database of images."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from ..dicom_request import DicomExportRequest
from ..errors import InputError, UsageError
from ..progress import Reporter
from .export import DicomExport, export_dicom
from .highdicom_import import check_highdicom


def export_from_files(request: DicomExportRequest, scratch: Path, reporter: Reporter) -> DicomExport:
    """Write a result as DICOM objects, see ``export_dicom``.

    Args:
        request: the result, the files of its series, and where to write.
        scratch: folder for a copy of these files, which is gone afterwards: their own folders may hold others too.
        reporter: hears of stages, progress and warnings, and is asked whether to stop.

    Raises:
        NotInstalledError: highdicom is missing.
        InputError: a file cannot be read, or as ``export_dicom``.
        UsageError: the output cannot be written, or holds files of the series.
        CancelledError: the user cancelled.
    """
    check_highdicom()
    output = request.output.resolve()
    if output in {path.resolve().parent for path in request.series}:
        raise UsageError(
            f"The output {request.output} holds the images of the series: the new objects would lie among them.",
            "Choose another folder.",
        )
    copies = scratch / "the image"  # what messages call the series' folder
    copies.mkdir()
    try:
        reporter.stage("read")
        _copy(request.series, copies, reporter)
        reporter.stage("write")
        export = export_dicom(request.folder, copies, None, request.output)
    finally:
        shutil.rmtree(copies, ignore_errors=True)
    if export.emptied:
        reporter.warning(
            "dicom_values_left_empty",
            f"Left empty, because DICOM does not allow what the series says: {', '.join(export.emptied)}.",
        )
    return export


def _copy(files: Sequence[Path], folder: Path, reporter: Reporter) -> None:
    for number, path in enumerate(files):
        reporter.check_cancelled()
        reporter.progress(number / len(files))
        try:
            shutil.copyfile(path, folder / f"{number:06d}.dcm")
        except OSError as error:
            raise InputError(
                f"An image of the DICOM series cannot be read: {error.strerror or error}.",
                "Import the series again into Slicer's DICOM database.",
            ) from error
