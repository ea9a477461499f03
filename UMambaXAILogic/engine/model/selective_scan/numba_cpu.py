"""Fused scan on the CPU, forward and backward, compiled by numba.

Streams over the sequence: beside inputs and outputs it holds one tile a thread, and for the backward pass the state
before every tile, from which the states in between are computed again. Work is split over batch items and fixed
blocks of channels, so results do not depend on the number of threads, to the last bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from . import numba_kernels as kernels
from .arguments import ScanArguments
from .threads import for_each

BLOCK_CHANNELS = 8
"""Channels a task computes together, sharing one transposed tile of B and C."""

TILE_STEPS = 128
"""Steps a tile; with 16 states checkpoints take an eighth of the memory of u."""

PARTIAL_SUM_BYTES = 16 * 2**20
"""Bound on the memory in which blocks of channels leave their share of the gradients of B and C."""


def scan(arguments: ScanArguments, return_last_state: bool) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Compute the scan; see ``selective_scan``."""
    options = (arguments.D, arguments.z, arguments.delta_bias)
    output, last_state = _FusedScan.apply(
        arguments.u, arguments.delta, arguments.A, arguments.B, arguments.C, *options, arguments.delta_softplus
    )
    return output, last_state if return_last_state else None


class _FusedScan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, u, delta, A, B, C, D, z, delta_bias, delta_softplus):
        dtype = torch.float64 if u.dtype == torch.float64 else torch.float32
        inputs = _Inputs(dtype, u, delta, A, B, C, D, z, delta_bias, delta_softplus)
        batch, channels, length = u.shape
        output = torch.empty((batch, channels, length), dtype=dtype)
        last_state = torch.empty((batch, channels, A.shape[1]), dtype=dtype)
        keep = any(ctx.needs_input_grad)
        tiles = -(-length // TILE_STEPS) if keep else 0
        checkpoints = torch.empty((batch, tiles, channels, A.shape[1]), dtype=dtype)
        y, final, saved = output.numpy(), last_state.numpy(), checkpoints.numpy()

        def task(index: int) -> None:
            item, (group_B, group_C, first, last) = inputs.task(index)
            kernels.forward(
                *inputs.of(item, group_B, group_C), first, last, TILE_STEPS, y[item], final[item], saved[item]
            )

        for_each(task, inputs.tasks)
        ctx.save_for_backward(u, delta, A, B, C, D, z, delta_bias, checkpoints)
        ctx.delta_softplus = delta_softplus
        return output.to(u.dtype), last_state

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, d_output, d_last_state):
        *tensors, checkpoints = ctx.saved_tensors
        u, delta, A, B, C, D, z, delta_bias = tensors
        dtype = checkpoints.dtype
        inputs = _Inputs(dtype, *tensors, ctx.delta_softplus)
        batch, channels, length = u.shape
        states = A.shape[1]
        d_y = d_output.to(dtype).contiguous().numpy()
        d_state = d_last_state.to(dtype).contiguous().clone().numpy()
        d_u = torch.empty(u.shape, dtype=dtype)
        d_delta = torch.empty(u.shape, dtype=dtype)
        d_z = torch.empty(u.shape if z is not None else (0, 0, 0), dtype=dtype)
        d_A = torch.zeros((batch, channels, states), dtype=dtype)
        d_D = torch.zeros((batch, channels), dtype=dtype)
        d_bias = torch.zeros((batch, channels), dtype=dtype)
        d_B = torch.zeros(inputs.B.shape, dtype=dtype)
        d_C = torch.zeros(inputs.C.shape, dtype=dtype)

        blocks = len(inputs.blocks)
        bytes_a_step = 2 * batch * blocks * states * d_A.element_size()
        span = max(PARTIAL_SUM_BYTES // bytes_a_step // TILE_STEPS, 1) * TILE_STEPS
        span = min(span, -(-length // TILE_STEPS) * TILE_STEPS)
        share_B = np.empty((batch, blocks, span, states), d_y.dtype)
        share_C = np.empty((batch, blocks, span, states), d_y.dtype)
        arrays = [tensor.numpy() for tensor in (d_u, d_delta, d_z, d_A, d_B, d_C, d_D, d_bias, checkpoints)]
        a_u, a_delta, a_z, a_A, a_B, a_C, a_D, a_bias, saved = arrays

        for begin in range((length - 1) // span * span, -1, -span):
            end = min(begin + span, length)

            def task(index: int, begin: int = begin, end: int = end) -> None:
                item, (group_B, group_C, first, last) = inputs.task(index)
                block = index % blocks
                kernels.backward(
                    *inputs.of(item, group_B, group_C), first, last, TILE_STEPS, begin, end, saved[item],
                    d_y[item], d_state[item], a_u[item], a_delta[item], a_A[item],
                    share_B[item, block, : end - begin], share_C[item, block, : end - begin],
                    a_D[item], a_z[item if a_z.size else slice(0)], a_bias[item],
                )  # fmt: skip

            for_each(task, inputs.tasks)
            for target, share, which in ((a_B, share_B, 0), (a_C, share_C, 1)):
                for item in range(batch):
                    for block, description in enumerate(inputs.blocks):
                        part = share[item, block, : end - begin]
                        group = description[which]
                        if target.shape[-1] == 1:
                            target[item, group, :, 0] += part.sum(0)
                        else:
                            target[item, group, :, begin:end] += part.T
        return (
            d_u.to(u.dtype),
            d_delta.to(delta.dtype),
            d_A.sum(0).to(A.dtype),
            _ungroup(d_B, B),
            _ungroup(d_C, C),
            None if D is None else d_D.sum(0).to(D.dtype),
            None if z is None else d_z.to(z.dtype),
            None if delta_bias is None else d_bias.sum(0).to(delta_bias.dtype),
            None,
        )


class _Inputs:
    """The inputs as contiguous arrays of the computing dtype, and how the work is cut."""

    def __init__(self, dtype, u, delta, A, B, C, D, z, delta_bias, delta_softplus) -> None:
        def array(tensor: torch.Tensor | None, dims: int) -> np.ndarray:
            if tensor is None:
                return torch.empty((0,) * dims, dtype=dtype).numpy()
            return tensor.detach().to(dtype).contiguous().numpy()

        self.u, self.delta, self.A, self.z = array(u, 3), array(delta, 3), array(A, 2), array(z, 3)
        self.D, self.bias = array(D, 1), array(delta_bias, 1)
        self.B, self.C = array(_group(B, u.shape[0]), 4), array(_group(C, u.shape[0]), 4)
        self.softplus = bool(delta_softplus)
        channels = u.shape[1]
        per_B, per_C = channels // self.B.shape[1], channels // self.C.shape[1]
        cuts = sorted({*range(0, channels, per_B), *range(0, channels, per_C), channels})
        self.blocks = [
            (first // per_B, first // per_C, first, min(first + BLOCK_CHANNELS, stop))
            for start, stop in zip(cuts, cuts[1:], strict=False)
            for first in range(start, stop, BLOCK_CHANNELS)
        ]
        self.tasks = u.shape[0] * len(self.blocks)

    def task(self, index: int) -> tuple[int, tuple[int, int, int, int]]:
        """Batch item and (group of B, group of C, first channel, last channel) of a task."""
        return index // len(self.blocks), self.blocks[index % len(self.blocks)]

    def of(self, item: int, group_B: int, group_C: int) -> tuple:
        """The kernels' leading arguments for a batch item."""
        z = self.z[item] if self.z.size else self.z[:, :, 0]
        B, C = self.B[item, group_B], self.C[item, group_C]
        return self.u[item], self.delta[item], self.A, B, C, self.D, z, self.bias, self.softplus


def _group(projection: torch.Tensor, batch: int) -> torch.Tensor:
    """B or C as (batch, groups, N, L), a constant one as (batch, D, N, 1)."""
    if projection.dim() == 2:
        return projection[None, :, :, None].expand(batch, -1, -1, 1)
    return projection[:, None] if projection.dim() == 3 else projection


def _ungroup(gradient: torch.Tensor, projection: torch.Tensor) -> torch.Tensor:
    if projection.dim() == 2:
        gradient = gradient.sum(0)[:, :, 0]
    elif projection.dim() == 3:
        gradient = gradient[:, 0]
    return gradient.to(projection.dtype)
