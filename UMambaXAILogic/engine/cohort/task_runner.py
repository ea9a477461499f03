"""Any function of a task, computed on a cluster: a few tasks at a time, begun again where a process died."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from ..errors import WorkerCrashedError
from .request import MAX_STARTS

if TYPE_CHECKING:
    from distributed import Future

    from .computers import Computers

Task = TypeVar("Task")
Answer = TypeVar("Answer")

_POLL_S = 0.5

#: What is said of a task whose process died every time.
CRASHED = (
    f"The process that computed it was killed or crashed, {MAX_STARTS} times; most often the memory of the machine "
    "ran out. Use fewer workers, or a machine with more memory."
)


def run_on_cluster(
    computers: Computers,
    function: Callable[[Task], Answer],
    tasks: Sequence[Task],
    look: Callable[[Sequence[Task]], None],
) -> Iterator[tuple[Task, Answer | None]]:
    """Compute all tasks; answers come as they end.

    Args:
        computers: that compute; tasks are adapted to them already.
        function: of the package, so that every process finds it.
        tasks: pickled on their way.
        look: called twice a second with the tasks under way; what it raises ends everything.

    Yields:
        A task and its answer; None where the process that computed it died ``MAX_STARTS`` times.

    Raises:
        WorkerCrashedError: the cluster is gone.
        Exception: what ``function`` raises.
    """
    from distributed import KilledWorker

    waiting = deque((task, 1) for task in tasks)
    running: dict[Future, tuple[Task, int]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < computers.width():
                task, starts = waiting.popleft()
                running[computers.client.submit(function, task, pure=False)] = (task, starts)
            look([task for task, _ in running.values()])
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
                    answer: Answer | None = future.result()
                except KilledWorker:
                    if starts < MAX_STARTS:
                        waiting.appendleft((task, starts + 1))
                        continue
                    answer = None
                yield task, answer
    finally:
        computers.client.cancel(list(running))
