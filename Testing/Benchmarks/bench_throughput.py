"""Cases an hour of a cohort with 1, 2 and 64 workers: ``python Testing/Benchmarks/bench_throughput.py``.

1 and 2 workers compute: phantoms with the demo model, one thread a worker, as ``umamba-xai cohort`` does. For 64 there
is no machine here: the times that those cases took are replayed by 64 workers of a real Dask cluster that wait instead
of computing, while the launcher does all that it does for real cases (checks, handing out, tables, profile, summary) on
this machine. So that figure says what the scheduler and the launcher leave of 64 workers, and nothing about disks or
networks that these would share.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from machine_facts import describe_machine, facts_line, write_results
from simulated_cohort import make_real_case, request_of, run, simulated

from UMambaXAILogic.engine.cohort import CohortRequest, run_cohort, task
from UMambaXAILogic.engine.phantom import write_cohort

REAL_CASES = 4
MANY_WORKERS = 64
#: Cases that each of the many workers gets: enough that the last ones, when workers run dry, weigh little.
ROUNDS = 6


def compute_cohort(folder: Path, phantoms: Path, workers: int) -> tuple[float, list[float]]:
    """Explain all phantoms; returns the seconds of the run, and those of each case."""
    volumes = sorted((phantoms / "volumes").iterdir())
    rows = ["case,volume,gt"]
    for number, volume in enumerate(volumes):
        rows.append(f"case{number},{volume},{request_of(volume, folder).ground_truth}")
    folder.mkdir()
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    template = request_of(volumes[0], folder / "out")
    result = run_cohort(CohortRequest(folder / "manifest.csv", folder / "out", template, workers=workers, threads=1))
    assert result.done == len(volumes)
    cases = [json.loads(path.read_text()) for path in sorted((folder / "out").glob("cases/*/metrics.json"))]
    seconds = json.loads((folder / "out" / "summary.json").read_text())["run"]["seconds"]
    return seconds, [case["timing"]["total"] for case in cases]


def replay(folder: Path, case_seconds: list[float]) -> float:
    """The recorded times on many workers that wait; returns the seconds between the first and the last case's end.

    The workers are threads of this process, which computes one case at a time, for its cases share one network.
    These cases use none.
    """
    from distributed import LocalCluster

    volume = make_real_case(folder)
    with (
        mock.patch.object(task, "_one_at_a_time", contextlib.nullcontext()),
        LocalCluster(
            n_workers=MANY_WORKERS, threads_per_worker=1, processes=False, dashboard_address=None, memory_limit=0
        ) as cluster,
    ):
        noted, _ = run(
            folder / "many",
            volume,
            MANY_WORKERS * ROUNDS,
            simulated(folder / "case", case_seconds),
            workers=None,
            scheduler=cluster.scheduler_address,
        )
    return noted.last_s - noted.first_s


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_cohort("source", REAL_CASES, 9100, folder / "phantoms")
        rows = []
        recorded: list[float] = []
        for workers in (1, 2):
            seconds, of_cases = compute_cohort(folder / f"workers{workers}", folder / "phantoms", workers)
            recorded = recorded or of_cases
            rows.append(row(workers, "computed", REAL_CASES, seconds, of_cases, recorded))
        (folder / "replay").mkdir()
        seconds = replay(folder / "replay", recorded)
        cases = MANY_WORKERS * ROUNDS
        rows.append(row(MANY_WORKERS, "replayed", cases, seconds, recorded, recorded))
    result = {"machine": describe_machine(), "case": "a phantom of 40x160x160 voxels, three methods", "rows": rows}
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
