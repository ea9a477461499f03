"""Real processes, really killed: workers end with their launcher, and the next run goes on where the last one was."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from UMambaXAILogic.engine.cohort import run_cohort
from UMambaXAILogic.engine.cohort.case_state import read_status
from UMambaXAILogic.engine.progress import Reporter

CASES = [f"case{number}" for number in range(5)]


@pytest.fixture
def launch(make_request, monkeypatch) -> Callable[[], subprocess.Popen]:
    """Starts ``umamba-xai cohort`` on five cases, in a process group of its own."""
    request = make_request(CASES)
    template = request.template
    command = [sys.executable, "-m", "UMambaXAILogic.cli", "cohort", str(request.manifest), "--device", "cpu"]
    command += ["--model", template.model, "--out", str(request.output), "--workers", "2", "--step", "0.3"]
    monkeypatch.setenv("OMP_NUM_THREADS", "1")

    def start() -> subprocess.Popen:
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    return start


def wait_until(condition: Callable[[], object], seconds: float, process: subprocess.Popen | None = None) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.05)


def finished(tmp_path: Path) -> dict[str, int]:
    """When the metrics of each finished case were written (ns)."""
    return {path.parent.name: path.stat().st_mtime_ns for path in (tmp_path / "out/cases").glob("*/metrics.json")}


def left_over(tmp_path: Path) -> list[str]:
    found = [*(tmp_path / "out").rglob(".unfinished-*"), *(tmp_path / "out").rglob(".umamba-xai.lock")]
    return [str(path.relative_to(tmp_path)) for path in found]


@pytest.mark.slow
def test_a_killed_launcher_takes_its_workers_along_and_nothing_is_done_twice(launch, tmp_path, slowness):
    process = launch()
    wait_until(lambda: finished(tmp_path), 60 * slowness, process)
    workers = psutil.Process(process.pid).children(recursive=True)
    assert len(workers) >= 2
    process.kill()
    process.communicate()
    gone, alive = psutil.wait_procs(workers, timeout=10)
    assert alive == []
    before = finished(tmp_path)
    assert 0 < len(before) < len(CASES)

    again = launch()
    said, errors = again.communicate(timeout=120 * slowness)
    assert again.returncode == 0, errors
    after = finished(tmp_path)
    assert sorted(after) == CASES and {case: after[case] for case in before} == before
    rows = {row["case"]: row for row in pq.read_table(tmp_path / "out/cases.parquet").to_pylist()}
    assert sorted(rows) == CASES and all(row["status"] == "done" for row in rows.values())
    assert all(rows[case]["attempts"] == 1 for case in before)
    assert "5 of 5 cases done" in said and left_over(tmp_path) == []


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no process group to interrupt")
def test_ctrl_c_ends_everything_in_one_sentence(launch, tmp_path, slowness):
    process = launch()
    wait_until(lambda: finished(tmp_path), 60 * slowness, process)
    workers = psutil.Process(process.pid).children(recursive=True)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    said, errors = process.communicate(timeout=20 * slowness)
    assert process.returncode == 130
    assert errors.strip().splitlines()[-1] == "umamba-xai: Cancelled." and "Traceback" not in errors
    gone, alive = psutil.wait_procs(workers, timeout=10)
    assert alive == [] and left_over(tmp_path) == []
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    # A case may still end after the tables were written; the next run finds it.
    assert 1 <= summary["done"] <= len(finished(tmp_path)) and not summary["finished"]


def test_processes_of_this_machine_listen_to_it_only(make_request, imitate):
    listening = []

    class Watch(Reporter):
        def cases(self, done, failed, total, seconds_left):
            here = psutil.Process()
            for process in (here, *here.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):  # the one that is killed
                    sockets = process.net_connections(kind="inet")
                    listening.extend(s.laddr.ip for s in sockets if s.status == psutil.CONN_LISTEN)

    environment = dict(os.environ)
    result = run_cohort(make_request(["a", "kill", "b"], workers=2, threads=1), Watch(), imitate)
    assert (result.done, result.failed) == (2, 1) and result.failures[0]["code"] == "crashed"
    assert read_status(result.folder / "cases/kill").attempts == 2
    assert len(listening) > 4 and set(listening) == {"127.0.0.1"}
    assert dict(os.environ) == environment and left_over(result.folder.parent) == []
    assert result.summary["run"]["workers"] == 2 and result.summary["run"]["threads"] == 1
