"""A cohort from request to result: check everything, compute what is missing, keep the tables up to date."""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..case.plan import plan_methods
from ..case.results import model_fields
from ..device import resolve_device
from ..fingerprint import request_fingerprint, request_settings
from ..inference.target import resolve_target
from ..model.layers import resolve_layers
from ..model.loading import load_model
from ..output_folder import OutputFolder
from ..progress import Reporter
from .check import case_requests, check_headers, check_manifest
from .computers import Computers, open_computers
from .dispatch import Dispatcher
from .manifest import Manifest
from .request import CohortRequest, CohortResult
from .resume import take_over
from .store import CasePlace, CohortStore
from .task import CaseTask, Compute, Outcome, explain_case

if TYPE_CHECKING:
    from ..model.loading import Model


def run_cohort(
    request: CohortRequest, reporter: Reporter | None = None, compute: Compute = explain_case
) -> CohortResult:
    """Explain all cases of a manifest; those that are finished already are not computed again.

    Args:
        request: what is asked.
        reporter: hears of stages (``load_model``, ``check``, ``cases``), counts and warnings, and is asked whether to
            stop.
        compute: what a worker does with a case.

    Returns:
        The files, and what failed. A case that fails stops no other and raises nothing.

    Raises:
        UsageError, ModelError, InputError: what is wrong with settings, model or files, before the first case is
            computed; problems of manifest and files are all listed.
        NotInstalledError: the device is not there, or the processes cannot be started.
        CancelledError: the user cancelled; what was finished until then is kept and in the tables.
        WorkerCrashedError: the cluster is gone; likewise.
    """
    reporter = reporter or Reporter()
    with OutputFolder(request.output) as output:
        reporter.stage("load_model")
        model = _check_model(request)
        reporter.stage("check")
        manifest = check_manifest(request, reporter)
        for warning in manifest.warnings:
            reporter.warning(warning.code, warning.message)
        tasks = _tasks(request, manifest, model.sha256)
        with contextlib.closing(CohortStore(request.output, output.staging, _facts(request, tasks, model))) as store:
            pending = take_over(tasks, model.sha256, request.restart, store, reporter)
            grids = check_headers({place.case: task.request for place, task in pending.items()}, reporter)
            if pending:
                with open_computers(request, model, grids.values(), output.staging, reporter) as computers:
                    del model  # the workers have their own
                    _compute(pending, computers, compute, store, reporter)
            files = store.publish(finished=True)
            if len(store.totals.packages) > 1:
                versions = ", ".join(store.totals.packages)
                reporter.warning("mixed_versions", f"The cases were computed by several versions: {versions}.")
            return _result(request.output, files, store)


def _check_model(request: CohortRequest) -> Model:
    """The model, on the CPU; everything is refused that can be without a volume."""
    template = request.template
    plan_methods(template)
    if request.scheduler is None:
        resolve_device(template.device)
    model = load_model(template.model, folds=template.folds, device="cpu")
    resolve_layers(model, template.layers)
    resolve_target(model.label_manager, template.target.label)
    return model


def _tasks(request: CohortRequest, manifest: Manifest, model_sha256: str) -> dict[CasePlace, CaseTask]:
    """What is to be done for every case of the manifest, in its order."""
    run = uuid.uuid4().hex
    requests = case_requests(request, manifest)
    return {
        CasePlace(number, case.case, case.domain): CaseTask(
            requests[case.case], request_fingerprint(requests[case.case], model_sha256), run, request.threads
        )
        for number, case in enumerate(manifest.cases, 1)
    }


def _facts(request: CohortRequest, tasks: Mapping[CasePlace, CaseTask], model: Model) -> dict[str, Any]:
    """What summary.json says beside counts."""
    return {
        "name": request.output.resolve().name,
        "manifest": _relative(request.manifest, request.output),
        "cases": len(tasks),
        "model": model_fields(model),
        "settings": request_settings(request.template),
        "methods": [planned.facts() for planned in plan_methods(request.template)],
    }


def _relative(manifest: Path, folder: Path) -> str:
    """Where a diagnosis finds the volumes again, for its pictures; as a path from the folder, which may be moved."""
    try:
        return Path(os.path.relpath(manifest, folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return str(manifest.absolute())


def _compute(
    pending: Mapping[CasePlace, CaseTask],
    computers: Computers,
    compute: Compute,
    store: CohortStore,
    reporter: Reporter,
) -> None:
    """Compute all pending cases, and take in each as it ends."""
    places = {place.case: place for place in pending}
    tasks = {place.case: computers.adapt(task) for place, task in pending.items()}
    total = store.totals.ended + len(pending)
    before, began_s = store.totals.ended, time.monotonic()

    def tell() -> None:
        computed = store.totals.ended - before
        pace_s = (time.monotonic() - began_s) / computed if computed else None
        left_s = None if pace_s is None else pace_s * (len(pending) - computed)
        reporter.cases(store.totals.done, store.totals.failed, total, left_s)
        reporter.progress(store.totals.ended / total)
        seconds = round(time.monotonic() - began_s, 1)
        store.note(run={**computers.facts, "computed": computed, "seconds": seconds})

    def receive(case: str, outcome: Outcome) -> None:
        if outcome.finished is not None:
            store.add_done(places[case], outcome.attempts, outcome.finished)
        else:
            store.add_failed(places[case], outcome.attempts, outcome.code, outcome.reason)
        tell()

    def poll() -> None:
        reporter.check_cancelled()
        store.publish_if_due()

    reporter.stage("cases")
    tell()
    try:
        Dispatcher(computers.client, compute, computers.width).compute_all(tasks, receive, poll)
    except BaseException:
        with contextlib.suppress(OSError):  # the tables tell what was finished, if they can be written at all
            store.publish(finished=False)
        raise


def _result(folder: Path, files: dict[str, Path | None], store: CohortStore) -> CohortResult:
    totals = store.totals
    return CohortResult(folder, files, totals.done, totals.failed, tuple(totals.failures), store.summary())
