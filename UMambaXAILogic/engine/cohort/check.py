"""What can be known of all cases before the first long computation: headers and grids. Every problem is listed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import InputError, UMambaXAIError
from ..progress import Reporter
from ..request import Request
from ..volume import Geometry
from ..volume_io import check_same_voxels, read_geometry
from ..volume_io.ground_truth import RESAMPLE_REMEDY
from ..volume_io.region import REGION_REMEDY
from .manifest import Manifest, problems_error, scan_manifest
from .request import CohortRequest


def case_requests(request: CohortRequest, manifest: Manifest) -> dict[str, Request]:
    """The request of every case, by its name, in the manifest's order.

    Raises:
        InputError: cases lack what the settings need; all of them are listed.
    """
    requests, problems = _for_cases(request, manifest)
    if problems:
        raise problems_error(f"The manifest {manifest.path}", problems, "Add what is missing, or change the settings.")
    return requests


def check_manifest(request: CohortRequest, reporter: Reporter) -> Manifest:
    """Read the manifest; where a line of it is wrong, look at the files of all other lines too before saying so.

    Raises:
        InputError: the manifest cannot be read, or has problems: one list of all, those in files included.
        CancelledError: the user cancelled.
    """
    manifest, problems = scan_manifest(request.manifest)
    if not problems:
        return manifest
    requests, in_settings = _for_cases(request, manifest)
    _, in_files = _headers(requests, reporter)
    remedy = "Correct these lines and files, or leave them out."
    raise problems_error(f"The manifest {manifest.path}", [*problems, *in_settings, *in_files], remedy)


def _for_cases(request: CohortRequest, manifest: Manifest) -> tuple[dict[str, Request], list[str]]:
    requests: dict[str, Request] = {}
    problems = []
    for case in manifest.cases:
        try:
            requests[case.case] = request.for_case(case)
        except UMambaXAIError as error:
            problems.append(f"{case.case}: {error.message}")
    return requests, problems


def check_headers(requests: Mapping[str, Request], reporter: Reporter) -> dict[str, Geometry]:
    """Read the header of every file of some cases.

    Args:
        requests: by case.
        reporter: told of progress, and asked whether to stop.

    Returns:
        The grid of every case's volume.

    Raises:
        InputError: a file cannot be read, or lies on another grid than its volume; all of them are listed.
        CancelledError: the user cancelled.
    """
    found, problems = _headers(requests, reporter)
    if problems:
        cases = "1 case" if len(requests) == 1 else f"{len(requests)} cases"
        raise problems_error(f"A look at the files of {cases}", problems, "Correct these files or leave them out.")
    return found


def _headers(requests: Mapping[str, Request], reporter: Reporter) -> tuple[dict[str, Geometry], list[str]]:
    found: dict[str, Geometry] = {}
    problems: list[str] = []
    for number, (case, request) in enumerate(requests.items(), 1):
        reporter.check_cancelled()
        try:
            found[case] = read_geometry(request.volume, series_uid=request.series_uid)
        except InputError as error:
            problems.append(_indented(case, error))
        else:
            problems += [_indented(case, error) for error in _misfits(request, found[case])]
        reporter.progress(number / len(requests))
    return found, problems


def _misfits(request: Request, geometry: Geometry) -> list[InputError]:
    """Ground truth and region that cannot be read, or do not lie on the volume's grid."""
    errors = []
    checks: list[tuple[Path | None, str, bool]] = [
        (request.ground_truth, RESAMPLE_REMEDY, request.resample_ground_truth),
        (None if request.region is None else request.region.mask, REGION_REMEDY, False),
    ]
    for path, remedy, may_differ in checks:
        if path is None:
            continue
        try:
            grid = read_geometry(path)
            if not may_differ:
                check_same_voxels(path, grid, geometry, remedy)
        except InputError as error:
            errors.append(error)
    return errors


def _indented(case: str, error: InputError) -> str:
    """Case and message; lines after the first (a table of two grids) are set below it."""
    first, *others = error.message.rstrip("\n").split("\n")
    return "\n".join([f"{case}: {first}", *(f"    {line}" for line in others)])
