"""Cases as Dask tasks: a few under way at a time, handed out again where a worker died, received as they end."""

from __future__ import annotations

import queue
import uuid
from collections import Counter, deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..errors import WorkerCrashedError
from ..failure import describe_failure
from ..privacy import files_of_request, without_identifiers
from .case_state import read_status, starts_in_run
from .request import MAX_STARTS
from .task import CaseTask, Compute, Outcome, crashed, perform

if TYPE_CHECKING:
    from distributed import Client, Future

#: How long to wait for a case to end before looking whether the user wants to stop.
_POLL_S = 0.2
#: How often a case is handed out at most, starts or not: workers may die before they begin anything.
_MAX_HANDED_OUT = MAX_STARTS + 3


class Dispatcher:
    """Computes the cases of one run on a cluster.

    Args:
        client: of the cluster.
        compute: what a worker does with a task.
        width: how many cases may be under way; asked again and again, for clusters grow and shrink.
    """

    def __init__(self, client: Client, compute: Compute, width: Callable[[], int]) -> None:
        self._client = client
        self._compute = compute
        self._width = width
        self._ended: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self._handed_out: Counter[str] = Counter()
        self._under_way: dict[str, str] = {}  # Dask's key -> case

    def compute_all(
        self, tasks: Mapping[str, CaseTask], receive: Callable[[str, Outcome], None], poll: Callable[[], None]
    ) -> None:
        """Compute all tasks.

        Args:
            tasks: by case.
            receive: is given every case's outcome, as it comes.
            poll: called several times a second; what it raises ends everything.

        Raises:
            WorkerCrashedError: the cluster is gone.
        """
        waiting = deque(tasks)
        while waiting or self._under_way:
            poll()
            while waiting and len(self._under_way) < self._width():
                self._hand_out(waiting.popleft(), tasks)
            try:
                future = self._ended.get(timeout=_POLL_S)
            except queue.Empty:
                continue
            case = self._under_way.pop(str(future.key))
            outcome = self._outcome(future, tasks[case])
            future.release()
            if outcome is None:
                waiting.appendleft(case)
            else:
                receive(case, outcome)

    def _hand_out(self, case: str, tasks: Mapping[str, CaseTask]) -> None:
        self._handed_out[case] += 1
        # One prefix for all: Dask keeps statistics for every prefix it has ever seen.
        key = f"case-{uuid.uuid4().hex}"
        self._under_way[key] = case
        future = self._client.submit(perform, tasks[case], self._compute, key=key, pure=False, retries=0)
        future.add_done_callback(self._ended.put)

    def _outcome(self, future: Future, task: CaseTask) -> Outcome | None:
        """How a case ended; None if it must be handed out again."""
        from distributed import KilledWorker

        may_try_again = self._handed_out[str(task.request.case)] < _MAX_HANDED_OUT
        if future.status == "cancelled":
            raise WorkerCrashedError(
                "The connection to the Dask cluster is lost.",
                "Start the cluster again and repeat the command: finished cases are kept.",
            )
        error = future.exception() if future.status == "error" else None
        if error is None:
            outcome: Outcome = future.result()
            if outcome.finished is not None or outcome.code is not None:
                return outcome
            # Cancelled, but not by us: a cluster took the worker away. That is no failure of the case.
            return None if may_try_again else crashed(task, _MAX_HANDED_OUT)
        if isinstance(error, KilledWorker):
            starts = starts_in_run(task.request.output, task.run)
            if starts < MAX_STARTS and may_try_again:
                return None
            return crashed(task, max(starts, 1))
        failure = describe_failure(error)
        attempts = read_status(task.request.output).attempts
        return Outcome(
            attempts, code=failure.code, reason=without_identifiers(failure.text, files_of_request(task.request))
        )
