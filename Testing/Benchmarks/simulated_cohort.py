"""A cohort for benchmarks: of real cases, or simulated at the level of the task, where all else is what a user runs.

For a simulated case a worker waits, and writes the files of one real case under another name, instead of computing.
Manifest, checks, processes, tasks, tables, profile and summary are real.
"""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil

from UMambaXAILogic.engine import Request, run_case
from UMambaXAILogic.engine.cohort import CohortRequest, run_cohort
from UMambaXAILogic.engine.phantom import write_cohort
from UMambaXAILogic.engine.progress import Reporter
from UMambaXAILogic.engine.request import MethodChoice

#: Slices of a case: those of a clinical angiogram rather than a phantom's.
SLICES = 300


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
    subprocess.run([sys.executable, __file__, str(folder)], check=True)
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


def simulated(case: Path, seconds: Sequence[float]) -> Callable[[Any, Any], None]:
    """A stand-in for ``explain_case``; made in a function, so that it travels to workers by value.

    Args:
        case: folder of the real case.
        seconds: how long cases take; the case with number n takes entry n modulo their number.
    """

    def compute(task: Any, reporter: Any) -> None:
        time.sleep(seconds[int(task.request.case.removeprefix("case")) % len(seconds)])
        folder = task.request.output
        (folder / "slices.csv").write_text((case / "slices.csv").read_text())
        body = {**json.loads((case / "metrics.json").read_text()), "case": task.request.case}
        body["request"]["fingerprint"] = task.fingerprint
        (folder / "metrics.part").write_text(json.dumps(body))
        (folder / "metrics.part").replace(folder / "metrics.json")

    return compute


def run(
    folder: Path,
    volumes: Sequence[Path],
    cases: int,
    compute: Callable[[Any, Any], None],
    workers: int | None = 2,
    scheduler: str | None = None,
    every: int = 100,
) -> tuple[MemoryReporter, float]:
    """Run a cohort on processes of its own or on a cluster.

    Args:
        folder: where manifest and results go, made here.
        volumes: phantoms; the case with number n is of entry n modulo their number.
        cases: how many.
        compute: what a worker does with a case.
        workers, scheduler: as of ``CohortRequest``.
        every: see ``MemoryReporter``.

    Returns:
        What was noted, and the seconds of the run.
    """
    folder.mkdir()
    template = request_of(volumes[0], folder / "out")
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(("case", "volume", "gt"))
    for number in range(cases):
        volume = volumes[number % len(volumes)]
        rows.writerow((f"case{number:05d}", volume, request_of(volume, folder).ground_truth))
    (folder / "manifest.csv").write_text(table.getvalue())
    reporter = MemoryReporter(every)
    began = time.perf_counter()
    request = CohortRequest(
        folder / "manifest.csv", folder / "out", template, workers=workers, threads=1, scheduler=scheduler
    )
    result = run_cohort(request, reporter, compute)
    assert result.done == cases
    return reporter, time.perf_counter() - began


if __name__ == "__main__":
    explain_phantom(Path(sys.argv[1]))
