"""The benchmark of every case of a manifest, and what it comes to over cases.

A case is a task: computed here, one after the other, or on a Dask cluster. Finished cases are not computed again.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ..case.plan import plan_case
from ..case.record import CaseRecord
from ..case.results import model_fields
from ..cohort.check import case_requests, check_headers, check_manifest
from ..cohort.computers import open_computers
from ..cohort.model_cache import ModelCache
from ..cohort.request import CohortRequest
from ..cohort.task import CaseTask, available_cores, is_unwanted
from ..cohort.task_runner import CRASHED, run_on_cluster
from ..errors import InputError, MemoryExhaustedError, UsageError, WorkerCrashedError
from ..failure import describe_failure
from ..json_text import json_text
from ..output_folder import OutputFolder
from ..privacy import files_of_request, without_identifiers
from ..progress import OnlyStopped, Reporter
from .files import JSON_NAME, SCHEMA_VERSION, TABLE_NAME
from .over_cases import method_entries
from .request import BenchmarkRequest
from .result import BenchmarkResult, csv_text
from .run import run_benchmark

_one_at_a_time = threading.Lock()
_models = ModelCache()


@dataclass(frozen=True)
class BenchmarkTask:
    """What travels to the process that computes a case.

    Args:
        request: of the case; its output is the case's folder.
        threads: CPU threads; None: as ``sharing`` says.
        sharing: workers on the same machine that share its cores; None: threads stay as the process was started with.
    """

    request: BenchmarkRequest
    threads: int | None = None
    sharing: int | None = None

    @property
    def case(self) -> str:
        """Name of the case."""
        assert self.request.case.case is not None  # it comes from a manifest
        return self.request.case.case


@dataclass(frozen=True)
class Failure:
    """Why a case has no result, without paths."""

    code: str
    reason: str


def run_cohort_benchmark(
    cohort: CohortRequest, template: BenchmarkRequest, reporter: Reporter | None = None
) -> BenchmarkResult:
    """Judge the maps of every case of a manifest.

    Args:
        cohort: manifest, output, who computes; its template is ``template.case``.
        template: what is asked of every case.
        reporter: hears of progress and warnings, and is asked whether to stop.

    Returns:
        The files and the content of benchmark.json: means over cases with 95 % intervals.

    Raises:
        UsageError, ModelError, InputError: what is wrong with the request, the model or the manifest; no case could be
            judged.
        MemoryExhaustedError, NotInstalledError, WorkerCrashedError: it cannot run here.
        CancelledError: the user cancelled; finished cases are kept.
    """
    reporter = reporter or Reporter()
    if template.maps:
        raise UsageError("Maps of your own belong to one case, and a manifest was given.", "Leave them out.")
    with OutputFolder(cohort.output) as output:
        models = ModelCache()
        asked = replace(cohort.template, device=models.device(cohort.template.device))
        plan = plan_case(asked, CaseRecord(reporter), models.load)
        reporter.stage("check")
        manifest = check_manifest(cohort, reporter)
        requests = case_requests(cohort, manifest)
        tasks = [BenchmarkTask(replace(template, case=request), cohort.threads) for request in requests.values()]
        pending = [task for task in tasks if not _is_finished(task, plan.model.sha256, cohort.restart)]
        grids = check_headers({task.case: task.request.case for task in pending}, reporter)
        failures: dict[str, Failure] = {}
        if cohort.workers is None and cohort.scheduler is None:
            ended = _in_this_process(pending, models, reporter)
        else:
            ended = _on_cluster(pending, cohort, plan.model, list(grids.values()), output.staging, reporter)
        reporter.stage("cases")
        began = time.monotonic()
        for number, (task, failure) in enumerate(ended, 1):
            if failure is not None:
                failures[task.case] = failure
                reporter.warning("case_failed", f"{task.case} is left out: {failure.reason}")
            left_s = (time.monotonic() - began) / number * (len(pending) - number)
            done = len(tasks) - len(pending) + number - len(failures)
            reporter.cases(done, len(failures), len(tasks), left_s)
            reporter.progress(number / len(pending))
        bodies = [_body(task) for task in tasks if task.case not in failures]
        if not bodies:
            first = next(iter(failures.values()))
            raise InputError(
                f"No case of {cohort.manifest} could be judged; the first: {first.reason}", "Correct these files."
            )
        body = {
            "schema_version": SCHEMA_VERSION,
            "cases": [one["case"] for one in bodies],
            "failed_cases": [{"case": case, "code": f.code, "reason": f.reason} for case, f in failures.items()],
            "phantom": any(one["phantom"] for one in bodies),
            "model": model_fields(plan.model),
            "settings": bodies[0]["settings"],
            "methods": method_entries(bodies, template.seed),
        }
        return _write(cohort.output, output.staging, body)


def perform(task: BenchmarkTask) -> Failure | bool:
    """Judge one case in a process of a cluster, with the model that this process keeps; True where it has a result.

    Raises:
        CancelledError: the task is not wanted any more.
        UMambaXAIError: something that every case would meet.
    """
    with _one_at_a_time:  # a process has one network, however many threads Dask gives it
        return _compute(task, _models, Reporter(is_unwanted))


def _compute(task: BenchmarkTask, models: ModelCache, reporter: Reporter) -> Failure | bool:
    if task.threads is not None or task.sharing is not None:
        torch.set_num_threads(task.threads or max(1, available_cores() // (task.sharing or 1)))
    case = task.request.case
    here = replace(task.request, case=replace(case, device=models.device(case.device)))
    try:
        run_benchmark(here, reporter, models.load)
    except (InputError, MemoryExhaustedError) as error:
        failure = describe_failure(error)
        return Failure(failure.code, without_identifiers(failure.text, files_of_request(case)))
    return True


def _in_this_process(
    tasks: Sequence[BenchmarkTask], models: ModelCache, reporter: Reporter
) -> Iterator[tuple[BenchmarkTask, Failure | None]]:
    for task in tasks:
        reporter.check_cancelled()
        answer = _compute(task, models, OnlyStopped(reporter))
        yield task, answer if isinstance(answer, Failure) else None


def _on_cluster(
    tasks: Sequence[BenchmarkTask], cohort: CohortRequest, model: Any, grids: list[Any], scratch: Path, told: Reporter
) -> Iterator[tuple[BenchmarkTask, Failure | None]]:
    with open_computers(cohort, model, grids, scratch, told) as computers:
        adapted = []
        for task in tasks:
            fitted = computers.adapt(CaseTask(task.request.case, "", "", task.threads))
            request = replace(task.request, case=fitted.request)
            adapted.append(BenchmarkTask(request, fitted.threads, fitted.sharing))
        for task, answer in run_on_cluster(computers, perform, adapted, lambda _running: told.check_cancelled()):
            crashed = Failure(WorkerCrashedError.code, CRASHED) if answer is None else None
            yield task, answer if isinstance(answer, Failure) else crashed


def _is_finished(task: BenchmarkTask, model_sha256: str, restart: bool) -> bool:
    path = task.request.case.output / JSON_NAME
    if not path.exists():
        return False
    try:
        found = json.loads(path.read_text(encoding="utf-8")).get("fingerprint")
    except (OSError, ValueError, AttributeError):  # somebody's own file, or damaged
        found = None
    if found == task.request.fingerprint(model_sha256):
        return True
    if not restart:
        raise UsageError(
            f"The case {task.case} was judged in this folder with other settings or files.",
            "Choose another folder, or judge everything again (in a terminal --restart, in Python restart=True).",
        )
    return False


def _body(task: BenchmarkTask) -> dict[str, Any]:
    return json.loads((task.request.case.output / JSON_NAME).read_text(encoding="utf-8"))


def _write(folder: Path, staging: Path, body: dict[str, Any]) -> BenchmarkResult:
    rows = [_row(entry) for entry in body["methods"]]
    (staging / TABLE_NAME).write_text(csv_text(rows), encoding="utf-8")
    (staging / JSON_NAME).write_text(json_text(body), encoding="utf-8")
    for name in (TABLE_NAME, JSON_NAME):
        os.replace(staging / name, folder / name)
    return BenchmarkResult(folder, (TABLE_NAME, JSON_NAME), body)


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    row = {key: entry[key] for key in ("rank", "name", "kind", "cases", "constant", "sanity_passed", "sanity_asked")}
    for key, interval in entry["means"].items():
        row |= {key: interval["estimate"], f"{key}_low": interval["low"], f"{key}_high": interval["high"]}
    return row
