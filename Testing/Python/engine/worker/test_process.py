"""The worker process, as the doors meet it: real processes, with a fake computation inside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from UMambaXAILogic.engine.request import Request
from UMambaXAILogic.interaction import protocol

#: Runs the worker with ``run_case`` replaced; what stands in for the real one is given as source text.
LAUNCHER = """
import ctypes, os, subprocess, sys, time, types
from pathlib import Path
sys.path.insert(0, {repository!r})
from UMambaXAILogic.engine import errors
from UMambaXAILogic.engine.worker import process as worker

def files(request):
    return {{"segmentation": request.output / "segmentation.nii.gz", "attention": None,
             "metrics": request.output / "metrics.json", "slices": request.output / "slices.csv",
             "log": request.output / "log.txt"}}

{body}

pipeline = types.ModuleType("UMambaXAILogic.engine.pipeline")
pipeline.run_case = run_case
sys.modules[pipeline.__name__] = pipeline
worker.main(["--request", {request!r}])
"""

SUCCEED = """
def run_case(request, reporter):
    return types.SimpleNamespace(folder=request.output, metrics={}, files=files(request))
"""


class Worker:
    """A started worker and what it has said."""

    def __init__(self, script: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def read_message(self) -> dict:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def read_until(self, kind: str) -> dict:
        while (message := self.read_message())["type"] != kind:
            pass
        return message

    def finish(self, timeout_s: float = 20.0) -> list[dict]:
        """Wait for the end with standard input open; the rest of the messages."""
        assert self.process.stdout is not None
        rest = self.process.stdout.read()
        self.process.wait(timeout_s)
        return [json.loads(line) for line in rest.splitlines()]

    def log(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()

    def close_input(self) -> float:
        """Cancel; returns the seconds until the process had ended."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        started = time.monotonic()
        self.process.wait(10)
        return time.monotonic() - started


@pytest.fixture
def start_worker(tmp_path: Path, repository: Path) -> Iterator[Callable[[str], Worker]]:
    workers: list[Worker] = []

    def start(body: str) -> Worker:
        request = tmp_path / "request.json"
        request.write_text(Request(volume="in.nii.gz", model="demo", output=tmp_path / "out").to_json())
        script = tmp_path / "launch.py"
        script.write_text(LAUNCHER.format(repository=str(repository), request=str(request), body=textwrap.dedent(body)))
        workers.append(Worker(script))
        return workers[-1]

    yield start
    for worker in workers:
        worker.process.kill()
        worker.process.wait()
        for pipe in (worker.process.stdin, worker.process.stdout, worker.process.stderr):
            pipe.close()


def test_says_hello_within_a_second_and_then_the_result(start_worker, tmp_path, slowness):
    started = time.monotonic()
    worker = start_worker(SUCCEED)
    hello = worker.read_message()
    assert time.monotonic() - started < slowness
    assert hello["v"] == 1
    assert hello["type"] == "hello"
    assert hello["pid"] == worker.process.pid
    assert hello["versions"]["torch"].startswith("2.")

    (result,) = worker.finish()
    assert result["type"] == "result"
    assert result["folder"] == str(tmp_path / "out")
    assert result["files"]["segmentation"] == str(tmp_path / "out" / "segmentation.nii.gz")
    assert result["files"]["attention"] is None
    assert worker.process.returncode == 0


def test_hello_comes_before_torch_is_imported(start_worker):
    worker = start_worker("""
        def run_case(request, reporter):
            raise errors.InputError("torch" if "torch" in sys.modules else "no torch yet", "")
    """)
    assert worker.read_until("error")["message"] == "no torch yet"


def test_every_kind_of_message_is_understood_by_the_other_side(start_worker):
    worker = start_worker("""
        def run_case(request, reporter):
            reporter.device({"device": "cpu", "free_memory_mb": 1234, "scan_backend": "numba", "reason": "no GPU"})
            reporter.stage("segment")
            reporter.progress(0.25)
            reporter.warning("nothing_predicted", "Nothing was segmented.")
            return types.SimpleNamespace(folder=request.output, metrics={}, files=files(request))
    """)
    messages = [protocol.parse_line(json.dumps(message)) for message in worker.finish()]
    assert [type(message).__name__ for message in messages] == [
        "Hello", "Device", "Stage", "Progress", "Caution", "Result"
    ]  # fmt: skip
    assert messages[1] == protocol.Device("cpu", 1234.0, "numba", "no GPU")
    assert messages[2] == protocol.Stage("segment")
    assert messages[3] == protocol.Progress("segment", 0.25)
    assert messages[4] == protocol.Caution("nothing_predicted", "Nothing was segmented.")


