"""The Dask cluster that computes: processes of this machine that end with it, or one that is there already.

Dask's own ways are changed in a few points. Nothing listens beyond this machine, and there is no dashboard. Memory is
not watched: Dask would pause a worker that holds a model and a volume, and wait for memory that never comes back. And
a task whose worker died is handed back at once rather than tried on one worker after the other: how often a case may
be tried is decided here.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NotInstalledError, UsageError
from .sizing import WorkerPlan

if TYPE_CHECKING:
    from distributed import Client, SpecCluster

_HOST = "127.0.0.1"
_CONNECT_S = 20.0
#: What a worker is given to end when the user cancelled.
_END_S = 0.5
_LIBRARY_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_LOCAL_CONFIGURATION = {
    "distributed.admin.low-level-log-length": 100,
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.worker-saturation": 1.0,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
}


@contextlib.contextmanager
def local_client(plan: WorkerPlan, scratch: Path) -> Iterator[Client]:
    """A client of a cluster of processes on this machine, which end with the block, and with this process.

    Args:
        plan: how many processes, and what each of them gets.
        scratch: an existing folder for Dask's own files.

    Raises:
        NotInstalledError: the processes cannot be started here.
    """
    import dask
    from distributed import Client, Nanny, Scheduler, SpecCluster

    common = {
        "host": _HOST,
        "nthreads": 1,
        "memory_limit": 0,
        "dashboard": False,
        "dashboard_address": f"{_HOST}:0",
        "silence_logs": logging.CRITICAL,
        "local_directory": str(scratch),
        "preload": ["UMambaXAILogic.engine.cohort.worker_signals"],
    }
    threads = {name: str(plan.threads) for name in _LIBRARY_THREADS}
    workers = {
        number: {"cls": Nanny, "options": {**common, "env": {} if gpu is None else {"CUDA_VISIBLE_DEVICES": gpu}}}
        for number, gpu in enumerate(plan.gpus)
    }
    scheduler = {
        "cls": Scheduler,
        "options": {"host": _HOST, "port": 0, "dashboard": False, "dashboard_address": f"{_HOST}:0"},
    }
    configuration = {**_LOCAL_CONFIGURATION, "distributed.nanny.pre-spawn-environ": threads}
    with contextlib.ExitStack() as stack:
        stack.enter_context(_same_environment())
        stack.enter_context(_quiet_dask())
        with dask.config.set(configuration), _interrupts_for_the_main_thread_only():
            try:
                cluster = stack.enter_context(
                    SpecCluster(workers=workers, scheduler=scheduler, silence_logs=logging.CRITICAL)
                )
                client = stack.enter_context(Client(cluster, timeout=_CONNECT_S))
            except (OSError, RuntimeError) as error:
                raise NotInstalledError(
                    f"The processes that compute cannot be started: {error}.",
                    "They talk to each other through TCP on 127.0.0.1, which must be allowed; 'umamba-xai explain' "
                    "works without.",
                ) from error
        try:
            yield client
        except BaseException:
            cluster.sync(_end_at_once, cluster)
            raise


async def _end_at_once(cluster: SpecCluster) -> None:
    """Do not wait for the cases under way; a worker that does not end by itself is killed."""
    workers = cluster.workers.values()
    await asyncio.gather(*(nanny.kill(timeout=_END_S) for nanny in workers), return_exceptions=True)


@contextlib.contextmanager
def existing_client(address: str) -> Iterator[Client]:
    """A client of a cluster that somebody else started.

    Args:
        address: of its scheduler, or the path of its scheduler file.

    Raises:
        UsageError: nobody answers there.
        NotInstalledError: its workers lack this package, or have another version of it.
    """
    from distributed import Client

    with contextlib.ExitStack() as stack:
        stack.enter_context(_quiet_dask())
        try:
            client = stack.enter_context(Client(_scheduler_address(address), timeout=_CONNECT_S))
        except (OSError, ValueError, KeyError, TimeoutError) as error:
            raise UsageError(
                f"No Dask scheduler answers at {address!r}: {error or 'time ran out'}.",
                "Give the address that the scheduler printed, such as tcp://host:8786, or the path of its scheduler "
                "file, and check that this machine can reach it.",
            ) from error
        _check_versions(client)
        yield client


def workers_by_host(client: Client) -> dict[str, int]:
    """How many workers a cluster has on each machine, now."""
    counts: dict[str, int] = {}
    for worker in client.scheduler_info(n_workers=-1)["workers"].values():
        counts[worker["host"]] = counts.get(worker["host"], 0) + 1
    return counts


def version_of_package() -> str:
    """Version of this package, where it is called."""
    import UMambaXAILogic

    return UMambaXAILogic.__version__


def _scheduler_address(text: str) -> str:
    """An address itself, or the one in a scheduler file; Dask would wait for a file for ever."""
    if not text.endswith(".json"):
        return text
    return json.loads(Path(text).read_text(encoding="utf-8"))["address"]


def _check_versions(client: Client) -> None:
    """Refuse workers that would compute something else; those that come later say so case by case."""
    here = version_of_package()
    try:
        found = client.run(version_of_package)
    except ImportError as error:
        raise NotInstalledError(
            f"The workers of the Dask cluster cannot import this package: {error}.",
            f"Install umamba-xai {here} in the environment that starts them.",
        ) from error
    for worker, version in found.items():
        if version != here:
            raise NotInstalledError(
                f"The worker {worker} has version {version} of this package, and this program {here}.",
                "Install the same version on both sides.",
            )


@contextlib.contextmanager
def _quiet_dask() -> Iterator[None]:
    """Dask logs what is normal here (workers that die, connections that close); errors come as exceptions."""
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextlib.contextmanager
def _same_environment() -> Iterator[None]:
    """Dask leaves in this process what it sets for the processes it starts."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)


@contextlib.contextmanager
def _interrupts_for_the_main_thread_only() -> Iterator[None]:
    """Let threads that begin in the block, and processes that they ever start, be blind to Ctrl-C.

    A terminal sends it to all processes at once; this one tells the others what to do.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
