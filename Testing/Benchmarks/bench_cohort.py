"""Memory and throughput of a cohort's machinery: ``python Testing/Benchmarks/bench_cohort.py [CASES]``.

Cases are simulated at the level of the task: a worker writes the files of one real case under another name instead of
computing it. All else is what a user runs: manifest, checks, processes, tasks, tables, profile, summary.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
from machine_facts import describe_machine, write_results

from UMambaXAILogic.engine import Request, run_case
from UMambaXAILogic.engine.cohort import CohortRequest, run_cohort
from UMambaXAILogic.engine.phantom import write_cohort
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.request import MethodChoice

#: Slices of a case: those of a clinical angiogram rather than a phantom's.
SLICES = 300
#: How long a simulated case takes where throughput is compared; it waits, so that cores do not matter.
CASE_S = 0.25
THROUGHPUT_CASES = 80


class MemoryReporter(Reporter):
    """Notes the launcher's memory at every hundredth case, and when the cases began and ended."""

    def __init__(self, every: int) -> None:
        super().__init__()
        self._every = every
        self._process = psutil.Process()
        self.megabytes: dict[int, float] = {}
        self.first_s = self.last_s = 0.0

    def cases(self, done: int, failed: int, total: int, seconds_left: float | None) -> None:
        now = time.perf_counter()
        self.first_s = self.first_s or now
        self.last_s = now
        if done % self._every == 0:
            self.megabytes[done] = round(self._process.memory_info().rss / 2**20, 1)


def make_real_case(folder: Path) -> Path:
    """Explain one phantom into ``folder / "case"``, with the slices of a clinical volume; returns the volume.

    In a process of its own: what the computation leaves in memory is not the launcher's.
    """
    subprocess.run([sys.executable, __file__, "--case", str(folder)], check=True)
    return next((folder / "phantom/volumes").iterdir())


def explain_phantom(folder: Path) -> None:
    """What that process does."""
    write_cohort("source", 1, 9000, folder / "phantom")
    run_case(request_of(next((folder / "phantom/volumes").iterdir()), folder / "case"))
    slices = folder / "case/slices.csv"
    header, *lines = slices.read_text().splitlines()
    slices.write_text("\n".join([header, *(lines[number % len(lines)] for number in range(SLICES))]) + "\n")


def request_of(volume: Path, output: Path) -> Request:
    """Three methods on the demo model, with the volume's own vessels as ground truth."""
    truth = volume.parent.parent / "masks" / volume.name.replace(".nii.gz", "_vessels.nii.gz")
    others = (MethodChoice("seg-xres-cam", 2), MethodChoice("seg-grad-cam"))
    return Request(volume, "demo", output, ground_truth=truth, other_methods=others, device="cpu")


def simulated(case: Path, seconds: float) -> Callable[[Any, Any], None]:
    """A stand-in for ``explain_case``; made in a function, so that it travels to workers by value."""

    def compute(task: Any, reporter: Any) -> None:
        time.sleep(seconds)
        folder = task.request.output
        (folder / "slices.csv").write_text((case / "slices.csv").read_text())
        body = {**json.loads((case / "metrics.json").read_text()), "case": task.request.case}
        body["request"]["fingerprint"] = task.fingerprint
        (folder / "metrics.part").write_text(json.dumps(body))
        (folder / "metrics.part").replace(folder / "metrics.json")

    return compute


def run(
    folder: Path, volume: Path, cases: int, workers: int, compute: Callable[[Any, Any], None], every: int = 100
) -> tuple[MemoryReporter, float]:
    """Run a cohort; returns what was noted, and the seconds of the whole run."""
    folder.mkdir()
    template = request_of(volume, folder / "out")
    table = io.StringIO()
    csv.writer(table).writerows(
        [("case", "volume", "gt"), *((f"case{n:05d}", volume, template.ground_truth) for n in range(cases))]
    )
    (folder / "manifest.csv").write_text(table.getvalue())
    reporter = MemoryReporter(every)
    began = time.perf_counter()
    request = CohortRequest(folder / "manifest.csv", folder / "out", template, workers=workers, threads=1)
    result = run_cohort(request, reporter, compute)
    assert result.done == cases
    return reporter, time.perf_counter() - began


def main(cases: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        volume = make_real_case(folder)
        at_once = simulated(folder / "case", 0.0)
        reporter, seconds = run(folder / "many", volume, cases, 2, at_once)
        output = folder / "many/out"
        began = time.perf_counter()
        again = run_again(folder / "many", volume, at_once)
        resume_s = time.perf_counter() - began
        assert again == cases
        per_hour = {}
        for workers in (1, 2):
            compute = simulated(folder / "case", CASE_S)
            noted, _ = run(folder / f"workers{workers}", volume, THROUGHPUT_CASES, workers, compute)
            per_hour[workers] = round(THROUGHPUT_CASES / (noted.last_s - noted.first_s) * 3600)

        result = {
            "machine": describe_machine(),
            "cases": cases,
            "slices of a case": SLICES,
            "launcher memory (MB) by cases done": reporter.megabytes,
            "growth from a quarter of the cases to all (MB)": growth(reporter.megabytes, cases),
            "seconds for all simulated cases": round(reporter.last_s - reporter.first_s, 1),
            "milliseconds a case": round(1000 * (reporter.last_s - reporter.first_s) / cases, 1),
            "seconds of the whole run, checks and start included": round(seconds, 1),
            "seconds to find all cases finished and to write the tables again": round(resume_s, 1),
            "tables (rows, MB)": {
                name: [
                    pq.ParquetFile(output / name).metadata.num_rows,
                    round((output / name).stat().st_size / 2**20, 2),
                ]
                for name in ("cases.parquet", "alignment.parquet", "slices.parquet")
            },
            "cases an hour by workers": per_hour,
            "seconds that a case waits there": CASE_S,
        }
        print(json.dumps(result, indent=1))
        write_results("cohort", result)


def run_again(folder: Path, volume: Path, compute: Callable[[Any, Any], None]) -> int:
    """Run a finished cohort again; returns how many cases it finds done."""
    request = CohortRequest(folder / "manifest.csv", folder / "out", request_of(volume, folder / "out"))
    return run_cohort(request, compute=compute).done


def growth(megabytes: dict[int, float], cases: int) -> float:
    """Memory at the end less memory when a quarter of the cases was done, by when every buffer has been filled."""
    quarter = max(done for done in megabytes if done <= cases // 4)
    return round(megabytes[max(megabytes)] - megabytes[quarter], 1)


if __name__ == "__main__":
    if "--case" in sys.argv:
        explain_phantom(Path(sys.argv[-1]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
