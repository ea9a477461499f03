"""The CPU scan against its peers, forward and forward with backward, seconds and memory.

``python Testing/Benchmarks/bench_selective_scan.py [--quick]`` writes ``results/selective_scan.md`` and ``.json``.
All contenders of a case run in turn in one process, so that whatever else the machine does hits them alike; each call
that is timed follows one of the same contender that is not, so that none pays for the memory another gave back. Ratios
are of medians. Peak memory is the growth of a fresh process during one call, inputs not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from machine_facts import RESULTS, describe_machine, write_results
from scan_peers import mambapy_scan, selective_scan_ref

STATES = 16
CASES = [  # mode, channels, steps, contenders
    ("forward", 64, 10_000, ("numba", "torch-chunked", "selective_scan_ref", "mambapy")),
    ("forward", 64, 100_000, ("numba", "torch-chunked", "selective_scan_ref", "mambapy")),
    ("forward", 64, 1_000_000, ("numba",)),
    ("forward", 512, 10_000, ("numba", "torch-chunked", "selective_scan_ref", "mambapy")),
    ("forward+backward", 64, 10_000, ("numba", "torch-chunked", "mambapy")),
    ("forward+backward", 64, 100_000, ("numba", "torch-chunked", "mambapy")),
    ("forward+backward", 512, 10_000, ("numba", "torch-chunked", "mambapy")),
]


def make_call(contender: str, mode: str, channels: int, steps: int) -> Callable[[], None]:
    """A function without arguments that scans once; its inputs, and the gradient of its output, exist already."""
    random = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        tensor = torch.randn(*shape, generator=random)
        return tensor.transpose(1, 2).contiguous() if contender == "mambapy" and len(shape) == 3 else tensor

    u, delta = normal(1, channels, steps), normal(1, channels, steps) - 4
    A = -torch.arange(1.0, STATES + 1).expand(channels, STATES).contiguous()
    B, C, D = normal(1, STATES, steps), normal(1, STATES, steps), torch.ones(channels)
    arguments = (u, delta, A, B, C, D)
    if contender == "mambapy":
        scan: Callable[[], torch.Tensor] = lambda: mambapy_scan(*arguments)  # noqa: E731
    elif contender == "selective_scan_ref":
        reference = selective_scan_ref()
        scan = lambda: reference(*arguments, delta_softplus=True)  # noqa: E731
    else:
        from UMambaXAILogic.engine.model.selective_scan import selective_scan

        scan = lambda: selective_scan(*arguments, delta_softplus=True, backend=contender)  # noqa: E731
    if mode == "forward":

        def forward() -> None:
            with torch.no_grad():
                scan()

        return forward
    for tensor in arguments:
        tensor.requires_grad_()
    gradient = torch.ones_like(u)
    return lambda: torch.autograd.grad(scan(), arguments, gradient)


def time_case(mode: str, channels: int, steps: int, contenders: tuple[str, ...], repeats: int) -> dict[str, float]:
    """Median seconds of each contender."""
    calls = {name: make_call(name, mode, channels, steps) for name in contenders}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(repeats):
        for name, call in calls.items():
            call()  # compiles, and brings memory in
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def peak_growth_mib(contender: str, mode: str, channels: int, steps: int) -> float:
    """Peak memory of one call above what the process held before it; in this process."""
    make_call(contender, mode, 8, 256)()
    call = make_call(contender, mode, channels, steps)
    status = Path("/proc/self/status")
    Path("/proc/self/clear_refs").write_text("5")  # starts the peak anew from what is held now

    def kib(field: str) -> int:
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(field))

    before = kib("VmRSS")
    call()
    return (kib("VmHWM") - before) / 1024


def in_subprocess(contender: str, mode: str, channels: int, steps: int) -> float | None:
    """``peak_growth_mib`` of a fresh process; None where there is no /proc."""
    if not Path("/proc/self/clear_refs").exists():
        return None
    command = [sys.executable, __file__, "--memory", contender, mode, str(channels), str(steps)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure(repeats: int, quick: bool) -> dict[str, Any]:
    rows = []
    for mode, channels, steps, contenders in CASES:
        if quick and steps > 10_000:
            continue
        seconds = time_case(mode, channels, steps, contenders, repeats)
        for name in contenders:
            memory = in_subprocess(name, mode, channels, steps)
            peer = "selective_scan_ref" if mode == "forward" else "mambapy"
            row = {"mode": mode, "D": channels, "L": steps, "scan": name, "seconds": seconds[name], "peak_mib": memory}
            row["times_faster"] = seconds[peer] / seconds[name] if peer in seconds else None
            rows.append(row)
            print(row, flush=True)
    return {"machine": describe_machine(), "torch_threads": torch.get_num_threads(), "N": STATES, "rows": rows} | {
        "load_average_at_the_end": os.getloadavg() if hasattr(os, "getloadavg") else None
    }


def markdown(result: dict[str, Any]) -> str:
    """The table, with ratios to selective_scan_ref (forward) or mambapy (forward+backward) of the same case."""
    machine = ", ".join(f"{key} {value}" for key, value in result["machine"].items() if value is not None)
    lines = [
        "# Selective scan on the CPU",
        "",
        f"{machine}; {result['torch_threads']} threads; N = {result['N']}; load average at the end "
        f"{result['load_average_at_the_end']}. Medians; ratios to `selective_scan_ref` (forward) and to mambapy "
        "(forward+backward).",
        "",
        "| | D, L | scan | seconds | faster | peak MiB | of the peer's memory |",
        "|---|---|---|---|---|---|---|",
    ]
    memory = {(row["mode"], row["D"], row["L"], row["scan"]): row["peak_mib"] for row in result["rows"]}
    for row in result["rows"]:
        peer = "selective_scan_ref" if row["mode"] == "forward" else "mambapy"
        peer_mib = memory.get((row["mode"], row["D"], row["L"], peer))
        mib = row["peak_mib"]
        share = f"1/{peer_mib / mib:.1f}" if mib and peer_mib else "-"
        faster = f"{row['times_faster']:.1f}x" if row["times_faster"] else "-"
        size = "-" if mib is None else f"{mib:.0f}"
        lines.append(
            f"| {row['mode']} | {row['D']}, {row['L']} | {row['scan']} | {row['seconds']:.4f} | {faster} | {size} "
            f"| {share} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the short sequences")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--memory", nargs=4, metavar=("SCAN", "MODE", "D", "L"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        contender, mode, channels, steps = options.memory
        print(peak_growth_mib(contender, mode, int(channels), int(steps)))
        return
    result = measure(options.repeats, options.quick)
    write_results("selective_scan", result)
    (RESULTS / "selective_scan.md").write_text(markdown(result))
    print(json.dumps(result["machine"]), markdown(result), sep="\n")


if __name__ == "__main__":
    main()
