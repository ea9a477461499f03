"""How fast this machine could scan at best: measured with kernels that do nothing else.

Two limits hold for every scan that forms its decays with vector instructions and streams its rows from memory:
the exponentials (D L N forward; as many again where the backward pass forms them anew), and the bytes that must be
moved (u, delta and the output forward; u, delta, the output's gradient, and the gradients of u and delta backward).
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch

from UMambaXAILogic.engine.model.cpu_kernels.compilation import kernel
from UMambaXAILogic.engine.model.cpu_kernels.lane_math import exp2_minus_one
from UMambaXAILogic.engine.model.cpu_kernels.lanes import LANES, broadcast, load, total
from UMambaXAILogic.engine.model.cpu_kernels.threads import for_each

_ROUNDS = 7


@kernel
def _exponentials(rates, steps, count):
    """2^(rate step) - 1 of sixteen rates, ``count`` times, from and in registers."""
    rate = load(rates, 0)
    result = broadcast(0.0, rate)
    for i in range(count):
        result = result + exp2_minus_one(rate, steps[i % 256], 126.0)
    return total(result)


def exponentials_per_second(threads: int) -> float:
    """Of the scan's own accuracy, on this many threads at once."""
    rates, steps = -np.linspace(1, 16, LANES, dtype=np.float32), np.full(256, 0.01, np.float32)
    count = 2_000_000
    _exponentials(rates, steps, 1)
    seconds = _shortest(lambda: for_each(lambda _: _exponentials(rates, steps, count), threads))
    return threads * count * LANES / seconds


def bytes_per_second(threads: int) -> float:
    """Read and written while copying 256 MiB, on this many threads at once."""
    source = np.ones(2**26, np.float32)
    target = np.ones_like(source)
    cuts = np.linspace(0, source.size, threads + 1).astype(int)

    def copy(index: int) -> None:
        np.copyto(target[cuts[index] : cuts[index + 1]], source[cuts[index] : cuts[index + 1]])

    return 2 * source.nbytes / _shortest(lambda: for_each(copy, threads))


def limits(mode: str, channels: int, steps: int, states: int, machine: dict[str, float]) -> dict[str, float]:
    """Seconds that the exponentials, and the bytes, of one scan take at the machine's measured rates."""
    both = mode != "forward"
    exponentials = channels * steps * states * (2 if both else 1)
    rows = 3 + 5 * both
    moved = 4 * steps * (rows * channels + states * (2 + 4 * both))
    return {
        "exponentials": exponentials / machine["exponentials_per_second"],
        "bytes": moved / machine["bytes_per_second"],
    }


def measure_machine() -> dict[str, float]:
    """Both rates, with as many threads as torch uses."""
    threads = torch.get_num_threads()
    return {
        "exponentials_per_second": exponentials_per_second(threads),
        "bytes_per_second": bytes_per_second(threads),
    }


def _shortest(call: Callable[[], object]) -> float:
    seconds = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