def test_nothing_that_libraries_print_reaches_the_stream(start_worker):
    worker = start_worker("""
        def run_case(request, reporter):
            print("printed by a library")
            sys.__stdout__.write("written around print\\n")
            sys.__stdout__.flush()
            os.write(1, b"written to descriptor 1\\n")
            libc = ctypes.CDLL(None)
            libc.puts(b"written by C")
            libc.fflush(None)
            subprocess.run([sys.executable, "-c", "print('written by a child')"], check=True)
            return types.SimpleNamespace(folder=request.output, metrics={}, files=files(request))
    """)
    assert [message["type"] for message in worker.finish()] == ["hello", "result"]
    log = worker.log()
    for text in ("printed by a library", "around print", "descriptor 1", "by C", "by a child"):
        assert text in log


def test_children_cannot_take_the_input(start_worker):
    worker = start_worker("""
        def run_case(request, reporter):
            child = subprocess.run([sys.executable, "-c", "import sys; print(repr(sys.stdin.read()))"],
                                   capture_output=True, text=True, timeout=10)
            raise errors.InputError(child.stdout.strip(), "")
    """)
    assert worker.read_until("error")["message"] == "''"


def test_progress_comes_at_most_ten_times_a_second_and_never_misses_the_end(start_worker):
    worker = start_worker("""
        def run_case(request, reporter):
            reporter.stage("segment")
            end = time.monotonic() + 0.55
            while time.monotonic() < end:
                reporter.progress(0.5)
                time.sleep(0.001)
            reporter.progress(1.0)
            return types.SimpleNamespace(folder=request.output, metrics={}, files=files(request))
    """)
    fractions = [message["fraction"] for message in worker.finish() if message["type"] == "progress"]
    assert 2 <= len(fractions) <= 8
    assert fractions[-1] == 1.0


@pytest.mark.parametrize(
    ("raised", "code", "status"),
    [
        ("errors.UsageError('bad step', 'use 0.5')", "usage", 2),
        ("errors.InputError('bad file', 'convert it')", "input", 3),
        ("errors.ModelError('bad model', 'train it')", "model", 4),
        ("errors.NotInstalledError('no CUDA', 'use cpu')", "not_installed", 6),
        ("MemoryError()", "out_of_memory", 5),
        ("type('OutOfMemoryError', (RuntimeError,), {})('CUDA out of memory. Tried 9 GiB')", "out_of_memory", 5),
        ("RuntimeError('[enforce fail] DefaultCPUAllocator: can\\'t allocate memory: 9 bytes')", "out_of_memory", 5),
        ("KeyboardInterrupt()", "cancelled", 130),
        ("ZeroDivisionError('division by zero')", "bug", 1),
        ("SystemExit(0)", "bug", 1),
    ],
)
def test_errors_end_in_one_typed_line_and_their_exit_status(start_worker, raised, code, status):
    worker = start_worker(f"""
        def run_case(request, reporter):
            raise {raised}
    """)
    last = worker.finish()[-1]
    assert last["type"] == "error"
    assert last["code"] == code
    assert last["message"]
    assert last["remedy"] or code == "cancelled"
    assert worker.process.returncode == status
    assert ("Traceback" in worker.log()) == (code == "bug")


def test_an_unreadable_request_is_a_usage_error(tmp_path, repository):
    for text in (None, "{", '{"version": 99}'):
        path = tmp_path / "request.json"
        if text is not None:
            path.write_text(text)
        run = _run_module(repository, "--request", str(path))
        assert json.loads(run.stdout.splitlines()[-1])["code"] == "usage"
        assert run.returncode == 2


def test_a_private_runtime_that_is_not_there_is_named(repository, tmp_path):
    run = _run_module(repository, "--request", "x", "--packages", str(tmp_path / "gone"))
    message = json.loads(run.stdout)
    assert message["code"] == "not_installed"
    assert str(tmp_path / "gone") in message["message"]
    assert run.returncode == 6


