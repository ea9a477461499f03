"""A cohort behind the worker process: real Dask workers, a tiny model, and an end in time."""

from __future__ import annotations

import time

import psutil
import pytest

from UMambaXAILogic.engine.cohort import CohortRequest
from UMambaXAILogic.engine.request import Request
from UMambaXAILogic.interaction import SubprocessRunner, worker_command
from UMambaXAILogic.interaction.job import CANCELLED, FINISHED, Job


@pytest.fixture
def request_file(tmp_path, make_trained_folder, write_test_volume):
    """A cohort of two tiny cases as a request file."""
    lines = ["case,volume"] + [f"case{seed},{write_test_volume(seed=seed)}" for seed in range(2)]
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n")
    template = Request("x", str(make_trained_folder(seed=31)), tmp_path, method="seg-grad-cam", device="cpu")
    request = CohortRequest(tmp_path / "manifest.csv", tmp_path / "out", template, workers=1, threads=1)
    path = tmp_path / "request.json"
    path.write_text(request.to_json())
    return path


def living(processes) -> list[psutil.Process]:
    """Those that have not ended; a zombie has."""
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def test_a_cancel_ends_the_worker_and_all_that_it_started_and_the_next_run_goes_on(request_file, tmp_path):
    runner = SubprocessRunner()
    job = Job(worker_command(request_file), runner)
    job.start()
    while not job.is_over and job.cases is None:
        runner.pump(0.05)
    assert job.error is None, job.error
    started = psutil.Process(runner.pid).children(recursive=True)
    assert started, "the worker has no Dask workers"
    begun = time.monotonic()
    job.cancel()
    assert job.wait(10)
    assert time.monotonic() - begun < 2
    assert job.state == CANCELLED
    deadline = time.monotonic() + 10
    while living(started) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not living(started)

    again = Job(worker_command(request_file), SubprocessRunner())
    again.start()
    assert again.wait(120)
    assert (again.state, again.error) == (FINISHED, None), "\n".join(again.log_lines)
    assert (again.cases.done, again.cases.failed, again.cases.total) == (2, 0, 2)
    assert again.files["cases_csv"] == tmp_path / "cases.csv"
    assert len((tmp_path / "cases.csv").read_text().splitlines()) == 3
    assert again.files["summary"].is_file()
