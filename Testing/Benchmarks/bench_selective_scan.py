"""The CPU scan, and the Mamba block around it, against their peers and against this machine's limits.

``python Testing/Benchmarks/bench_selective_scan.py [--quick]`` writes ``results/selective_scan.md`` and ``.json`` in
about four minutes on two cores that do nothing else. Ratios are of medians. Peak memory is the growth of a fresh
process during one call, inputs not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import as_the_worker_does  # noqa: F401
import torch
from machine_facts import RESULTS, describe_machine, write_results
from mamba_block_peers import check_agreement, make_block, parts_of_block
from scan_limits import limits, measure_machine
from scan_peers import mambapy_scan, selective_scan_ref
from scan_report import markdown
from timing_in_turn import time_in_turn

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
NARROW_CASES = [("forward", 512, 10_000), ("forward+backward", 512, 10_000)]  # in bfloat16 and in float32
BLOCKS = [  # mode, features, steps, contenders
    ("forward", 32, 10_000, ("fused", "torch", "selective_scan_ref", "mambapy")),
    ("forward", 320, 4_096, ("fused", "torch", "selective_scan_ref", "mambapy")),
    ("forward", 32, 200_000, ("fused", "torch")),
    ("forward+backward", 32, 10_000, ("fused", "torch", "mambapy")),
    ("forward+backward", 320, 4_096, ("fused", "torch", "mambapy")),
    ("forward+backward", 32, 200_000, ("fused",)),
]
PARTS = [(32, 10_000), (32, 200_000), (320, 4_096)]  # features, steps
SCALING = ("forward", "forward+backward")
SCALING_SHAPE = 64, 100_000


def make_call(contender: str, mode: str, channels: int, steps: int) -> Callable[[], object]:
    """A function without arguments that scans once; its inputs, and the gradient of its output, exist already.

    ``numba bfloat16`` is this project's with everything in bfloat16 that has a value a step.
    """
    random = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        tensor = torch.randn(*shape, generator=random)
        return tensor.transpose(1, 2).contiguous() if contender == "mambapy" and len(shape) == 3 else tensor

    u, delta = normal(1, channels, steps), normal(1, channels, steps) - 4
    A = -torch.arange(1.0, STATES + 1).expand(channels, STATES).contiguous()
    B, C, D = normal(1, STATES, steps), normal(1, STATES, steps), torch.ones(channels)
    name, _, narrow = contender.partition(" ")
    if narrow:
        u, delta, B, C = (tensor.bfloat16() for tensor in (u, delta, B, C))
    arguments = (u, delta, A, B, C, D)
    if contender == "mambapy":
        scan: Callable[[], torch.Tensor] = lambda: mambapy_scan(*arguments)  # noqa: E731
    elif contender == "selective_scan_ref":
        reference = selective_scan_ref()
        scan = lambda: reference(*arguments, delta_softplus=True)  # noqa: E731
    else:
        from UMambaXAILogic.engine.model.selective_scan import selective_scan

        scan = lambda: selective_scan(*arguments, delta_softplus=True, backend=name)  # noqa: E731
    if mode == "forward":

        def forward() -> None:
            with torch.no_grad():
                scan()

        return forward
    for tensor in arguments:
        tensor.requires_grad_()
    gradient = torch.ones_like(u)
    return lambda: torch.autograd.grad(scan(), arguments, gradient)


def peak_growth_mib(contender: str, mode: str, channels: int, steps: int) -> float:
    """Peak memory of one call above what the process held before it; in this process."""
    make_call(contender, mode, 8, 256)()  # compiles
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


def measure_scans(repeats: int, quick: bool, machine: dict[str, float]) -> list[dict[str, Any]]:
    """One row a contender: seconds, memory, ratios to the peer and to the limits."""
    cases = [case for case in CASES if not quick or case[2] <= 10_000]
    cases += [(mode, channels, steps, ("numba", "numba bfloat16")) for mode, channels, steps in NARROW_CASES]
    rows = []
    for mode, channels, steps, contenders in cases:
        seconds = time_in_turn({name: make_call(name, mode, channels, steps) for name in contenders}, repeats)
        peer = "selective_scan_ref" if mode == "forward" else "mambapy"
        floor = limits(mode, channels, steps, STATES, machine)
        for name in contenders:
            row: dict[str, Any] = {"mode": mode, "D": channels, "L": steps, "scan": name, "seconds": seconds[name]}
            row["peak_mib"] = in_subprocess(name, mode, channels, steps)
            row["times_faster"] = seconds[peer] / seconds[name] if peer in seconds else None
            row["of_exponentials"] = seconds[name] / floor["exponentials"] if name == "numba" else None
            row["of_bytes"] = seconds[name] / floor["bytes"] if name == "numba" else None
            rows.append(row)
            print(row, flush=True)
    return rows


def measure_blocks(repeats: int, quick: bool) -> list[dict[str, Any]]:
    """One row a contender: a whole Mamba block, weights frozen."""
    rows = []
    for mode, features, steps, contenders in BLOCKS:
        if quick and steps > 10_000:
            continue
        check_agreement(contenders, mode, features)
        calls = {name: make_block(name, mode, features, steps) for name in contenders}
        seconds = time_in_turn(calls, repeats)
        for name in contenders:
            ratio = seconds[name] / seconds["fused"]
            rows.append({"mode": mode, "features": features, "L": steps, "block": name, "seconds": seconds[name]})
            rows[-1]["fused_is_faster"] = ratio
            print(rows[-1], flush=True)
    return rows


def measure_parts(repeats: int, quick: bool) -> list[dict[str, Any]]:
    """What the time of a block's forward pass goes to, each part by itself."""
    rows = []
    for features, steps in PARTS:
        if quick and steps > 10_000:
            continue
        calls = {"whole block": make_block("fused", "forward", features, steps), **parts_of_block(features, steps)}
        rows.append({"features": features, "L": steps, "seconds": time_in_turn(calls, 3 * repeats)})
        print(rows[-1], flush=True)
    return rows


