"""Runs compiled kernels on several cores without a threading layer of numba.

Numba's own layers are either not thread-safe (workqueue) or abort after a fork (OpenMP), and nnU-Net forks its data
loaders. The kernels release the interpreter lock, so plain Python threads do: any number of callers may overlap, and
which thread takes which task changes nothing in the result.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Lock

import torch

_pool: ThreadPoolExecutor | None = None
_lock = Lock()


def for_each(task: Callable[[int], None], tasks: int) -> None:
    """Call ``task(0)`` ... ``task(tasks - 1)`` on up to ``torch.get_num_threads()`` threads, the caller's among them.

    Returns when all are done; an exception of any task is raised here.
    """
    helpers = min(torch.get_num_threads(), tasks) - 1
    if helpers <= 0:
        for index in range(tasks):
            task(index)
        return
    counter = count()  # next() is atomic

    def work() -> None:
        while (index := next(counter)) < tasks:
            task(index)

    pool = _get_pool()
    futures = [pool.submit(work) for _ in range(helpers)]
    try:
        work()
    finally:
        for future in futures:
            if not future.cancel():  # one that never started has nothing left to do
                future.result()


def _get_pool() -> ThreadPoolExecutor:
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(max_workers=os.cpu_count(), thread_name_prefix="selective-scan")
        return _pool


def _forget_pool() -> None:
    global _pool, _lock
    _pool, _lock = None, Lock()


if hasattr(os, "register_at_fork"):  # threads do not survive a fork
    os.register_at_fork(after_in_child=_forget_pool)
