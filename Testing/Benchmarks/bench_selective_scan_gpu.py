"""The GPU scans beside one another, forward and forward with backward: milliseconds and memory.

``python Testing/Benchmarks/bench_selective_scan_gpu.py [--repeats 10]`` writes ``results/selective_scan_gpu.md`` and
``.json``; without a CUDA device it says so and does nothing. Backends that cannot be used here are named with the
reason. They are timed in turn, by CUDA events, after two calls that are not timed (the first compiles); ratios are of
medians, to mamba-ssm where it is installed and to torch-chunked otherwise. The cases are those of U-Mamba Enc on a
patch of 128 x 128 x 128, from its highest stage (64 scans over 2.1 million steps) down.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from typing import Any

import torch
from machine_facts import describe_machine, facts_line, write_results

STATES = 16
CASES = [(64, 128**3), (128, 64**3), (256, 32**3), (512, 16**3), (640, 8**3)]  # channels, steps
CONTENDERS = ("triton", "mamba-ssm", "torch-chunked")


def make_call(contender: str, mode: str, channels: int, steps: int) -> Callable[[], Any]:
    """A function without arguments that scans once, as a Mamba layer does."""
    from UMambaXAILogic.engine.model.selective_scan import selective_scan

    random = torch.Generator(device="cuda").manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=random, device="cuda")

    row, projection = (1, channels, steps), (1, STATES, steps)
    A = -torch.arange(1.0, STATES + 1, device="cuda").expand(channels, STATES).contiguous()
    tensors = (normal(*row), normal(*row), A, normal(*projection), normal(*projection))
    options = (torch.ones(channels, device="cuda"), normal(*row), torch.full((channels,), -4.0, device="cuda"))

    def scan() -> torch.Tensor:
        return selective_scan(*tensors, *options, delta_softplus=True, backend=contender)

    if mode == "forward":
        return torch.no_grad()(scan)
    leaves = [tensor.requires_grad_() for tensor in (*tensors, *options)]
    gradient = normal(*row)
    return lambda: torch.autograd.grad(scan(), leaves, gradient)


def milliseconds(call: Callable[[], Any]) -> float:
    """Of one call on the GPU."""
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    call()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end)


def peak_growth_mib(call: Callable[[], Any]) -> float:
    """Peak memory of a call above what is held before it."""
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    call()
    torch.cuda.synchronize()
    return (torch.cuda.max_memory_allocated() - before) / 2**20


def measure_case(mode: str, channels: int, steps: int, contenders: list[str], repeats: int) -> list[dict[str, Any]]:
    """One row a backend; one that runs out of memory has no numbers."""
    calls = {name: make_call(name, mode, channels, steps) for name in contenders}
    memory: dict[str, float] = {}
    for name, call in list(calls.items()):
        try:
            call()
            memory[name] = peak_growth_mib(call)
        except torch.cuda.OutOfMemoryError:
            del calls[name]
            torch.cuda.empty_cache()
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            times[name].append(milliseconds(call))
    medians = {name: statistics.median(values) for name, values in times.items()}
    peer = next((name for name in ("mamba-ssm", "torch-chunked") if name in medians), None)
    return [
        {
            "mode": mode,
            "D": channels,
            "L": steps,
            "scan": name,
            "ms": medians.get(name),
            "times_faster": medians[peer] / medians[name] if peer and name in medians else None,
            "peak_mib": memory.get(name),
        }
        for name in contenders
    ]


def markdown(result: dict[str, Any]) -> str:
    lines = [
        "# Selective scan on the GPU",
        "",
        f"{facts_line(result['machine'])}. N = {STATES}, float32, gate, skip, bias and softplus. Medians; ratios to "
        "mamba-ssm where it is installed, otherwise to torch-chunked.",
        "",
        *(f"Not measured: {name} ({reason})." for name, reason in result["left_out"].items()),
        "",
        "| | D, L | scan | ms | faster | peak MiB |",
        "|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        numbers = (
            (f"{row['ms']:.3f}", f"{row['times_faster']:.2f}x", f"{row['peak_mib']:.0f}")
            if row["ms"] is not None
            else ("out of memory", "-", "-")
        )
        lines.append(f"| {row['mode']} | {row['D']}, {row['L']} | {row['scan']} | {' | '.join(numbers)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("There is no CUDA device here: the GPU scans are not measured, and earlier results stay as they are.")
        return
    from UMambaXAILogic.engine.model.selective_scan import available_backends

    obstacles = available_backends()
    contenders = [name for name in CONTENDERS if obstacles[name] is None]
    left_out = {name: obstacles[name] for name in CONTENDERS if obstacles[name] is not None}
    rows = []
    for mode in ("forward", "forward+backward"):
        for channels, steps in CASES:
            for row in measure_case(mode, channels, steps, contenders, options.repeats):
                rows.append(row)
                print(row, flush=True)
    result = {"machine": describe_machine(), "N": STATES, "left_out": left_out, "rows": rows}
    page = markdown(result)
    write_results("selective_scan_gpu", result, page)
    print(page)


if __name__ == "__main__":
    main()
