"""The files of a benchmark: benchmark.json, a table, a plot for each axis, and the maps themselves."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path, PurePosixPath
from typing import Any

from ..case.input import CaseInput
from ..case.name import case_name
from ..case.plan import CasePlan
from ..case.record import CaseRecord, peak_memory_mb
from ..case.results import environment_fields, input_fields, model_fields, target_fields
from ..fingerprint import request_settings
from ..inference.network_grid import NetworkGrid
from ..json_text import json_text
from ..output_folder import OutputFolder
from ..volume_io import write_volume
from .candidate import BASELINE
from .deletion import STEPS, Deletion
from .figures import FIGURE_NAMES, axis_figures
from .files import JSON_NAME, MAPS_FOLDER, SCHEMA_VERSION, TABLE_NAME
from .request import BenchmarkRequest
from .table import table_rows
from .verdicts import Judged, badges, ranks


@dataclass(frozen=True)
class BenchmarkResult:
    """What a benchmark left behind.

    Args:
        folder: the output folder.
        files: names of the files in it.
        body: the content of benchmark.json.
    """

    folder: Path
    files: tuple[str, ...]
    body: dict[str, Any]


def write_result(
    request: BenchmarkRequest,
    plan: CasePlan,
    case: CaseInput,
    grid: NetworkGrid,
    judged: Sequence[Judged],
    deletion: Deletion,
    record: CaseRecord,
    output: OutputFolder,
    part_voxels: int | None,
) -> BenchmarkResult:
    """Write everything into a hidden folder, then give every file its final name, benchmark.json last.

    Args:
        part_voxels: of the one part that is explained; None where all is.
    """
    staging, folder = output.staging, request.case.output
    names: list[str] = []
    (staging / MAPS_FOLDER).mkdir()
    for one in judged:
        if one.candidate.values is not None:
            name = f"{MAPS_FOLDER}/{_file_name(one.candidate.name, names)}.nii.gz"
            write_volume(grid.to_input(one.candidate.values), staging / name, like=case.volume)
            names.append(name)
    body = _body(request, plan, case, judged, deletion, record, part_voxels)
    (staging / TABLE_NAME).write_text(csv_text(table_rows(body)), encoding="utf-8")
    names.append(TABLE_NAME)
    for name, png in axis_figures(body).items():
        (staging / f"{name}.png").write_bytes(png)
        names.append(f"{name}.png")
    (staging / JSON_NAME).write_text(json_text(body), encoding="utf-8")
    names.append(JSON_NAME)
    _remove_earlier_result(folder)
    (folder / MAPS_FOLDER).mkdir(exist_ok=True)
    for name in names:
        os.replace(staging / name, folder / name)
    return BenchmarkResult(folder, tuple(names), body)


def _remove_earlier_result(folder: Path) -> None:
    """Plots and maps of other settings must not be taken for this result's; files of the user's own stay."""
    if not (folder / JSON_NAME).exists():
        return
    (folder / JSON_NAME).unlink()
    for path in (*(folder / f"{name}.png" for name in FIGURE_NAMES), *(folder / MAPS_FOLDER).glob("*.nii.gz")):
        path.unlink(missing_ok=True)


def _body(
    request: BenchmarkRequest,
    plan: CasePlan,
    case: CaseInput,
    judged: Sequence[Judged],
    deletion: Deletion,
    record: CaseRecord,
    part_voxels: int | None,
) -> dict[str, Any]:
    baselines = {one.candidate.name: one.score for one in judged if one.candidate.kind == BASELINE}
    places = ranks(judged)
    return {
        "schema_version": SCHEMA_VERSION,
        "fingerprint": request.fingerprint(plan.model.sha256),
        "case": request.case.case or case_name(request.case.volume),
        "phantom": case.volume.is_phantom,
        "input": input_fields(request.case.volume, case.volume, case.facts),
        "model": model_fields(plan.model),
        "target": target_fields(plan, part_voxels),
        "settings": {
            "baselines": list(request.baselines),
            "axes": list(request.axes),
            "fill": request.fill,
            "budget": request.budget,
            "seed": request.seed,
            "k": list(STEPS),
            "request": request_settings(request.case),
        },
        "score": {
            "original": deletion.original,
            "erased": deletion.erased,
            "off_target": deletion.off_target_original,
            "watched": list(deletion.watched.names),
        },
        "methods": [_entry(one, places[one.candidate.name], baselines) for one in judged],
        "interventions": deletion.cost,
        "warnings": record.warnings,
        "timing": record.timing(),
        "peak_memory_mb": peak_memory_mb(plan.model.device.type),
        "environment": environment_fields(plan.model.device, plan.scan_backend),
    }


def _entry(one: Judged, rank: int | None, baselines: dict[str, float | None]) -> dict[str, Any]:
    candidate = one.candidate
    return {
        "name": candidate.name,
        "title": candidate.title,
        "kind": candidate.kind,
        "constant": candidate.values is None,
        "settings": candidate.settings,
        "rank": rank,
        "faithfulness": None if one.faithfulness is None else one.faithfulness.to_json(),
        "leakage": None if one.leakage is None else one.leakage.to_json(),
        "robustness": one.robustness,
        "sanity": None if one.sanity is None else one.sanity.to_json(),
        "cost": None if candidate.cost is None else asdict(candidate.cost),
        "badges": badges(one, baselines),
    }


def csv_text(rows: Sequence[dict[str, Any]]) -> str:
    """Rows of equal keys as CSV with a header; None is empty."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: "" if value is None else value for key, value in row.items()} for row in rows)
    return stream.getvalue()


def _file_name(name: str, taken: Sequence[str]) -> str:
    """A name that every disk accepts; numbered where another map's, perhaps in other case, became the same."""
    plain = "".join(letter if letter.isalnum() or letter in "-_.@" else "_" for letter in name)
    used = {PurePosixPath(file).name.removesuffix(".nii.gz").casefold() for file in taken}
    choices = (plain if number == 1 else f"{plain}-{number}" for number in count(1))
    return next(choice for choice in choices if choice.casefold() not in used)
