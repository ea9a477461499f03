"""The scan in torch operations alone, for every device, with bounded memory.

The sequence is cut into chunks whose states fit a budget. Only the state between two chunks is kept for the backward
pass; the states within a chunk are computed again there.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from .arguments import ScanArguments
from .segments import Workspace, scan_segments, scan_segments_differentiably

CPU_CHUNK_VALUES = 2**20
"""States in a chunk on a CPU, where they should stay in its caches."""

ACCELERATOR_CHUNK_VALUES = 2**25
"""States in a chunk elsewhere: an operation has a fixed price there, so chunks are longer (128 MiB a copy)."""


def scan(arguments: ScanArguments, return_last_state: bool) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Compute the scan; see ``selective_scan``."""
    u, dtype = arguments.u, arguments.compute_dtype
    step = arguments.delta.to(dtype)
    if arguments.delta_bias is not None:
        step = step + arguments.delta_bias.to(dtype)[:, None]
    if arguments.delta_softplus:
        step = F.softplus(step)
    B, C = (_grouped(projection).to(dtype) for projection in (arguments.B, arguments.C))
    y, last_state = _ChunkedScan.apply(u.to(dtype), step, arguments.A.to(dtype), B, C)
    if arguments.D is not None:
        y = torch.addcmul(y, u.to(dtype), arguments.D.to(dtype)[:, None])
    if arguments.z is not None:
        y = y * F.silu(arguments.z.to(dtype))
    return y.to(u.dtype), last_state if return_last_state else None


def _grouped(projection: torch.Tensor) -> torch.Tensor:
    """B or C as (batch, G, N, L), a constant one as (1, D, N, 1)."""
    if projection.dim() == 2:
        return projection[None, :, :, None]
    return projection[:, None] if projection.dim() == 3 else projection


class _ChunkedScan(torch.autograd.Function):
    """C . x and the last state, without skip and gate; step sizes are those after softplus."""

    @staticmethod
    def forward(ctx: Any, u, step, A, B, C):
        y = torch.empty_like(u)
        state = u.new_zeros((u.shape[0], *A.shape))
        workspace = Workspace()
        entering = []
        for chunk in _chunks(u, A):
            entering.append(state)
            y[..., chunk], state = scan_segments(*_cut(u, step, A, B, C, chunk), state, workspace)
        ctx.save_for_backward(u, step, A, B, C, *(entering if any(ctx.needs_input_grad) else ()))
        return y, state

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, d_y, d_state):
        u, step, A, B, C, *entering = ctx.saved_tensors
        gradients = [torch.zeros_like(tensor) for tensor in (u, step, A, B, C)]
        for chunk, state in zip(reversed(_chunks(u, A)), reversed(entering), strict=True):
            inputs = [tensor.detach().requires_grad_() for tensor in (*_cut(u, step, A, B, C, chunk), state)]
            with torch.enable_grad():
                results = scan_segments_differentiably(*inputs)
            *parts, d_state = torch.autograd.grad(results, inputs, (d_y[..., chunk], d_state))
            for gradient, part in zip(_cut(*gradients, chunk), parts, strict=True):
                gradient += part
        return tuple(gradients)


def _chunks(u: torch.Tensor, A: torch.Tensor) -> list[slice]:
    batch, _, length = u.shape
    values = CPU_CHUNK_VALUES if u.device.type == "cpu" else ACCELERATOR_CHUNK_VALUES
    steps = max(16, values // (batch * A.numel()))
    return [slice(start, min(start + steps, length)) for start in range(0, length, steps)]


def _cut(
    u: torch.Tensor, step: torch.Tensor, A: torch.Tensor, B: torch.Tensor, C: torch.Tensor, chunk: slice
) -> tuple[torch.Tensor, ...]:
    """Views of what belongs to a chunk; A, and B and C where constant, belong to all."""
    B, C = (p if p.shape[-1] < u.shape[-1] else p[..., chunk] for p in (B, C))
    return u[..., chunk], step[..., chunk], A, B, C
