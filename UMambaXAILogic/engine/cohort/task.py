"""One case as a worker computes it: counted before it begins, and its end written down, whatever it is."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import CancelledError, InputError, WorkerCrashedError
from ..failure import describe_failure
from ..privacy import files_of_request, without_identifiers
from ..progress import Reporter
from ..request import Request
from ..unfinished import LOCK_NAME
from .case_state import (
    FinishedCase,
    finished_case,
    note_cancelled,
    note_done,
    note_failure,
    note_start,
    read_status,
    starts_in_run,
)
from .model_cache import ModelCache
from .request import MAX_STARTS

#: A task that was cancelled with its launcher needs so long at most to notice it and to let go of the case's folder.
_LOCK_WAIT_S = 60.0

_one_at_a_time = threading.Lock()
_models = ModelCache()


@dataclass(frozen=True)
class CaseTask:
    """What travels to a worker.

    Args:
        request: of the case; its output is the case's folder.
        fingerprint: of the request.
        run: name of the cohort run.
        threads: CPU threads to compute with; None: the cores that the process may use, shared by ``sharing``.
        sharing: workers on the same machine.
    """

    request: Request
    fingerprint: str
    run: str
    threads: int | None = None
    sharing: int = 1


@dataclass(frozen=True)
class Outcome:
    """What comes back.

    Args:
        attempts: how often the case was begun, over all runs.
        finished: the results; None if it failed or was cancelled.
        code, reason: of the failure; both None if it was cancelled.
    """

    attempts: int
    finished: FinishedCase | None = None
    code: str | None = None
    reason: str | None = None


#: Computes a case and writes its files; tells a reporter, and asks it whether to go on.
Compute = Callable[[CaseTask, Reporter], None]


def explain_case(task: CaseTask, reporter: Reporter) -> None:
    """Segment, explain and measure, with the model that this process keeps.

    Raises:
        UMambaXAIError: as ``run_case``.
    """
    import torch

    from ..case.record import restart_peak_memory
    from ..pipeline import run_case

    restart_peak_memory()
    torch.set_num_threads(task.threads or max(1, available_cores() // task.sharing))
    request = replace(task.request, device=_models.device(task.request.device))
    try:
        run_case(request, reporter, load=_models.load)
    finally:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # what a case that failed for lack of memory holds must not fail the next


def perform(task: CaseTask, compute: Compute = explain_case) -> Outcome:
    """Compute one case; a case that fails is an outcome, not an error.

    One case at a time in a process, however many threads its Dask worker has: they would share one network.
    """
    folder = task.request.output
    with _one_at_a_time:
        if (finished := _wait_for(folder, task.fingerprint)) is not None:
            return Outcome(read_status(folder).attempts, finished)
        if (starts := starts_in_run(folder, task.run)) >= MAX_STARTS:
            return crashed(task, starts)
        status = note_start(folder, task.run, task.fingerprint)
        try:
            compute(task, Reporter(is_unwanted))
            if (finished := finished_case(folder, task.fingerprint)) is None:
                raise InputError("Its files were changed while it was computed.", "Run the cohort again.")
        except CancelledError:
            note_cancelled(folder, status)
            return Outcome(status.attempts)
        except Exception as error:
            failure = describe_failure(error)
            files = files_of_request(task.request)
            reason = without_identifiers(failure.text, files)
            trace = without_identifiers(traceback.format_exc(), files) if failure.code == "bug" else None
            note_failure(folder, status, failure.code, reason, trace)
            return Outcome(status.attempts, code=failure.code, reason=reason)
        note_done(folder, status)
        return Outcome(status.attempts, finished)


def crashed(task: CaseTask, times: int) -> Outcome:
    """The outcome of a case whose process died as often as is allowed; written down too."""
    folder = task.request.output
    folder.mkdir(parents=True, exist_ok=True)
    code = WorkerCrashedError.code
    reason = (
        f"The process that computed it was killed or crashed, {times} times in this run; most often the memory of the "
        "machine ran out. Use fewer workers, a smaller volume, or a machine with more memory."
    )
    status = note_failure(folder, read_status(folder), code, reason)
    return Outcome(status.attempts, code=code, reason=reason)


def available_cores() -> int:
    """Cores that this process may use, by its affinity and by the limits of its container or job."""
    from dask.system import cpu_count

    return cpu_count()


def _wait_for(folder: Path, fingerprint: str) -> FinishedCase | None:
    """Wait while an earlier task holds the case's folder; the results, if it (or an earlier run) left them."""
    if (folder / LOCK_NAME).exists():
        lock = FileLock(folder / LOCK_NAME, is_singleton=False)
        try:
            with lock.acquire(timeout=_LOCK_WAIT_S):
                pass
        except Timeout:
            return None  # run_case will say who holds it
    return finished_case(folder, fingerprint)


def is_unwanted() -> bool:
    """Whether the scheduler cancelled the task: its launcher asked for that, or is gone."""
    from distributed import get_worker
    from distributed.worker import thread_state

    try:
        task = get_worker().state.tasks.get(thread_state.key)
    except (AttributeError, ValueError):  # no task of a worker
        return False
    return task is None or task.state == "cancelled"
