"""One case from request to ``domain.json``, and to its place among a profile's cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..atomic import write_text
from ..json_text import json_text
from ..output_folder import OutputFolder, refuse_file
from ..progress import Reporter
from .case_range import compare_case_with_profile, out_of_range_warnings
from .files import measure_files
from .histogram import Histogram
from .profile import Profile, read_profile
from .request import DomainRequest
from .row import DomainRow


@dataclass(frozen=True)
class DomainResult:
    """What a run left behind.

    Args:
        folder: the output folder.
        files: ``domain`` (the row), ``comparison`` (None without a profile).
        row: the contents of domain.json.
        comparison: the contents of comparison.json; None without a profile.
    """

    folder: Path
    files: dict[str, Path | None]
    row: DomainRow
    comparison: dict[str, Any] | None


def run_domain_case(request: DomainRequest, reporter: Reporter | None = None) -> DomainResult:
    """Measure one case, compare it with a profile where one is named, and write the results.

    Args:
        request: what is asked.
        reporter: hears of stages and warnings (also of what lies outside the profile), and is asked whether to stop.

    Returns:
        The files and their contents. Older ``domain.json`` and ``comparison.json`` in the folder are replaced.

    Raises:
        UsageError: the output folder cannot be written, or another run writes into it.
        InputError: the profile, volume, mask or region cannot be used.
        CancelledError: the user cancelled.
    """
    reporter = reporter or Reporter()
    refuse_file(request.output)
    profile = None if request.profile is None else read_profile(request.profile)
    row = measure_files(
        request.volume,
        case=request.case,
        mask=request.mask,
        vessels_are=request.vessels_are,
        region=request.region,
        series_uid=request.series_uid,
        resample_mask=request.resample_mask,
        modality=request.modality or _single_modality(profile),
        settings=None if profile is None else profile.settings,
        reporter=reporter,
    )
    comparison = None if profile is None else _comparison(row, profile, reporter)
    reporter.check_cancelled()
    reporter.stage("write")
    return DomainResult(request.output, _write(request.output, row, comparison), row, comparison)


def _comparison(row: DomainRow, profile: Profile, reporter: Reporter) -> dict[str, Any]:
    """The contents of comparison.json."""
    warnings = out_of_range_warnings(row, profile)
    for code, message in warnings:
        reporter.warning(code, message)
    same_units = [one.intensity.histogram for one in profile.rows if one.units == row.units]
    diameters = [one.morphology.histogram for one in profile.rows if one.morphology is not None]
    return {
        **compare_case_with_profile(row, profile).to_json(),
        "warnings": [{"code": code, "message": message} for code, message in warnings],
        "profile_histograms": {"intensity": _merged(same_units), "diameter": _merged(diameters)},
    }


def _merged(histograms: Sequence[Histogram]) -> dict[str, Any] | None:
    return Histogram.merged(histograms).to_json() if histograms else None


def _single_modality(profile: Profile | None) -> str | None:
    modalities = {row.modality for row in profile.rows} if profile else set()
    return modalities.pop() if len(modalities) == 1 else None


def _write(folder: Path, row: DomainRow, comparison: dict[str, Any] | None) -> dict[str, Path | None]:
    """Write both files, domain.json last: where it is, the result is complete."""
    domain, beside = folder / "domain.json", folder / "comparison.json"
    with OutputFolder(folder):
        domain.unlink(missing_ok=True)
        beside.unlink(missing_ok=True)
        if comparison is not None:
            write_text(beside, json_text(comparison))
        write_text(domain, json_text(row.to_json()))
    return {"domain": domain, "comparison": None if comparison is None else beside}
