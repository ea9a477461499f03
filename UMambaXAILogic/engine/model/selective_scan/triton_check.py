"""Whether the Triton kernels work on this machine's GPU: a small scan is computed and compared before any other.

What can keep them from working (no compiler for Triton's launcher, a GPU too old, a cache folder that cannot be
written to) shows only when they run, and a wrong result would not show at all.
"""

from __future__ import annotations

import importlib.util

import torch

from . import torch_chunked
from .arguments import ScanArguments

TOLERANCE = 1e-4
"""Largest difference, over the largest value, that rounding in float32 may make."""

_CHANNELS, _LENGTH, _STATES = 8, 368, 16  # three tiles, the last not full; aligned in memory as real scans mostly are


def obstacle() -> str | None:
    """What keeps the Triton kernels from working here, or None."""
    if not torch.cuda.is_available():
        return "there is no CUDA device"
    if importlib.util.find_spec("triton") is None:
        return "the package triton is not installed"
    try:
        from . import triton_gpu

        difference = largest_difference(triton_gpu.scan, torch.device("cuda"))
    except Exception as error:  # Triton, the C compiler, the assembler and the driver fail in many ways
        return f"its kernels do not run here ({(str(error).strip().splitlines() or [type(error).__name__])[0]})"
    if not difference < TOLERANCE:
        return f"its results differ from those of torch-chunked on this GPU, by {difference:.1e}"
    return None


def largest_difference(scan, device: torch.device) -> float:
    """Between ``scan`` and torch-chunked, over output, last state and gradients, each relative to its largest value."""
    expected, values = _results(torch_chunked.scan, device), _results(scan, device)
    differences = [(a - b).abs().max() / b.abs().max() for a, b in zip(values, expected, strict=True)]
    return float(torch.stack(differences).max())  # NaN if any is


def _results(scan, device: torch.device) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=random).to(device).requires_grad_()

    row, projection = (1, _CHANNELS, _LENGTH), (1, _STATES, _LENGTH)
    with torch.inference_mode(False), torch.enable_grad():
        u, delta, z = normal(*row), normal(*row), normal(*row)
        A_log, B, C = normal(_CHANNELS, _STATES), normal(*projection), normal(*projection)
        D, bias = normal(_CHANNELS), normal(_CHANNELS)
        arguments = ScanArguments(u, delta - 2, -torch.exp(A_log), B, C, D, z, bias, delta_softplus=True)
        output, last_state = scan(arguments, True)
        total = output.square().sum() + last_state.square().sum()
        return [output.detach(), last_state.detach(), *torch.autograd.grad(total, (u, delta, A_log, B, C, D, z, bias))]
