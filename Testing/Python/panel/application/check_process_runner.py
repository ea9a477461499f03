"""The QProcess runner, with real processes."""

from __future__ import annotations

import os
import sys
import time

import pytest
import slicer

from UMambaXAILogic.interaction import Command, Job, worker_command


@pytest.fixture
def make_runner():
    from UMambaXAILogic.slicer_app.process_runner import ProcessRunner

    return lambda: ProcessRunner(slicer.app)


def job_of(code: str, make_runner, environment=None) -> Job:
    return Job(Command(sys.executable, ("-u", "-c", code), environment), make_runner())


def test_the_worker_answers_through_it(make_runner, spin, tmp_path):
    job = Job(worker_command(tmp_path / "missing.json"), make_runner())
    job.start()
    spin(lambda: job.is_over, 60)
    assert job.state == "failed"
    assert "missing.json" in job.error.message


def test_output_that_comes_last_and_both_streams_are_read_to_the_end(make_runner, spin):
    job = job_of("import sys; sys.stdout.write('x' * 300000 + '\\nlast'); sys.stderr.write('error')", make_runner)
    job.start()
    spin(lambda: job.is_over)
    assert {"last", "error"} <= set(job.log_lines)
    assert max(map(len, job.log_lines)) == 300000


def test_a_program_that_is_not_there(make_runner, spin, tmp_path):
    job = Job(Command(str(tmp_path / "no-python"), ()), make_runner())
    ends = []
    job.finished.connect(ends.append)
    job.start()
    spin(lambda: job.is_over)
    assert job.state == "failed"
    assert "no-python" in job.error.message
    assert ends == [job]


def test_the_environment_is_the_one_given(make_runner, spin):
    job = job_of("import os; print(sorted(os.environ))", make_runner, {"ONLY": "this", "PATH": os.environ["PATH"]})
    job.start()
    spin(lambda: job.is_over)
    assert "'ONLY'" in job.log_lines[0]
    assert "'HOME'" not in job.log_lines[0]


def test_a_crash_is_one(make_runner, spin):
    job = job_of("import os; os.abort()", make_runner)
    job.start()
    spin(lambda: job.is_over)
    assert job.state == "crashed"
    assert "exit code -6" in job.error.message


def test_closing_the_input_reaches_the_child(make_runner, spin):
    job = job_of("import sys; sys.stdin.read(); print('heard')", make_runner)
    job.start()
    spin(lambda: job._runner.pid)
    begin = time.monotonic()
    job.cancel()
    spin(lambda: job.is_over)
    assert time.monotonic() - begin < 0.8
    assert "heard" in job.log_lines


def test_a_deaf_child_is_gone_within_two_seconds(make_runner, spin):
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(60)"
    job = job_of(code, make_runner)
    job.start()
    spin(lambda: "up" in job.log_lines)
    begin = time.monotonic()
    job.cancel()
    spin(lambda: job.is_over)
    assert time.monotonic() - begin < 2.0
    assert job.state == "cancelled"


def test_a_wrong_signature_is_an_error():
    import qt

    from UMambaXAILogic.slicer_app.connections import connect

    with pytest.raises(ValueError, match="clicked"):
        connect(qt.QPushButton(), "clicked(int)", lambda: None)
