"""Who computes the cases: this process, one case after the other, or the processes of a Dask cluster."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from ..cohort.model_cache import ModelCache
from ..cohort.request import MAX_STARTS
from ..cohort.task import CaseTask, available_cores, is_unwanted
from ..errors import InputError, MemoryExhaustedError, WorkerCrashedError
from ..failure import describe_failure
from ..privacy import files_of_request, without_identifiers
from ..progress import Reporter
from .case_values import CaseValues
from .reporter import PassCounter
from .task import ShiftTask, compute_values

if TYPE_CHECKING:
    from distributed import Future

    from ..cohort.computers import Computers

_POLL_S = 0.5

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
    from distributed import KilledWorker

    waiting = deque((task, 1) for task in tasks)
    running: dict[Future, tuple[ShiftTask, int]] = {}
    known = _KnownPasses(counter)
    try:
        while waiting or running:
            reporter.check_cancelled()
            while waiting and len(running) < computers.width():
                task, starts = waiting.popleft()
                running[computers.client.submit(perform, _adapted(task, computers), pure=False)] = (task, starts)
            known.look([task for task, _ in running.values()])
            ended = [future for future in running if future.done()]
            if not ended:
                time.sleep(_POLL_S)
            for future in ended:
                task, starts = running.pop(future)
                if future.status == "cancelled":
                    raise WorkerCrashedError(
                        "The connection to the Dask cluster is lost.",
                        "Start the cluster again and repeat the command: what was computed is kept.",
                    )
                try:
                    outcome = future.result()
                except KilledWorker:
                    if starts < MAX_STARTS:
                        waiting.appendleft((task, starts + 1))
                        continue
                    outcome = Outcome(task, code=WorkerCrashedError.code, reason=_CRASHED)
                counter.finish(task.key)
                yield replace(outcome, task=task)
    finally:
        computers.client.cancel(list(running))


def _adapted(task: ShiftTask, computers: Computers) -> ShiftTask:
    """With the memory and the threads that these computers have for a case."""
    fitted = computers.adapt(CaseTask(task.request, "", "", task.threads))
    return replace(task, request=fitted.request, threads=fitted.threads, sharing=fitted.sharing)


_CRASHED = (
    f"The process that computed it was killed or crashed, {MAX_STARTS} times; most often the memory of the machine "
    "ran out. Use fewer workers, or a machine with more memory."
)


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
