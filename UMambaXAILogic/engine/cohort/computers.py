"""Who computes a run: processes of this machine, or the workers of a cluster that is there already."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..device import resolve_device
from ..model.selective_scan import choose_backend
from ..progress import Reporter
from ..volume import Geometry
from .cluster import existing_client, local_client, workers_by_host
from .request import CohortRequest
from .resume import tidy_up
from .sizing import plan_workers
from .task import CaseTask

if TYPE_CHECKING:
    from distributed import Client

    from ..model.loading import Model

#: How many cases an existing cluster is given at least: one that grows on demand has to see the demand.
_FEWEST_UNDER_WAY = 8
_COUNT_WORKERS_EVERY_S = 5.0
_NO_WORKER_WARNING_S = 30.0


@dataclass(frozen=True)
class Computers:
    """A cluster that is ready.

    Args:
        client: of the cluster.
        width: how many cases should be under way now.
        adapt: fits a case's task to these computers.
        facts: for summary.json.
    """

    client: Client
    width: Callable[[], int]
    adapt: Callable[[CaseTask], CaseTask]
    facts: dict[str, Any]


@contextlib.contextmanager
def open_computers(
    request: CohortRequest, model: Model, grids: Collection[Geometry], scratch: Path, reporter: Reporter
) -> Iterator[Computers]:
    """The computers of a run, for as long as it lasts.

    Args:
        request: names an existing cluster, or wishes for this machine.
        model: that is computed with.
        grids: of the volumes that are to be computed.
        scratch: an existing folder.
        reporter: hears who computes.

    Raises:
        UsageError, NotInstalledError: a device is not there, nobody answers, or processes cannot be started.
    """
    if request.scheduler is not None:
        del model
        with existing_client(request.scheduler) as client:
            yield computers_of_cluster(client, request.scheduler, reporter)
        return
    plan = plan_workers(request, model, grids)
    device = resolve_device(request.template.device)
    scan = choose_backend(device, request.template.scan_backend) if model.has_scan else None
    facts = {
        "device": device.type,
        "scan_backend": scan.name if scan else None,
        "workers": plan.workers,
        "threads": plan.threads,
    }
    reporter.device({**facts, "reason": plan.reason})
    del model
    folders: list[Path] = []

    def adapt(task: CaseTask) -> CaseTask:
        folders.append(task.request.output)
        limited = replace(task.request, memory_limit_gb=plan.memory_limit_gb)
        return replace(task, request=limited, threads=plan.threads)

    try:
        with local_client(plan, scratch) as client:
            yield Computers(client, lambda: 2 * plan.workers, adapt, facts)
    finally:
        tidy_up(folders)  # no process is left that works there


def computers_of_cluster(client: Client, address: str, reporter: Reporter) -> Computers:
    """The workers of an existing cluster; warns where their threads do not fit.

    Args:
        client: of the cluster.
        address: of its scheduler, for people.
        reporter: hears who computes.
    """
    hosts = workers_by_host(client)
    census = _Census(client, reporter)
    facts = {"device": "Dask cluster", "workers": sum(hosts.values()), "machines": len(hosts)}
    reporter.device({**facts, "reason": f"the scheduler {address} was named"})
    busiest = max(client.nthreads().values(), default=1)
    if busiest > 1:
        reporter.warning(
            "worker_threads",
            f"A worker of the cluster has {busiest} Dask threads and computes one case at a time all the same; cases "
            "may wait there while other workers have nothing to do. Start workers with --nthreads 1.",
        )

    def adapt(task: CaseTask) -> CaseTask:
        return replace(task, sharing=max(hosts.values(), default=1))

    return Computers(client, lambda: max(_FEWEST_UNDER_WAY, 2 * census.workers()), adapt, facts)


class _Census:
    """How many workers a cluster has, asked now and then; says so when there is none for long."""

    def __init__(self, client: Client, reporter: Reporter) -> None:
        self._client = client
        self._reporter = reporter
        self._workers = 0
        self._asked_s = -_COUNT_WORKERS_EVERY_S
        self._last_seen_s = time.monotonic()

    def workers(self) -> int:
        """Workers there are, or were a few seconds ago."""
        now = time.monotonic()
        if now - self._asked_s >= _COUNT_WORKERS_EVERY_S:
            self._asked_s = now
            self._workers = len(self._client.nthreads())
            if self._workers:
                self._last_seen_s = now
            elif now - self._last_seen_s > _NO_WORKER_WARNING_S:
                self._reporter.warning("no_workers", "The Dask cluster has no worker: waiting for one.")
        return self._workers
