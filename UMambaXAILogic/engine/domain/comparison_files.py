"""The files of a comparison: domain.json, tables as CSV, plots as PNG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..atomic import replacing, write_text
from ..json_text import json_text
from ..output_folder import OutputFolder
from .comparison import DomainComparison
from .comparison_csv import phantom_cohorts, shifts_csv, table_csv
from .comparison_plots import diameter_plot, intensity_plot, noise_plot, save_png, spacing_plot
from .measure_cases import FailedCase

DOMAIN_NAME = "domain.json"
_TABLES = {"1": "table1_intensity", "2": "table2_resolution", "3": "table3_noise", "4": "table4_diameters"}
_PLOTS = {"intensity": intensity_plot, "spacing": spacing_plot, "noise": noise_plot, "diameters": diameter_plot}


def write_comparison(
    comparison: DomainComparison,
    folder: Path,
    failed: Mapping[str, Sequence[FailedCase]] | None = None,
) -> list[Path]:
    """Write all files, domain.json last: where it is, they are complete. Older ones of the same names are replaced.

    Args:
        comparison: what to write.
        folder: created if missing.
        failed: cases that could not be measured, by ``source`` and ``target``.

    Returns:
        The files.

    Raises:
        UsageError: the folder is a file, cannot be made, or another run writes into it.
        OSError: a file cannot be written.
    """
    body = _body(comparison, failed or {})
    with OutputFolder(folder):
        (folder / DOMAIN_NAME).unlink(missing_ok=True)
        files = [*_write_tables(body, folder), *_write_plots(body, folder)]
        write_text(folder / DOMAIN_NAME, json_text(body))
    return [folder / DOMAIN_NAME, *files]


def _body(comparison: DomainComparison, failed: Mapping[str, Sequence[FailedCase]]) -> dict[str, Any]:
    listed = {
        side: [{"case": case.case, "reason": case.written_reason} for case in failed.get(side, ())]
        for side in ("source", "target")
    }
    return {**comparison.to_json(), "failed_cases": listed}


def _write_tables(body: Mapping[str, Any], folder: Path) -> list[Path]:
    phantom = phantom_cohorts(body)
    texts = {f"{name}.csv": table_csv(body["tables"][number], phantom) for number, name in _TABLES.items()}
    texts["shifts.csv"] = shifts_csv(body["shifts"], phantom)
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]


def _write_plots(body: Mapping[str, Any], folder: Path) -> list[Path]:
    files = []
    for name, draw in _PLOTS.items():
        path = folder / f"{name}.png"
        with replacing(path) as file:
            save_png(draw(body), file)
        files.append(path)
    return files
