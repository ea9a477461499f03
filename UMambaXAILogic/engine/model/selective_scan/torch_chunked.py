"""The scan in torch operations alone, for every device, with bounded memory.

The sequence is cut into chunks whose states fit a budget. Only the state between two chunks is kept for the backward
pass; the states within a chunk are computed again there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .arguments import ScanArguments
from .segments import Workspace, scan_segments, scan_segments_differentiably

CPU_BLOCK_CHANNELS = 256
"""Channels scanned at a time on a CPU.

Blocks come one after the other, and torch's own threads share every operation: smaller blocks on threads of this
project would wait for one another at Python's interpreter lock, and for most of the time call operations.
"""

CPU_CHUNK_VALUES = 2**22
"""States in a chunk of one block of channels on a CPU; 16 MiB for each copy of the states."""

ACCELERATOR_CHUNK_VALUES = 2**25
"""States in a chunk elsewhere, where an operation's fixed price is higher; 128 MiB for each copy."""


def scan(arguments: ScanArguments, return_last_state: bool) -> tuple[Tensor, Tensor | None]:
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


def _grouped(projection: Tensor) -> Tensor:
    """B or C as (batch, G, N, L), a constant one as (1, D, N, 1)."""
    if projection.dim() == 2:
        return projection[None, :, :, None]
    return projection[:, None] if projection.dim() == 3 else projection


class _ChunkedScan(torch.autograd.Function):
    """C . x and the last state, without skip and gate; step sizes are those after softplus."""

    @staticmethod
    def forward(ctx: Any, u, step, A, B, C):
        plan = _Plan(u, A, B, C)
        y = torch.empty_like(u)
        entering = u.new_empty((len(plan.chunks) if any(ctx.needs_input_grad) else 1, len(u), *A.shape))
        last_state = u.new_empty((len(u), *A.shape))
        for block in plan.blocks:
            inputs = plan.of_channels((u, step, A, B, C), block)
            state = torch.zeros_like(last_state[:, block])
            workspace = Workspace()
            for number, chunk in enumerate(plan.chunks):
                entering[min(number, len(entering) - 1)][:, block] = state
                y[:, block, chunk], state = scan_segments(*plan.of_steps(inputs, chunk), state, workspace)
            last_state[:, block] = state
        ctx.save_for_backward(u, step, A, B, C, entering)
        return y, last_state

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, d_y, d_last_state):
        *inputs, entering = ctx.saved_tensors
        u, _, A, B, C = inputs
        plan = _Plan(u, A, B, C)
        gradients = [torch.zeros_like(tensor) for tensor in inputs]
        for block in plan.blocks:
            of_block, sums = plan.of_channels(inputs, block), plan.of_channels(gradients, block)
            d_state = d_last_state[:, block]
            for chunk, before in zip(reversed(plan.chunks), reversed(entering), strict=True):
                of_chunk = (*plan.of_steps(of_block, chunk), before[:, block])
                u_now, step_now, A_now, B_now, C_now, state = leaves = [
                    tensor.detach().requires_grad_() for tensor in of_chunk
                ]
                with torch.enable_grad():
                    results = scan_segments_differentiably(u_now, step_now, A_now, B_now, C_now, state)
                *parts, d_state = torch.autograd.grad(results, leaves, (d_y[:, block, chunk], d_state))
                for gradient, part in zip(plan.of_steps(sums, chunk), parts, strict=True):
                    gradient += part
        return tuple(gradients)


class _Plan:
    """How a scan is cut into chunks of steps, and on a CPU into blocks of channels."""

    def __init__(self, u: Tensor, A: Tensor, B: Tensor, C: Tensor) -> None:
        batch, channels, self.length = u.shape
        self.channels = channels
        on_cpu = u.device.type == "cpu"
        size = CPU_BLOCK_CHANNELS if on_cpu else channels
        self.blocks = [slice(first, min(first + size, channels)) for first in range(0, channels, size)]
        if not all(self._fits(block, projection) for block in self.blocks for projection in (B, C)):
            self.blocks, size = [slice(0, channels)], channels
        values = CPU_CHUNK_VALUES if on_cpu else ACCELERATOR_CHUNK_VALUES
        steps = max(16, values // (batch * size * A.shape[1]))
        self.chunks = [slice(start, min(start + steps, self.length)) for start in range(0, self.length, steps)]

    def of_channels(self, tensors: Sequence[Tensor], block: slice) -> list[Tensor]:
        """Views of what (u, step, A, B, C) hold for a block of channels."""
        u, step, A, B, C = tensors
        return [u[:, block], step[:, block], A[block], B[:, self._groups(block, B)], C[:, self._groups(block, C)]]

    def of_steps(self, tensors: Sequence[Tensor], chunk: slice) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Views of what (u, step, A, B, C) hold for a chunk; A, and B and C where constant, belong to all."""
        u, step, A, B, C = tensors
        B, C = (p if p.shape[-1] < self.length else p[..., chunk] for p in (B, C))
        return u[..., chunk], step[..., chunk], A, B, C

    def _groups(self, block: slice, projection: Tensor) -> slice:
        per_group = self.channels // projection.shape[1]
        return slice(block.start // per_group, (block.stop - 1) // per_group + 1)

    def _fits(self, block: slice, projection: Tensor) -> bool:
        """Whether the block lies within one group or holds whole groups."""
        per_group = self.channels // projection.shape[1]
        groups = self._groups(block, projection)
        return groups.stop - groups.start == 1 or block.start % per_group == block.stop % per_group == 0
