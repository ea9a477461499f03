"""Badges on demand, for a result that is there: segmented and explained anew, and written into its metrics.json."""

from __future__ import annotations

import json
from typing import Any

from ..atomic import write_text
from ..badges.cache import GATE_VERSION
from ..case.plan import CasePlan, ModelLoader, plan_case
from ..case.record import CaseRecord
from ..case.results import remove_drawn
from ..errors import InputError, UsageError
from ..json_text import json_text
from ..judge_request import JudgeRequest
from ..output_folder import OutputFolder
from ..page.case_files import read_metrics
from ..progress import Reporter
from ..request import REQUEST_VERSION, Request
from .gate import Badge, judge_planned

METRICS_NAME = "metrics.json"


def judge_result(files: JudgeRequest, reporter: Reporter | None = None, load: ModelLoader | None = None) -> list[Badge]:
    """Judge the map of a result, and write its badges into metrics.json.

    A result that this version has judged already is answered from metrics.json once model and files are known to be
    those of the run. The result's page and pictures go where its badges change: ``view`` draws them anew.

    Args:
        files: the result and what it was made from.
        reporter: hears of stages, progress and warnings, and is asked whether to stop.
        load: takes the place of ``load_model``.

    Returns:
        As ``verdicts.badges``.

    Raises:
        InputError: there is no result or no map, or it was made from other files or by another model.
        UsageError, ModelError, MemoryExhaustedError, NotInstalledError, CancelledError: as ``judge_map``.
    """
    record = CaseRecord(reporter or Reporter())
    metrics = read_metrics(files.folder / METRICS_NAME)
    request = request_of(metrics, files)
    plan = plan_of_result(request, metrics, record, load)
    known = metrics.get("badges") if metrics.get("gate_version") == GATE_VERSION else None
    found = judge_planned(plan, record, metrics, known)
    if known is None:
        with OutputFolder(files.folder):
            body = {**read_metrics(files.folder / METRICS_NAME), "badges": found, "gate_version": GATE_VERSION}
            write_text(files.folder / METRICS_NAME, json_text(body))
            remove_drawn(files.folder)
    return found


def request_of(metrics: dict[str, Any], files: JudgeRequest) -> Request:
    """The request of a run from what its metrics.json says of it.

    Raises:
        InputError: it has no map, or an earlier version or another command wrote it.
        UsageError: the ground truth is missing that it needs.
    """
    asked = metrics.get("request") or {}
    if not isinstance(asked.get("settings"), dict) or not isinstance(asked.get("content"), str):
        raise InputError(
            f"The result in {files.folder} does not say what it was made from: it comes from an earlier version, or "
            "from another command than 'explain'.",
            "Explain the volume anew.",
        )
    if metrics.get("attribution") is None:
        raise InputError(f"The result in {files.folder} has no map that could be judged.", "See its warnings.")
    settings = dict(asked["settings"])
    box = settings.pop("region_box_mm_ras", None)
    if files.region is not None and box is not None:
        raise UsageError("A region was named, and the result was made with a box.", "Leave the region out.")
    mask = None if files.region is None else str(files.region)
    own = {
        "volume": str(files.volume),
        "model": files.model,
        "output": str(files.folder),
        "ground_truth": None if files.ground_truth is None else str(files.ground_truth),
        "region": None if mask is None and box is None else {"mask": mask, "box_mm_ras": box},
        "series_uid": files.series_uid,
        "device": files.device,
        "scan_backend": files.scan_backend,
        "memory_limit_gb": files.memory_limit_gb,
    }
    return Request.from_json(json.dumps({**settings, **own, "version": REQUEST_VERSION}))


def plan_of_result(
    request: Request, metrics: dict[str, Any], record: CaseRecord, load: ModelLoader | None = None
) -> CasePlan:
    """The plan of a run from ``request_of``'s request.

    Args:
        metrics: of that run.

    Raises:
        InputError: it was made by another model.
        UsageError, ModelError, MemoryExhaustedError, NotInstalledError: it cannot run here.
    """
    plan = plan_case(request, record, load)
    before = metrics["model"]["sha256"]
    if plan.model.sha256 != before:
        raise InputError(
            f"The model {plan.request.model} is not the one that the result was made by (SHA-256 "
            f"{plan.model.sha256[:12]}..., the result's {before[:12]}...).",
            "Name that model, or explain the volume anew.",
        )
    return plan
