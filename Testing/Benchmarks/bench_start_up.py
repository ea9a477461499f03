"""How long a process takes until it is of use: the worker's hello, its device, its first window; the terminal's help.

    python Testing/Benchmarks/bench_start_up.py [--repeats 5] [--model demo] [--volume FILE]

Every start is a new process, after one that warms the caches of files and compiled kernels and is not counted. Seconds
are from the start of the process, the median of all; processor seconds beside them say what a busy machine added.
``computing`` is the message that segmentation begins, ``first window`` the first window done. The dearest imports are
those of one process under ``-X importtime``, with what lies below each.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
from machine_facts import describe_machine, write_results

from UMambaXAILogic.engine.phantom import write_cohort
from UMambaXAILogic.engine.request import Request

REPOSITORY = Path(__file__).resolve().parents[2]
TARGETS_S = {"hello": 1.0, "device": 3.0, "computing": 6.0}
COMMANDS = {"umamba-xai --help": ["--help"], "umamba-xai doctor": ["doctor"]}
_DEAR = 12
_IMPORTS = (
    "from UMambaXAILogic.engine.deferred_imports import defer_rarely_used; defer_rarely_used(); "
    "import UMambaXAILogic.engine.pipeline"
)


def worker_marks(request: Path) -> dict[str, tuple[float, float]]:
    """Name -> (seconds, processor seconds) until the worker says so; it is cancelled after its first window."""
    start = time.perf_counter()
    worker = subprocess.Popen(
        [sys.executable, "-m", "UMambaXAILogic.engine.worker", "--request", str(request)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    process = psutil.Process(worker.pid)
    marks: dict[str, tuple[float, float]] = {}
    assert worker.stdout is not None and worker.stdin is not None
    for line in worker.stdout:
        name = mark_of(json.loads(line))
        if name is not None and name not in marks:
            times = process.cpu_times()
            marks[name] = time.perf_counter() - start, times.user + times.system
        if name == "first window":
            break
    worker.stdin.close()
    worker.wait()
    return marks


def mark_of(message: dict) -> str | None:
    """Which of the marks a message sets."""
    if message["type"] in ("hello", "device"):
        return message["type"]
    if message["type"] == "stage" and message["name"] == "segment":
        return "computing"
    if message["type"] == "progress" and message["stage"] == "segment":
        return "first window"
    if message["type"] == "error":
        raise RuntimeError(message["message"])
    return None


def command_seconds(arguments: list[str]) -> tuple[float, float]:
    """(seconds, processor seconds) of one run of the terminal's command."""
    start, before = time.perf_counter(), os.times()
    subprocess.run(
        [sys.executable, "-m", "UMambaXAILogic.cli", *arguments], cwd=REPOSITORY, capture_output=True, check=True
    )
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - start, used


def dearest_imports() -> dict[str, float]:
    """Module -> milliseconds with all below it, of the dearest modules that no dearer package contains."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", _IMPORTS], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    found: dict[str, float] = {}
    for milliseconds, name in sorted(import_times(done.stderr), reverse=True):
        if not name.startswith("UMambaXAILogic") and not any(name.startswith(f"{dearer}.") for dearer in found):
            found[name] = round(milliseconds)
    return dict(list(found.items())[:_DEAR])


def import_times(report: str) -> Iterator[tuple[float, str]]:
    """(milliseconds with all below, module) of every line of ``-X importtime``."""
    for line in report.splitlines():
        columns = line.removeprefix("import time:").split("|")
        if len(columns) == 3 and columns[1].strip().isdigit():
            yield int(columns[1]) / 1000, columns[2].strip()


def summary(runs: list[tuple[float, float]]) -> dict[str, float]:
    return {
        "seconds": round(statistics.median(wall for wall, _ in runs), 2),
        "fastest": round(min(wall for wall, _ in runs), 2),
        "processor seconds": round(statistics.median(used for _, used in runs), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--model", default="demo")
    parser.add_argument("--volume", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        volume = options.volume
        if volume is None:
            write_cohort("source", 1, 9000, Path(folder))
            volume = next(Path(folder).rglob("phantom_source_*.nii.gz"))
        request = Path(folder) / "request.json"
        request.write_text(Request(volume=volume, model=options.model, output=Path(folder) / "out").to_json())
        worker_marks(request)
        starts = [worker_marks(request) for _ in range(options.repeats)]
    table = {name: summary([start[name] for start in starts]) for name in starts[0]}
    for name, arguments in COMMANDS.items():
        table[name] = summary([command_seconds(arguments) for _ in range(options.repeats)])
    for name, target in TARGETS_S.items():
        table[name]["target seconds"] = target
    result = {
        "machine": describe_machine(),
        "model": options.model,
        "from the start of the process": table,
        "dearest imports (ms, under -X importtime)": dearest_imports(),
    }
    print(json.dumps(result, indent=1))
    write_results("start_up", result)


if __name__ == "__main__":
    main()
