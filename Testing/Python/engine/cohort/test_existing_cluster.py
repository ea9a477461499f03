"""A cluster that others started, as ``dask scheduler`` and ``dask worker`` do."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from UMambaXAILogic.engine.cohort import run_cohort
from UMambaXAILogic.engine.cohort.computers import computers_of_cluster
from UMambaXAILogic.engine.cohort.task import CaseTask
from UMambaXAILogic.engine.errors import NotInstalledError, WorkerCrashedError
from UMambaXAILogic.engine.progress import Reporter

LOCAL = ["--host", "127.0.0.1"]


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., subprocess.Popen]]:
    """``start("scheduler")``, ``start("worker", "--nthreads", "1")``: Dask's own programs, ended with the test."""
    begun: list[subprocess.Popen] = []
    scheduler_file = tmp_path / "scheduler.json"

    def run(program: str, *options: str) -> subprocess.Popen:
        command = [sys.executable, "-m", f"distributed.cli.dask_{program}", "--scheduler-file", str(scheduler_file)]
        command += [*LOCAL, "--no-dashboard", *options]
        begun.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path))
        return begun[-1]

    yield run
    for process in reversed(begun):
        process.kill()
        process.wait()


def wait_for(path: Path, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
def test_a_cluster_is_found_by_its_file_and_its_end_is_noticed(make_request, imitate, start, tmp_path, slowness):
    scheduler = start("scheduler", "--port", "0")
    wait_for(tmp_path / "scheduler.json", 30 * slowness)
    start("worker", "--nthreads", "2", "--no-nanny")  # it may come after the run began

    class Listener(Reporter):
        told: list[str] = []
        facts: dict = {}

        def warning(self, code, message):
            self.told.append(code)

        def device(self, facts):
            self.facts.update(facts)

        def cases(self, done, failed, total, seconds_left):
            if done == 2:
                scheduler.kill()

    request = make_request(["a", "b", "slow"], scheduler=str(tmp_path / "scheduler.json"))
    with pytest.raises(WorkerCrashedError, match="lost"):
        run_cohort(request, Listener(), imitate)
    summary = json.loads((request.output / "summary.json").read_text())
    assert summary["done"] == 2 and not summary["finished"]
    assert Listener.facts["device"] == "Dask cluster"


def test_workers_with_another_version_are_refused(make_request, imitate, scheduler, monkeypatch):
    monkeypatch.setattr("UMambaXAILogic.__version__", "99.0")
    with pytest.raises(NotInstalledError, match=r"version .* and this program 99\.0"):
        run_cohort(make_request(["a"], scheduler=scheduler), compute=imitate)


def test_workers_with_several_threads_are_warned_of_and_share_their_machine(make_request):
    class Cluster:
        def nthreads(self):
            return {"tcp://a:1": 8, "tcp://a:2": 8, "tcp://b:1": 1}

        def scheduler_info(self, n_workers):
            return {"workers": {"1": {"host": "a"}, "2": {"host": "a"}, "3": {"host": "b"}}}

    told = []

    class Listener(Reporter):
        def warning(self, code, message):
            told.append(code)

    computers = computers_of_cluster(Cluster(), "tcp://s:1", Listener())
    assert told == ["worker_threads"] and computers.width() == 8
    assert computers.facts["workers"] == 3 and computers.facts["machines"] == 2
    request = make_request(["a"]).template
    assert computers.adapt(CaseTask(request, "f", "r")).sharing == 2
