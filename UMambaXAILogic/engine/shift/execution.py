"""Who computes the cases: this process, one case after the other, or the processes of a Dask cluster."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from ..cohort.model_cache import ModelCache
from ..cohort.task import CaseTask, available_cores, is_unwanted
from ..cohort.task_runner import CRASHED, run_on_cluster
from ..errors import InputError, MemoryExhaustedError, WorkerCrashedError
from ..failure import describe_failure
from ..privacy import files_of_request, without_identifiers
from ..progress import Reporter
from .case_values import CaseValues
from .reporter import PassCounter
from .task import ShiftTask, compute_values

if TYPE_CHECKING:
    from ..cohort.computers import Computers

_one_at_a_time = threading.Lock()
_models = ModelCache()


@dataclass(frozen=True)
class Outcome:
    """How a case ended.

    Args:
        task: the case.
        values: complete; None where it failed.
        code, reason: of the failure, without paths; None where there are values.
    """

    task: ShiftTask
    values: CaseValues | None = None
    code: str | None = None
    reason: str | None = None


def in_this_process(
    tasks: Sequence[ShiftTask], models: ModelCache, reporter: Reporter, counter: PassCounter
) -> Iterator[Outcome]:
    """One case after the other; a case that cannot be computed is an outcome and does not stop the rest.

    Raises:
        CancelledError: the user cancelled.
        UMambaXAIError: something that every case would meet, such as a model that cannot be used.
    """
    for task in tasks:
        reporter.check_cancelled()
        outcome = _compute(task, models, reporter, counter)
        counter.finish(task.key)
        yield outcome


def on_cluster(
    computers: Computers, tasks: Sequence[ShiftTask], reporter: Reporter, counter: PassCounter
) -> Iterator[Outcome]:
    """A few cases at a time as Dask tasks; one whose process died is begun once more, and goes on where it was.

    Raises:
        CancelledError: the user cancelled; cases that run are told to stop.
        WorkerCrashedError: the cluster is gone.
        UMambaXAIError: something that every case would meet.
    """
    known = _KnownPasses(counter)

    def look(running: Sequence[ShiftTask]) -> None:
        reporter.check_cancelled()
        known.look(running)

    original = {task.key: task for task in tasks}
    for task, outcome in run_on_cluster(computers, perform, [_adapted(task, computers) for task in tasks], look):
        counter.finish(task.key)
        ended = outcome or Outcome(task, code=WorkerCrashedError.code, reason=CRASHED)
        yield replace(ended, task=original[task.key])


def _adapted(task: ShiftTask, computers: Computers) -> ShiftTask:
    """With the memory and the threads that these computers have for a case."""
    fitted = computers.adapt(CaseTask(task.request, "", "", task.threads))
    return replace(task, request=fitted.request, threads=fitted.threads, sharing=fitted.sharing)


def perform(task: ShiftTask) -> Outcome:
    """Compute one case in a process of a cluster, with the model that this process keeps.

    Raises:
        CancelledError: the task is not wanted any more.
        UMambaXAIError: something that every case would meet.
    """
    with _one_at_a_time:  # a process has one network, however many threads Dask gives it
        return _compute(task, _models, Reporter(is_unwanted), None)


def _compute(task: ShiftTask, models: ModelCache, reporter: Reporter, counter: PassCounter | None) -> Outcome:
    def told(seconds: float) -> None:
        if counter is not None:
            counter.tell(task.key, seconds)

    if task.threads is not None or task.sharing is not None:
        torch.set_num_threads(task.threads or max(1, available_cores() // (task.sharing or 1)))
    here = replace(task, request=replace(task.request, device=models.device(task.request.device)))
    try:
        return Outcome(task, compute_values(here, models.load, reporter, told))
    except (InputError, MemoryExhaustedError) as error:
        failure = describe_failure(error)
        return Outcome(
            task, code=failure.code, reason=without_identifiers(failure.text, files_of_request(task.request))
        )


class _KnownPasses:
    """Counts what other processes have written; a file is read again only when it has changed."""

    def __init__(self, counter: PassCounter) -> None:
        self._counter = counter
        self._seen: dict[str, tuple[int, int]] = {}  # case: time of change (ns), passes

    def look(self, tasks: Sequence[ShiftTask]) -> None:
        """Tell the counter of passes that are new since the last look."""
        for task in tasks:
            try:
                changed_ns = task.values.stat().st_mtime_ns
                before_ns, passes = self._seen.get(task.key, (0, 0))
                if changed_ns == before_ns:
                    continue
                found = CaseValues.read(task.values).passes
            except (OSError, InputError):  # not there yet, or of a run with other settings
                continue
            self._seen[task.key] = (changed_ns, found)
            for _ in range(found - passes):
                self._counter.tell(task.key, None)
