"""Jobs with real processes: how they end, what they say, and how fast they can be stopped."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from UMambaXAILogic.engine import errors
from UMambaXAILogic.interaction import Command, Job, SubprocessRunner
from UMambaXAILogic.interaction.job import CANCELLED, CRASHED, FAILED, FINISHED, RUNNING, WAITING
from UMambaXAILogic.interaction.protocol import Point

RESULT = """
open(os.path.join(here, "segmentation.nrrd"), "w").close()
say("result", folder=here, files={"segmentation": "segmentation.nrrd", "attention": None})
"""

needs_posix = pytest.mark.skipif(os.name == "nt", reason="signals and launchers of POSIX")


def run(command: Command) -> Job:
    job = Job(command, SubprocessRunner())
    job.start()
    assert job.wait(30)
    return job


def started(command: Command, until=lambda job: job.hello is not None) -> tuple[Job, SubprocessRunner]:
    """A running job whose worker has said what ``until`` waits for."""
    runner = SubprocessRunner()
    job = Job(command, runner)
    job.start()
    deadline = time.monotonic() + 20
    while not until(job):
        assert time.monotonic() < deadline and not job.is_over, job.log_lines
        runner.pump(0.05)
    return job, runner


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text() if Path("/proc").is_dir() else True


def test_a_result_with_its_files_finishes_the_job(fake_worker, tmp_path):
    told, ends, warned = [], [], []
    job = Job(
        fake_worker(
            """
            say("device", device="cpu", free_memory_mb=100, scan_backend="numba", reason="no GPU")
            say("stage", name="segment")
            say("progress", stage="segment", fraction=0.5)
            say("warning", code="outside_training_range", message="Not like the training data.")
        """,
            RESULT,
        ),
        SubprocessRunner(),
    )
    job.progressed.connect(lambda *values: told.append(values[:2]))
    job.warned.connect(lambda *values: warned.append(values))
    job.finished.connect(ends.append)
    assert job.state == WAITING
    job.start()
    assert job.state == RUNNING
    assert job.wait(30)
    assert (job.state, job.error, job.progress) == (FINISHED, None, 1.0)
    assert ends == [job]
    assert told == [("segment", 0.0), ("segment", 0.5)]
    assert warned == [("outside_training_range", "Not like the training data.")]
    assert job.device.scan_backend == "numba"
    assert job.files == {"segmentation": tmp_path / "segmentation.nrrd", "attention": None}


def test_a_result_counts_even_if_the_process_then_dies(fake_worker):
    """Behind a launcher the exit status means nothing, and libraries crash while unloading."""
    assert run(fake_worker(RESULT, "os.abort()")).state == FINISHED


def test_a_result_without_its_files_does_not_count(fake_worker):
    job = run(fake_worker('say("result", folder=here, files={"segmentation": "nowhere.nrrd"})'))
    assert job.state == CRASHED
    assert "nowhere.nrrd" in job.error.message
    assert job.files == {}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("input", errors.InputError),
        ("model", errors.ModelError),
        ("out_of_memory", errors.MemoryExhaustedError),
        ("not_installed", errors.NotInstalledError),
        ("usage", errors.UsageError),
        ("bug", errors.UMambaXAIError),
    ],
)
def test_an_error_line_comes_back_as_its_typed_error(fake_worker, code, kind):
    job = run(fake_worker(f'say("error", code={code!r}, message="what", remedy="do this")\nsys.exit(3)'))
    assert job.state == FAILED
    assert type(job.error) is kind
    assert (job.error.code, job.error.message, job.error.remedy) == (code, "what", "do this")


def test_a_silent_normal_exit_is_a_crash_too(fake_worker):
    job = run(fake_worker('say("stage", name="explain")'))
    assert job.state == CRASHED
    assert isinstance(job.error, errors.WorkerCrashedError)
    assert "explain" in job.error.message


@needs_posix
def test_a_crash_names_the_stage_shows_the_last_lines_and_says_what_to_do(fake_worker):
    job = run(
        fake_worker("""
            say("stage", name="segment")
            sys.stderr.write("CUDA error: illegal memory access\\n"); sys.stderr.flush()
            os.kill(os.getpid(), signal.SIGSEGV)
        """)
    )
    assert job.state == CRASHED
    assert "segment" in job.error.message
    assert "illegal memory access" in job.error.message
    assert all(word in job.error.remedy for word in ("region", "memory limit", "CPU"))


@needs_posix
def test_a_kill_by_the_system_is_called_out_of_memory(fake_worker):
    job = run(fake_worker("os.kill(os.getpid(), signal.SIGKILL)"))
    assert job.state == CRASHED
    assert "memory runs out" in job.error.message


def test_a_program_that_is_not_there_fails_with_its_name(tmp_path):
    job = run(Command(str(tmp_path / "no-python"), ()))
    assert job.state == FAILED
    assert isinstance(job.error, errors.NotInstalledError)
    assert "no-python" in job.error.message


def test_garbage_goes_to_the_log_and_split_characters_survive(fake_worker):
    job = run(
        fake_worker(
            """
            os.write(1, b"Using cache found\\n\\xff\\xfe\\n{broken json}\\n")
            message = json.dumps({"v": 1, "type": "warning", "code": "c", "message": "Gef\\u00e4\\u00df \\U0001fac0"},
                                 ensure_ascii=False).encode() + b"\\n"
            for position in range(len(message)):
                os.write(1, message[position:position + 1])
                time.sleep(0.001)
            os.write(2, "halb\\u00e4".encode()[:-1]); time.sleep(0.05); os.write(2, b"\\xa4 fertig\\n")
            os.write(2, b"10 %\\r50 %\\r100 %\\n")
        """,
            RESULT,
        )
    )
    assert job.state == FINISHED
    assert [caution.message for caution in job.warnings] == ["Gefäß \U0001fac0"]
    assert "Using cache found" in job.log_lines
    assert "{broken json}" in job.log_lines
    assert "halbä fertig" in job.log_lines
    assert "100 %" in job.log_lines


def test_much_output_neither_blocks_nor_gets_lost(fake_worker):
    job = run(
        fake_worker(
            """
            for number in range(20000):
                os.write(2, b"x" * 200 + b"\\n")
                if number % 100 == 0:
                    say("progress", stage="segment", fraction=number / 20000)
        """,
            RESULT,
        )
    )
    assert job.state == FINISHED
    assert len(job.log_lines) == 2000


def test_a_polite_worker_is_cancelled_by_closing_its_input(fake_worker):
    job, _ = started(fake_worker("end_when_input_closes()\ntime.sleep(60)"))
    begin = time.monotonic()
    job.cancel()
    assert job.wait(5)
    assert job.state == CANCELLED
    assert isinstance(job.error, errors.CancelledError)
    assert time.monotonic() - begin < 0.8  # before it had to be terminated


@needs_posix
def test_a_deaf_worker_is_gone_within_two_seconds(fake_worker):
    job, _ = started(
        fake_worker("signal.signal(signal.SIGTERM, signal.SIG_IGN); say('stage', name='segment')\ntime.sleep(60)"),
        until=lambda job: job.stage == "segment",
    )
    begin = time.monotonic()
    job.cancel()
    assert job.wait(5)
    assert time.monotonic() - begin < 2.0
    assert job.state == CANCELLED
    assert not lives(job.hello.pid)


@needs_posix
def test_a_worker_that_floods_its_log_is_cancelled_in_time(fake_worker):
    job, _ = started(
        fake_worker("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: os.write(2, b'x' * 100 + b'\\n')"),
        until=lambda job: len(job.log_lines) > 100,
    )
    begin = time.monotonic()
    job.cancel()
    assert job.wait(5)
    assert time.monotonic() - begin < 2.0


@needs_posix
def test_a_deaf_worker_behind_a_launcher_is_killed_by_the_id_it_reported(fake_worker, tmp_path):
    """Like PythonSlicer: ending the launcher leaves the worker alive."""
    worker = fake_worker("signal.signal(signal.SIGTERM, signal.SIG_IGN); say('stage', name='read')\ntime.sleep(60)")
    launcher = tmp_path / "launcher.py"
    launcher.write_text("import subprocess, sys; sys.exit(subprocess.call([sys.executable, *sys.argv[1:]]))")
    job, runner = started(
        Command(sys.executable, (str(launcher), *worker.arguments)), until=lambda job: job.stage == "read"
    )
    assert job.hello.pid != runner.pid
    begin = time.monotonic()
    job.cancel()
    assert job.wait(5)
    assert time.monotonic() - begin < 2.0
    time.sleep(0.1)
    assert not lives(job.hello.pid)


def test_a_result_that_arrives_after_the_cancel_is_not_taken(fake_worker):
    job, _ = started(fake_worker("sys.stdin.buffer.read()\n", RESULT))
    job.cancel()
    assert job.wait(5)
    assert job.state == CANCELLED
    assert job.files == {}


def test_cancel_before_the_start_and_after_the_end(fake_worker):
    ends = []
    job = Job(fake_worker(RESULT), SubprocessRunner())
    job.finished.connect(ends.append)
    job.cancel()
    assert job.state == CANCELLED
    with pytest.raises(errors.UsageError):
        job.start()
    done = run(fake_worker(RESULT))
    done.cancel()
    assert done.state == FINISHED
    assert ends == [job]


@needs_posix
def test_a_worker_that_hangs_after_its_last_word_is_ended(fake_worker, monkeypatch):
    monkeypatch.setattr("UMambaXAILogic.interaction.job.LAST_WORD_TO_TERMINATE_S", 0.2)
    job, _ = started(fake_worker(RESULT, "time.sleep(60)"))
    assert job.wait(5)
    assert job.state == FINISHED
    assert not lives(job.hello.pid)


def test_the_worker_ends_with_its_launcher(fake_worker):
    """The script that started a job dies: the worker reads the end of its input and goes."""
    _, runner = started(fake_worker("end_when_input_closes()\ntime.sleep(60)"))
    runner.close_input()
    job_pid = runner.pid
    deadline = time.monotonic() + 5
    while lives(job_pid) and time.monotonic() < deadline:
        runner.pump(0.05)
    assert not lives(job_pid)


def test_a_failing_slot_does_not_stop_the_job(fake_worker, monkeypatch):
    reported = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: reported.append(kind))
    job = Job(fake_worker('say("stage", name="read")\n', RESULT), SubprocessRunner())
    job.progressed.connect(lambda *_: 1 / 0)
    job.start()
    job.wait(30)
    assert job.state == FINISHED
    assert reported == [ZeroDivisionError]


class EventLoopRunner:
    """A runner that says nothing by itself and has no ``pump``, like the one of Qt."""

    pid = 1

    def start(self, program, arguments, environment, on_output, on_error, on_end):
        self.on_output, self.on_end = on_output, on_end

    def call_later(self, seconds, callback):
        return lambda: None


def test_waiting_on_an_event_loop_is_refused():
    job = Job(Command("python", ()), EventLoopRunner())
    job.start()
    with pytest.raises(errors.UsageError, match="freeze"):
        job.wait()


def test_time_left_comes_from_the_injected_clock():
    now = [0.0]
    runner = EventLoopRunner()
    job = Job(Command("python", ()), runner, clock=lambda: now[0])
    job.start()
    runner.on_output(b'{"v": 1, "type": "stage", "name": "segment"}\n')
    now[0] = 30.0
    runner.on_output(b'{"v": 1, "type": "progress", "stage": "segment", "fraction": 0.5}\n')
    assert job.seconds_left > 30.0


@needs_posix
def test_ctrl_c_while_waiting_cancels_the_worker(fake_worker, monkeypatch):
    job, runner = started(fake_worker("end_when_input_closes()\ntime.sleep(60)"))
    pump, interrupted = runner.pump, []

    def interrupt_once(timeout_s: float) -> None:
        if not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt
        pump(timeout_s)

    monkeypatch.setattr(runner, "pump", interrupt_once)
    with pytest.raises(KeyboardInterrupt):
        job.wait()
    assert job.state == CANCELLED
    assert not lives(job.hello.pid)


def test_points_of_a_curve_are_passed_on_as_they_come(fake_worker):
    job = Job(
        fake_worker(
            """
            say("stage", name="remove")
            say("point", curve="map", values={"removed": 0, "relative": None})
            say("curve-of-a-newer-worker", curve="map")
            say("point", curve="random", values={"removed": 5, "relative": 0.9})
            """,
            RESULT,
        ),
        SubprocessRunner(),
    )
    seen: list[Point] = []
    job.plotted.connect(seen.append)
    job.start()
    assert job.wait(30) and job.state == FINISHED
    assert seen == [
        Point("map", {"removed": 0.0, "relative": None}),
        Point("random", {"removed": 5.0, "relative": 0.9}),
    ]
    assert any("curve-of-a-newer-worker" in line for line in job.log_lines)
