"""Results do not depend on threads, and any number of threads and forks may scan."""

from __future__ import annotations

import multiprocessing
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from UMambaXAILogic.engine.model.cpu_kernels.threads import for_each
from UMambaXAILogic.engine.model.selective_scan import selective_scan


@pytest.fixture
def threads():
    """Sets torch's number of threads; restored afterwards."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def output_and_gradients(arguments: dict) -> list[torch.Tensor]:
    leaves = {
        name: value.detach().requires_grad_() for name, value in arguments.items() if isinstance(value, torch.Tensor)
    }
    output = selective_scan(**(arguments | leaves), backend="numba")
    return [output, *torch.autograd.grad(output.square().sum(), list(leaves.values()))]


def test_the_number_of_threads_changes_no_bit(make, threads, monkeypatch):
    from UMambaXAILogic.engine.model.selective_scan import numba_cpu

    monkeypatch.setattr(numba_cpu, "SHARES_BYTES", 1)
    arguments = make(batch=2, channels=36, length=700)
    results = []
    for count in (1, 2, 3, 5):
        threads(count)
        results.append(output_and_gradients(arguments))
    for result in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(result, results[0], strict=True))


def in_another_thread(task, tasks: int) -> None:
    """As ``for_each`` where its caller gets no task."""
    with ThreadPoolExecutor(1) as pool:
        list(pool.map(task, range(tasks)))


def test_threads_scan_for_a_prediction(make, monkeypatch):
    """In inference mode, which every thread has of its own."""
    arguments = make(channels=40, length=50)
    expected = selective_scan(**arguments, backend="numba")
    monkeypatch.setattr("UMambaXAILogic.engine.model.selective_scan.numba_cpu.for_each", in_another_thread)
    with torch.inference_mode():
        assert torch.equal(selective_scan(**arguments, backend="numba"), expected)


def test_many_threads_scan_at_once(make):
    cases = [make(channels=12, length=500, seed=seed) for seed in range(12)]
    expected = [output_and_gradients(case) for case in cases]
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(output_and_gradients, cases))
    for result, wanted in zip(results, expected, strict=True):
        assert all(torch.equal(a, b) for a, b in zip(result, wanted, strict=True))


def test_the_interpreter_runs_on_while_a_kernel_does(make, threads):
    threads(1)
    arguments = make(channels=8, length=300_000)
    selective_scan(**arguments, backend="numba")
    done = threading.Event()

    def scan() -> None:
        selective_scan(**arguments, backend="numba")
        done.set()

    interval = sys.getswitchinterval()
    ticks = 0
    scanning = threading.Thread(target=scan)
    scanning.start()
    while not done.is_set():
        time.sleep(interval / 10)
        ticks += 1
    scanning.join()
    assert ticks >= 5  # with the lock held for the whole kernel there would be one or two


def _scan_in_child(arguments: dict, expected: torch.Tensor) -> None:
    sys.exit(0 if torch.equal(selective_scan(**arguments, backend="numba"), expected) else 1)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork on Windows")
@pytest.mark.filterwarnings("ignore:.*fork.*")
def test_a_forked_process_scans_too(make, threads):
    threads(2)
    arguments = make(channels=20, length=300)
    expected = selective_scan(**arguments, backend="numba")
    child = multiprocessing.get_context("fork").Process(target=_scan_in_child, args=(arguments, expected))
    child.start()
    child.join(60)
    assert child.exitcode == 0


def test_an_error_in_any_task_is_raised(threads):
    threads(3)

    def task(index: int) -> None:
        if index == 5:
            raise ValueError("task 5")

    with pytest.raises(ValueError, match="task 5"):
        for_each(task, 9)


def test_every_task_runs_once(threads):
    threads(4)
    seen: list[int] = []
    for_each(seen.append, 1000)
    assert sorted(seen) == list(range(1000))
