"""A cohort's results for a scene: its table as CSV, one case's images as uncompressed files on one grid."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from ..atomic import replacing
from ..errors import InputError, UsageError
from ..progress import Reporter
from ..volume import Volume
from ..volume_io import is_same_grid, read_ground_truth, read_volume, side_by_side, write_volume
from .manifest import ManifestCase, read_manifest
from .request import CASES_FOLDER
from .scene_requests import CaseFilesRequest, CasesTableRequest

_LISTED = 10


def run_cases_table(request: CasesTableRequest, reporter: Reporter | None = None) -> dict[str, Path | None]:
    """Write the table of a cohort's cases as CSV.

    Returns:
        ``cases_csv``.

    Raises:
        InputError: the folder holds no results of a cohort.
        UsageError: the output cannot be written.
    """
    (reporter or Reporter()).check_cancelled()
    table = request.cohort / "cases.parquet"
    if not table.is_file():
        raise InputError(
            f"{request.cohort} holds no cases.parquet, so it is not the result folder of a cohort.",
            "Name the folder that 'umamba-xai cohort' or processCohort wrote into.",
        )
    path = _made(request.output) / "cases.csv"
    write_cases_csv(table, path)
    return {"cases_csv": path}


def run_case_files(request: CaseFilesRequest, reporter: Reporter | None = None) -> dict[str, Path | None]:
    """Write one case's volume, ground truth, segmentation and attention as NRRD files.

    All are read as they were read when the case was computed, so they lie on exactly the same grid.

    Returns:
        ``volume``, ``ground_truth`` (or None), ``segmentation``, ``attention`` (or None), and the case's own
        ``metrics`` and ``slices``.

    Raises:
        InputError: the manifest has no such case, it has no results, or its files are no longer what they were.
        UsageError: the output cannot be written.
        CancelledError: the user cancelled.
    """
    reporter = reporter or Reporter()
    reporter.stage("read")
    row = _manifest_row(request)
    folder = request.cohort / CASES_FOLDER / row.case
    if not (folder / "metrics.json").is_file():
        raise InputError(
            f"The case {row.case} has no results in {request.cohort}.",
            "See why in the table of cases, and run the cohort again.",
        )
    volume, _ = read_volume(row.volume, series_uid=row.series_uid)
    output = _made(request.output)
    files: dict[str, Path | None] = {"volume": output / "volume.nrrd"}
    write_volume(volume.array, output / "volume.nrrd", like=volume)
    reporter.check_cancelled()
    files["ground_truth"] = _ground_truth(request, row, volume, output)
    reporter.progress(0.4)
    for number, name in enumerate(("segmentation", "attention")):
        reporter.check_cancelled()
        files[name] = _result_image(folder, name, volume, output)
        reporter.progress(0.7 + 0.3 * number)
    if files["segmentation"] is None:
        raise InputError(f"The results of {row.case} have no segmentation.", "Run the cohort again.")
    return {**files, "metrics": folder / "metrics.json", "slices": folder / "slices.csv"}


def write_cases_csv(table: Path, path: Path) -> None:
    """Write ``cases.parquet`` as CSV, a batch of rows at a time; an empty cell is a value that cannot be computed.

    Raises:
        InputError: the table cannot be read.
        UsageError: the file cannot be written.
    """
    try:
        with pq.ParquetFile(table) as parquet, replacing(path) as file:
            for number, batch in enumerate(parquet.iter_batches()):
                file.write(_csv_text(batch.schema.names, batch.to_pylist(), header=number == 0).encode())
            if not parquet.metadata.num_rows:
                file.write(_csv_text(parquet.schema_arrow.names, [], header=True).encode())
    except (ValueError, EOFError) as error:  # pyarrow's own errors are ValueErrors
        raise InputError(f"{table} cannot be read: {error}.", "Run the cohort again.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror or error}.", "Free some space.") from error


def _csv_text(names: list[str], rows: list[dict[str, Any]], header: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        writer.writerow(names)
    writer.writerows([_cell(row[name]) for name in names] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return ";".join(map(str, value))
    return "" if value is None else value


def _manifest_row(request: CaseFilesRequest) -> ManifestCase:
    cases = read_manifest(request.manifest).cases
    for row in cases:
        if row.case == request.case:
            return row
    names = ", ".join(row.case for row in cases[:_LISTED]) + (" ..." if len(cases) > _LISTED else "")
    raise InputError(
        f"The manifest {request.manifest} has no case {request.case!r}; it has {names}.", "Name one of them."
    )


def _ground_truth(request: CaseFilesRequest, row: ManifestCase, volume: Volume, output: Path) -> Path | None:
    if row.ground_truth is None:
        return None
    path = output / "ground_truth.nrrd"
    resample = bool(_settings(request.cohort).get("resample_ground_truth"))
    write_volume(read_ground_truth(row.ground_truth, volume.geometry, resample=resample), path, like=volume)
    return path


def _result_image(folder: Path, name: str, volume: Volume, output: Path) -> Path | None:
    found = next((path for ending in (".nii.gz", ".nrrd") if (path := folder / f"{name}{ending}").is_file()), None)
    if found is None:
        return None
    image, _ = read_volume(found)
    if not is_same_grid(image.geometry, volume.geometry):
        raise InputError(
            f"{found} and the volume that the manifest names lie on different grids:\n"
            f"{side_by_side('result', image.geometry, 'volume', volume.geometry)}\n",
            "The volume was changed meanwhile: run the cohort again.",
        )
    path = output / f"{name}.nrrd"
    write_volume(image.array, path, like=volume)
    return path


def _settings(cohort: Path) -> dict[str, Any]:
    try:
        summary = json.loads((cohort / "summary.json").read_text(encoding="utf-8"))
        return dict(summary["settings"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{cohort / 'summary.json'} cannot be read: {error}.", "Run the cohort again.") from error


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror or error}.", "Choose another folder.") from error
    return folder