def measure_threads(repeats: int) -> list[dict[str, Any]]:
    """Scaling with threads, two callers at once, and a scan right after torch's own threads were busy."""
    before = torch.get_num_threads()
    rows: list[dict[str, Any]] = []
    try:
        for mode in SCALING:
            call = make_call("numba", mode, *SCALING_SHAPE)
            for threads in sorted({1, 2, before}):
                torch.set_num_threads(threads)
                rows.append(
                    {"mode": mode, "what": f"{threads} threads", "seconds": time_in_turn({"": call}, repeats)[""]}
                )
            other = make_call("numba", mode, *SCALING_SHAPE)
            with ThreadPoolExecutor(2) as pool:
                both = time_in_turn({"": lambda: list(pool.map(lambda scan: scan(), (call, other)))}, repeats)  # noqa: B023
            rows.append({"mode": mode, "what": "two callers at once, per scan", "seconds": both[""] / 2})
            rows.append({"mode": mode, "what": "right after a matrix product", "seconds": after_product(call, repeats)})
    finally:
        torch.set_num_threads(before)
    print(rows, flush=True)
    return rows


def after_product(call: Callable[[], object], repeats: int) -> float:
    """Median time of a call that follows a matrix product, whose threads torch keeps ready for the next."""
    left, right, seconds = torch.randn(1, 128, 64), torch.randn(1, 64, 100_000), []
    for _ in range(repeats):
        torch.bmm(left, right)
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return sorted(seconds)[repeats // 2]


def measure(repeats: int, quick: bool) -> dict[str, Any]:
    machine = measure_machine()
    return {
        "machine": describe_machine(),
        "torch_threads": torch.get_num_threads(),
        "N": STATES,
        "limits": machine,
        "rows": measure_scans(repeats, quick, machine),
        "blocks": measure_blocks(repeats, quick),
        "parts": measure_parts(repeats, quick),
        "threads": measure_threads(repeats),
        "load_average_at_the_end": os.getloadavg() if hasattr(os, "getloadavg") else None,
    }


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
