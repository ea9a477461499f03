"""Checking a Python that somebody names, by a process of that Python."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from UMambaXAILogic.interaction import Job, SubprocessRunner
from UMambaXAILogic.slicer_app.runtime import existing_python
from UMambaXAILogic.slicer_app.runtime.existing_python import check_command


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """That of a Python whose packages lie in ``tmp_path``."""
    (tmp_path / "good.py").write_text("__version__ = '2.1'\n")
    (tmp_path / "bad.py").write_text("raise OSError('DLL load failed')\n")
    (tmp_path / "needy.py").write_text("import absent\n")
    (tmp_path / "slow.py").write_text("import time; time.sleep(30)\n")
    (tmp_path / "torch.py").write_text(
        "__version__ = '2.9.0'\nfrom types import SimpleNamespace as S\n"
        "version = S(cuda='12.6')\ncuda = S(is_available=lambda: False)\n"
    )
    return {**os.environ, "PYTHONPATH": str(tmp_path)}


def check(environment, *modules: str, program: str = sys.executable) -> Job:
    job = Job(check_command(program, environment, modules), SubprocessRunner())
    job.start()
    assert job.wait(60)
    return job


def test_versions_are_found_and_the_device(environment):
    job = check(environment, "good", "torch")
    assert job.state == "finished", job.error
    assert job.versions["good"] == "2.1"
    assert job.versions["python"] == sys.version.split()[0]
    assert "CUDA 12.6 but finds no GPU" in job.warnings[0].message
    assert job.device.device == "cpu"


def test_everything_that_is_wrong_is_said_at_once(environment):
    job = check(environment, "good", "bad", "absent", "needy")
    assert job.state == "failed"
    for words in ("bad: OSError: DLL load failed", "absent is not installed", "needy: No module named 'absent'"):
        assert words in job.error.message
    assert sys.executable in job.error.message
    assert "empty the field" in job.error.remedy


def test_a_python_that_is_too_old_is_refused_before_it_sees_any_of_our_code(environment, monkeypatch):
    monkeypatch.setattr(existing_python, "PYTHONS", ((3, 98), (3, 99)))
    job = check(environment, "good")
    assert job.state == "failed"
    assert f"This is Python {sys.version_info[0]}.{sys.version_info[1]}" in job.error.message
    assert "needs 3.98 to 3.99" in job.error.message


def test_what_is_no_python_is_refused(environment, tmp_path):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho 'I am a shell script' >&2\nexit 3\n")
    program.chmod(0o755)
    job = check(environment, "good", program=str(program))
    assert "I am a shell script" in job.error.message
    job = check(environment, "good", program=str(tmp_path / "nothing"))
    assert job.state == "failed"
    assert str(tmp_path / "nothing") in job.error.message


def test_a_check_is_cancelled_in_time(environment):
    job = Job(check_command(sys.executable, environment, ("slow",)), SubprocessRunner())
    job.start()
    while job.step is None:
        assert not job.wait(0.1), job.error
    begin = time.monotonic()
    job.cancel()
    assert job.wait(5)
    assert job.state == "cancelled"
    assert time.monotonic() - begin < 2.0


def test_the_oldest_and_newest_python_are_those_of_the_package(repository):
    text = (repository / "pyproject.toml").read_text()
    (oldest_major, oldest), (newest_major, newest) = existing_python.PYTHONS
    assert f'requires-python = ">={oldest_major}.{oldest},<{newest_major}.{newest + 1}"' in text


def test_the_command_has_nothing_that_a_windows_command_line_changes(environment):
    command = check_command(sys.executable, environment, ("good",))
    assert not any(letter in part for part in command.arguments for letter in '"\n')