def test_a_private_runtime_is_used_and_reported(repository, tmp_path):
    info = tmp_path / "runtime" / "mamba_ssm-9.8.7.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mamba-ssm\nVersion: 9.8.7\n")
    (tmp_path / "runtime" / "argparse.py").write_text("raise ImportError('the wrong argparse')")
    run = _run_module(repository, "--request", "x", "--packages", str(tmp_path / "runtime"))
    assert json.loads(run.stdout.splitlines()[0])["versions"]["mamba-ssm"] == "9.8.7"


def test_wrong_arguments_are_a_usage_error_on_the_stream(repository):
    run = _run_module(repository, "--reqest", "x")
    assert json.loads(run.stdout)["code"] == "usage"
    assert run.returncode == 2


COMPUTATIONS = {
    "one that looks at the reporter": "while True: reporter.check_cancelled(); time.sleep(0.01)",
    "one that never looks": "time.sleep(60)",
    "a native call that lets Python run": "ctypes.CDLL(None).sleep(60)",
    "a native call that keeps Python's lock": "ctypes.PyDLL(None).sleep(60)",
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the guard process is POSIX")
@pytest.mark.parametrize("computation", COMPUTATIONS)
def test_closing_the_input_ends_the_process_within_two_seconds(start_worker, computation, slowness):
    worker = start_worker(f"""
        def run_case(request, reporter):
            reporter.stage("segment")
            {COMPUTATIONS[computation]}
    """)
    worker.read_until("stage")
    assert worker.close_input() < 2.0 * slowness
    if "keeps" in computation:
        assert worker.process.returncode != 0
    else:
        assert worker.read_until("error")["code"] == "cancelled"
        assert worker.process.returncode == 130
    assert worker.process.stdout.read() == b""


def test_a_computation_that_is_cut_off_leaves_no_half_written_files(start_worker, tmp_path):
    worker = start_worker("""
        def run_case(request, reporter):
            unfinished = request.output / ".unfinished-1"
            unfinished.mkdir(parents=True)
            (unfinished / "attention.nii.gz").write_text("half")
            (request.output / "notes.txt").write_text("the user's own")
            reporter.stage("segment")
            time.sleep(60)
    """)
    worker.read_until("stage")
    worker.close_input()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["notes.txt"]


def test_cancelling_works_when_nobody_reads_the_output_either(start_worker, slowness):
    worker = start_worker("""
        def run_case(request, reporter):
            reporter.stage("segment")
            time.sleep(60)
    """)
    worker.read_until("stage")
    worker.process.stdout.close()
    assert worker.close_input() < 2.0 * slowness


def test_a_computation_nobody_listens_to_ends(start_worker):
    worker = start_worker("""
        def run_case(request, reporter):
            while True:
                reporter.stage("segment")
                time.sleep(0.01)
    """)
    worker.read_until("stage")
    worker.process.stdout.close()
    assert worker.process.wait(5) == 130


def test_input_that_closes_after_the_result_does_not_spoil_it(start_worker):
    worker = start_worker(SUCCEED)
    worker.read_until("result")
    worker.close_input()
    assert worker.process.returncode == 0


def test_libraries_that_hang_while_unloading_do_not_keep_the_process(start_worker):
    worker = start_worker(
        SUCCEED
        + """
import atexit
atexit.register(time.sleep, 60)
"""
    )
    worker.read_until("result")
    assert worker.process.wait(10) == 0


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
@pytest.mark.parametrize("end", ["crash", "result"])
def test_the_worker_leaves_no_process_behind(start_worker, end):
    worker = start_worker(
        SUCCEED
        if end == "result"
        else """
def run_case(request, reporter):
    os.abort()
"""
    )
    worker.read_until("hello")
    guards = Path(f"/proc/{worker.process.pid}/task/{worker.process.pid}/children").read_text().split()
    worker.finish()
    assert worker.process.returncode == (0 if end == "result" else -6)
    deadline = time.monotonic() + 2.0
    while any(_is_running(pid) for pid in guards) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(_is_running(pid) for pid in guards)


def _is_running(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _run_module(repository: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "UMambaXAILogic.engine.worker", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=repository,
    )
    output = process.stdout.read()
    process.wait(10)
    process.stdin.close()
    return subprocess.CompletedProcess(process.args, process.returncode, output)
