"""The deletion curve of a map for a result that is there: segmented anew, drawn live, and written beside it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..case.plan import ModelLoader
from ..case.record import CaseRecord
from ..deletion_request import DeletionRequest
from ..deletion_words import deletion_verdict
from ..errors import InputError
from ..json_text import json_text
from ..output_folder import OutputFolder
from ..page.case_files import read_metrics
from ..progress import Reporter
from .baselines import BASELINES
from .candidate import BASELINE, GIVEN, FloatMap
from .deletion_curve import DeletionCurves, Point
from .gate import read_planned
from .judged_result import METRICS_NAME, plan_of_result, request_of
from .maps import given_candidate
from .result import csv_text
from .run import Prepared, prepare_case

SCHEMA_VERSION = 1
JSON_NAME, TABLE_NAME = "deletion.json", "deletion.csv"
#: The curve of the map that was asked for.
MAP = "map"
#: Volumes held beside the curves' maps: the filled image, the erased one, and what a fill is made from.
_WORKING_VOLUMES = 4


@dataclass(frozen=True)
class DeletionResult:
    """What was drawn.

    Args:
        folder: of the result.
        files: ``deletion`` and ``table``.
        body: the content of deletion.json.
    """

    folder: Path
    files: Mapping[str, Path]
    body: dict[str, Any]


def deletion_of_result(
    request: DeletionRequest, reporter: Reporter | None = None, load: ModelLoader | None = None
) -> DeletionResult:
    """Draw the deletion curve of a map, and write deletion.json and deletion.csv into the result's folder.

    Args:
        request: the result, the map, and what it is drawn beside.
        reporter: hears of stages, progress and warnings, gets every point as soon as it is known (its curve is ``map``
            or a baseline's name, its values the fields of ``deletion_curve.Point``), and is asked whether to stop.
        load: takes the place of ``load_model``.

    Raises:
        InputError: there is no result or no target, it was made from other files or by another model, or the map lies
            on another grid or is constant.
        UsageError, ModelError, MemoryExhaustedError, NotInstalledError, CancelledError: it cannot run here, or was
            cancelled; nothing was written.
    """
    record = CaseRecord(reporter or Reporter())
    folder = request.result.folder
    metrics = read_metrics(folder / METRICS_NAME)
    plan = plan_of_result(request_of(metrics, request.result), metrics, record, load)
    case, content = read_planned(plan, record, metrics)
    with OutputFolder(folder) as output:
        prepared = prepare_case(plan, case, record, 1 + len(request.references) + _WORKING_VOLUMES)
        title, rankings = _rankings(request, prepared, record)
        record.stage("remove")
        curves = DeletionCurves(prepared.explained, rankings, request.points, request.fill, request.seed, record)
        drawn = curves.draw()
        record.stage("write")
        titles = {name: title if name == MAP else BASELINES[name][0] for name in drawn}
        body = {
            "schema_version": SCHEMA_VERSION,
            "case": metrics["case"],
            "phantom": case.volume.is_phantom,
            "target": metrics["target"],
            "model": {"sha256": metrics["model"]["sha256"]},
            "content": content,
            "settings": {
                "map": request.map,
                "references": list(request.references),
                "points": request.points,
                "reach": curves.reach,
                "fill": request.fill,
                "seed": request.seed,
            },
            "score": {"original": curves.original, "erased": curves.erased},
            "explained_voxels": curves.explained_voxels,
            "volume_voxels": curves.volume_voxels,
            "curves": [
                _entry(name, titles[name], name != MAP or request.map_file is None, points, curves)
                for name, points in drawn.items()
            ],
            "interventions": curves.cost,
            "warnings": record.warnings,
            "timing": record.timing(),
        }
        areas = {entry["name"]: entry["area"] for entry in body["curves"]}
        body["verdict"] = deletion_verdict(areas.pop(MAP), areas).to_json()
        (output.staging / TABLE_NAME).write_text(csv_text(_rows(body)), encoding="utf-8")
        (output.staging / JSON_NAME).write_text(json_text(body), encoding="utf-8")
        for name in (TABLE_NAME, JSON_NAME):
            os.replace(output.staging / name, folder / name)
    return DeletionResult(folder, {"deletion": folder / JSON_NAME, "table": folder / TABLE_NAME}, body)


def _rankings(request: DeletionRequest, prepared: Prepared, record: CaseRecord) -> tuple[str, dict[str, FloatMap]]:
    """The map's title, and all maps by the name of their curve; raises ``InputError`` where the map is constant."""
    rankings: dict[str, FloatMap] = {}
    if request.map_file is None:
        title, make = BASELINES[request.map]
        values = make(prepared.explained, request.seed)
    else:
        title = request.map
        values = given_candidate(title, request.map_file, prepared.grid).values
    if values is None:
        raise InputError(f"The map {title} is the same everywhere: it puts no voxel first.", "Choose another map.")
    rankings[MAP] = values
    for name in request.references:
        record.check_cancelled()
        reference_title, make = BASELINES[name]
        reference = make(prepared.explained, request.seed)
        if reference is None:
            record.warning("reference_left_out", f"{reference_title} is the same everywhere here: it has no curve.")
        else:
            rankings[name] = reference
    return title, rankings


def _entry(name: str, title: str, is_baseline: bool, points: Sequence[Point], curves: DeletionCurves) -> dict[str, Any]:
    return {
        "name": name,
        "title": title,
        "kind": BASELINE if is_baseline else GIVEN,
        "area": curves.area(list(points)),
        "removed": [point.removed for point in points],
        "voxels": [point.voxels for point in points],
        "volume_percent": [100 * point.voxels / curves.volume_voxels for point in points],
        "score": [point.score for point in points],
        "relative": [point.relative for point in points],
        "surviving": [point.surviving for point in points],
    }


def _rows(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A row a point."""
    names = ("removed", "voxels", "volume_percent", "score", "relative", "surviving")
    return [
        {"curve": curve["name"], **dict(zip(names, values, strict=True))}
        for curve in body["curves"]
        for values in zip(*(curve[name] for name in names), strict=True)
    ]
