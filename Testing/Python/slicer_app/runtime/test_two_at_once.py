"""Two Slicers, a killed one, and workers, at one runtime."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from UMambaXAILogic.engine.runtime_lock import RuntimeLock
from UMambaXAILogic.interaction.runner import package_parent

pytestmark = pytest.mark.skipif(os.name == "nt", reason="uses signals")


def start_slow(do, wheels: Path, add_wheel):
    """A job that is busy importing for a long time."""
    add_wheel(wheels, "slow", "1.0", {"slow.py": "import time; time.sleep(20)\n"})
    job = do.job("install", "slow", "payload", modules="slow")
    job.start()
    while job.stage != "verify":
        assert not job.wait(0.1), job.error
    return job


def test_the_second_slicer_is_told_that_another_installs(do, target, wheels, add_wheel):
    first = start_slow(do, wheels, add_wheel)
    second = do("install")
    assert second.state == "failed"
    assert "Another Slicer" in second.error.message
    assert "being installed" in second.error.message
    assert str(first.hello.pid) in second.error.message
    first.cancel()
    assert first.wait(5)
    assert do("install").state == "finished"


def test_a_worker_is_told_that_the_packages_are_being_changed(do, installed, wheels, add_wheel):
    job = start_slow(do, wheels, add_wheel)
    command = [sys.executable, "-c", "from UMambaXAILogic.engine.worker.process import main; main()"]
    worker = subprocess.run(
        [*command, "--request", "none.json", "--packages", str(installed)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(package_parent())},
    )
    job.cancel()
    assert job.wait(5)
    assert "being installed" in worker.stdout
    assert "not_installed" in worker.stdout


def test_a_killed_installation_takes_its_processes_along_and_the_next_one_cleans_up(do, target, wheels, add_wheel):
    job = start_slow(do, wheels, add_wheel)
    children = Path(f"/proc/{job.hello.pid}/task/{job.hello.pid}/children")
    if not children.exists():
        pytest.skip("needs Linux")
    pids = [int(pid) for pid in children.read_text().split()]
    assert pids
    os.kill(job.hello.pid, signal.SIGKILL)
    assert job.wait(5)
    assert job.state == "crashed"
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids):
        assert time.monotonic() < deadline, "the process that imports lives on"
        time.sleep(0.05)
    assert len(list(target.parent.iterdir())) > 1  # what it left
    assert do("install").state == "finished"
    assert [path.name for path in target.parent.iterdir()] == ["py312"]


def test_a_check_runs_beside_a_worker_but_not_beside_a_change(do, installed):
    worker = RuntimeLock(installed)
    worker.use()
    assert do("verify").state == "finished"
    worker.release()
    worker.change("updated")
    job = do("verify")
    worker.release(remove=True)
    assert job.state == "failed"
    assert "being updated" in job.error.message
