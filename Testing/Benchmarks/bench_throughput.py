"""Cases an hour of a cohort with 1, 2 and 64 workers: ``python Testing/Benchmarks/bench_throughput.py``.

1 and 2 workers compute: pieces of phantoms with the demo model and three methods, one thread a worker, as
``umamba-xai cohort`` does. For 64 there is no machine here: the times that those cases took are replayed by 64 workers
of a real Dask cluster that wait instead of computing, while the launcher does all that it does for real cases (checks,
handing out, tables, profile, summary) on this machine. So that figure says what the scheduler and the launcher leave of
64 workers, and nothing about disks or networks that these would share. Cases are short here; of longer ones the
launcher takes a smaller share.

Time counts from when the workers are there to the end of the last case; what is loaded by a worker's first case counts.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import SimpleITK as sitk
from machine_facts import describe_machine, facts_line, write_results
from simulated_cohort import run, simulated

from UMambaXAILogic.engine.cohort import task
from UMambaXAILogic.engine.phantom import write_cohort

REAL_CASES = 6
#: Of a case (x, y, z): two windows of the demo model.
VOXELS = (120, 120, 40)
MANY_WORKERS = 64
#: Cases that each of the many workers gets: enough that the last ones, when workers run dry, weigh little.
ROUNDS = 6


def write_phantoms(folder: Path) -> list[Path]:
    """The volumes, with their masks beside them: central pieces of phantoms."""
    write_cohort("source", REAL_CASES, 9100, folder)
    for path in folder.rglob("*.nii.gz"):
        image = sitk.ReadImage(str(path))
        start = [(present - wanted) // 2 for present, wanted in zip(image.GetSize(), VOXELS, strict=True)]
        sitk.WriteImage(sitk.RegionOfInterest(image, VOXELS, start), str(path))
    return sorted((folder / "volumes").iterdir())


def compute(folder: Path, volumes: Sequence[Path], workers: int) -> tuple[float, list[float]]:
    """Explain all phantoms; returns the seconds of the run, and those of each case."""
    noted, _ = run(folder, volumes, len(volumes), task.explain_case, workers=workers)
    cases = [json.loads(path.read_text()) for path in sorted(folder.glob("out/cases/*/metrics.json"))]
    return noted.last_s - noted.first_s, [case["timing"]["total"] for case in cases]


def replay(folder: Path, volumes: Sequence[Path], case: Path, case_seconds: list[float]) -> float:
    """The recorded times on many workers that wait; returns the seconds between the first and the last case's end.

    The workers are threads of this process, which computes one case at a time, for its cases share one network.
    These cases use none.
    """
    from distributed import LocalCluster

    with (
        mock.patch.object(task, "_one_at_a_time", contextlib.nullcontext()),
        LocalCluster(
            n_workers=MANY_WORKERS, threads_per_worker=1, processes=False, dashboard_address=":0", memory_limit=0
        ) as cluster,
    ):
        noted, _ = run(
            folder,
            volumes,
            MANY_WORKERS * ROUNDS,
            simulated(case, case_seconds),
            workers=None,
            scheduler=cluster.scheduler_address,
        )
    return noted.last_s - noted.first_s


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        volumes = write_phantoms(folder / "phantoms")
        rows = []
        recorded: list[float] = []
        for workers in (1, 2):
            seconds, of_cases = compute(folder / f"workers{workers}", volumes, workers)
            recorded = recorded or of_cases
            rows.append(row(workers, "computed", REAL_CASES, seconds, of_cases, recorded))
            print(rows[-1], flush=True)
        seconds = replay(folder / "replay", volumes, folder / "workers1/out/cases/case00000", recorded)
        cases = MANY_WORKERS * ROUNDS
        rows.append(row(MANY_WORKERS, "replayed", cases, seconds, recorded, recorded))
    size = "x".join(map(str, reversed(VOXELS)))
    case = f"a piece of {size} voxels of a phantom, with the demo model and three methods"
    result = {"machine": describe_machine(), "case": case, "rows": rows}
    print(table(result))
    write_results("throughput", result, table(result))


def row(
    workers: int, how: str, cases: int, seconds: float, of_cases: list[float], alone: list[float]
) -> dict[str, Any]:
    """One line of the table; ``alone`` are the seconds of cases of which one is computed at a time."""
    ideal = statistics.fmean(of_cases) * cases / workers
    return {
        "workers": workers,
        "how": how,
        "cases": cases,
        "seconds": round(seconds, 1),
        "cases an hour": round(cases / seconds * 3600),
        "seconds a case (median)": round(statistics.median(of_cases), 2),
        "kept busy": round(ideal / seconds, 3),
        "beside one worker alone": round(statistics.fmean(alone) * cases / seconds, 2),
    }


def table(result: dict[str, Any]) -> str:
    """The result as a page."""
    lines = [
        "# Throughput of a cohort",
        "",
        f"{facts_line(result['machine'])}. A case is {result['case']}.",
        "",
        "*Kept busy*: the share of the run that workers spent in cases. *Speed-up*: beside the times of cases that are "
        "computed one at a time. The 64 workers replay the times of one, see `bench_throughput.py`.",
        "",
        "| workers | | cases | seconds | cases an hour | a case, s (median) | kept busy | speed-up |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        cells = [row[name] for name in ("workers", "how", "cases", "seconds", "cases an hour")]
        cells += [row["seconds a case (median)"], f"{row['kept busy']:.0%}", f"{row['beside one worker alone']}x"]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
