"""Memory and overhead of a cohort's machinery: ``python Testing/Benchmarks/bench_cohort.py [CASES]``.

Cases are simulated, see ``simulated_cohort.py``, and take no time; throughput is in ``bench_throughput.py``.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from machine_facts import describe_machine, write_results
from simulated_cohort import SLICES, make_real_case, request_of, run, simulated

from UMambaXAILogic.engine.cohort import CohortRequest, run_cohort


def main(cases: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        volume = make_real_case(folder)
        at_once = simulated(folder / "case", [0.0])
        reporter, seconds = run(folder / "many", [volume], cases, at_once)
        output = folder / "many/out"
        began = time.perf_counter()
        again = run_again(folder / "many", volume, at_once)
        resume_s = time.perf_counter() - began
        assert again == cases
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
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
