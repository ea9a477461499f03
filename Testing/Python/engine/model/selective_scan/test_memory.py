"""What a scan needs beside its input and output does not grow with length times state size."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys, torch
from UMambaXAILogic.engine.model import selective_scan as package

backend, dtype, length, states, backward = sys.argv[1], getattr(torch, sys.argv[2]), *map(int, sys.argv[3:])
torch.set_num_threads(1)

def scan(length):
    u, delta = torch.rand(1, 32, length, dtype=dtype), torch.rand(1, 32, length, dtype=dtype)
    A = -torch.rand(32, states)
    B, C = (torch.rand(1, states, 1, dtype=dtype).expand(1, states, length) for _ in range(2))
    for tensor in (u, delta):
        tensor.requires_grad_(bool(backward))
    output = package.selective_scan(u, delta, A, B.contiguous(), C.contiguous(), backend=backend)
    if backward:
        output.sum().backward()

scan(64)  # compiles
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
scan(length)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def peak_mib(backend: str, length: int, states: int, backward: bool, dtype: str = "float32") -> float:
    """How much the peak memory of a process grows by one scan of 32 channels."""
    pytest.importorskip("resource")
    arguments = [backend, dtype, str(length), str(states), str(int(backward))]
    completed = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, timeout=300, check=True
    )
    return float(completed.stdout)


LENGTH = 200_000
ROW_MIB = 32 * LENGTH * 4 / 2**20
"""One (D, L) array in float32; all states together would take 16 or 64 times as much."""


@pytest.mark.parametrize("backend", ["numba", "torch-chunked"])
def test_forward(backend):
    inputs_and_output = 3 * ROW_MIB + 2 * 16 / 32 * ROW_MIB
    copies = 3 * ROW_MIB if backend == "torch-chunked" else 0.5 * ROW_MIB
    assert peak_mib(backend, LENGTH, 16, backward=False) < inputs_and_output + copies + 32


def test_forward_and_backward():
    # u, delta, output, three gradients; B, C and their gradients; checkpoints; the sum's own gradient
    expected = (6 + 4 * 16 / 32 + 16 / 128 + 1) * ROW_MIB
    assert peak_mib("numba", LENGTH, 16, backward=True) < expected + ROW_MIB + 32


def test_bfloat16_is_not_copied_to_float32():
    rows = (6 + 1) * ROW_MIB / 2  # u, delta, output, their gradients and the sum's own, in half the memory
    projections = 2 * (0.5 + 1 + 1 + 0.5) * 16 / 32 * ROW_MIB  # B, C as given, in float32, and gradients in both
    assert peak_mib("numba", LENGTH, 16, backward=True, dtype="bfloat16") < rows + projections + ROW_MIB / 2 + 32


def test_torch_chunked_keeps_no_states_for_the_backward_pass():
    states_mib = 16 * ROW_MIB
    assert peak_mib("torch-chunked", LENGTH // 4, 16, backward=True) < states_mib
