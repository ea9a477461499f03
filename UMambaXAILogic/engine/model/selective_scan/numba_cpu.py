"""Fused scan on the CPU, forward and backward, compiled by numba.

Streams over the sequence: beside inputs and outputs it holds one tile a thread, and for the backward pass the state
before every tile, from which the states in between are computed again. Work is split over batch items and fixed
blocks of channels, so results do not depend on the number of threads, to the last bit.

bfloat16 is read and written as it is and computed in float32 on the way; float16 is converted before and after.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from ..cpu_kernels.lane_math import LOG2_E
from ..cpu_kernels.lanes import LANES
from ..cpu_kernels.memory import NUMPY_DTYPES, array_of, empty
from ..cpu_kernels.scan_backward import add_shares, backward
from ..cpu_kernels.scan_forward import forward
from ..cpu_kernels.scan_tiles import TILE_STEPS
from ..cpu_kernels.threads import for_each
from .arguments import ScanArguments

FEW_CHANNELS, SMALL_BLOCK, LARGE_BLOCK = 256, 8, 16
"""Channels a task computes together, sharing the transposed tiles of B and C: fewer where there are few in all (over
the batch), so that many cores have something to do."""

SHARES_BYTES = 2 * 2**20
"""Bound on the memory in which the blocks of channels leave their shares of the gradient of B, and of C."""


_SUM_STEPS = 1024
"""Steps for which a task adds up the shares of all blocks."""


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
        work = _Work(u, delta, A, B, C, D, z, delta_bias, delta_softplus)
        output = empty(u.shape, work.row_dtype)
        states = work.zeros(work.channels, work.padded)
        tiles = -(-work.length // TILE_STEPS) if any(ctx.needs_input_grad) else 0
        checkpoints = empty((work.batch, tiles, work.channels, work.padded), work.dtype)
        results = array_of(output), states, array_of(checkpoints)

        def task(index: int) -> None:
            item, block = divmod(index, len(work.blocks))
            forward(*work.inputs(item, block), *(array[item] for array in results))

        for_each(task, work.tasks)
        ctx.save_for_backward(u, delta, A, B, C, D, z, delta_bias, checkpoints)
        ctx.delta_softplus = delta_softplus
        ctx.set_materialize_grads(False)
        return output.to(u.dtype), torch.from_numpy(np.ascontiguousarray(states[..., : work.states]))

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, d_output, d_last_state):
        u, delta, A, B, C, D, z, delta_bias, checkpoints = ctx.saved_tensors
        work = _Work(u, delta, A, B, C, D, z, delta_bias, ctx.delta_softplus)
        d_u, d_delta = empty(u.shape, work.row_dtype), empty(u.shape, work.row_dtype)
        d_z = empty((work.batch, 0, 0) if z is None else u.shape, work.row_dtype)
        d_states, d_A = (work.zeros(work.channels, work.padded) for _ in range(2))
        d_D, d_bias = (work.zeros(work.channels) for _ in range(2))
        if d_last_state is not None:
            d_states[..., : work.states] = d_last_state.numpy()
        d_output = torch.zeros_like(u) if d_output is None else d_output
        saved, d_y = array_of(checkpoints), array_of(d_output.to(work.row_dtype).contiguous())
        to_u, to_delta, to_z = (array_of(tensor) for tensor in (d_u, d_delta, d_z))
        shares_B, shares_C = _Shares(work, work.B), _Shares(work, work.C)

        for begin in reversed(range(0, work.length, shares_B.span)):
            end = min(begin + shares_B.span, work.length)

            def task(index: int, begin: int = begin, end: int = end) -> None:
                item, block = divmod(index, len(work.blocks))
                backward(
                    *work.inputs(item, block), begin, end, saved[item], d_y[item], d_states[item],
                    to_u[item], to_delta[item], d_A[item], shares_B.shares[item, block], shares_C.shares[item, block],
                    d_D[item], to_z[item], d_bias[item],
                )  # fmt: skip

            for_each(task, work.tasks)
            sums = [*shares_B.sums(begin, end), *shares_C.sums(begin, end)]
            for_each(lambda index: sums[index](), len(sums))  # noqa: B023, it runs within this round
        return (
            d_u.to(u.dtype),
            d_delta.to(delta.dtype),
            _over_batch(d_A[..., : work.states], A),
            shares_B.gradient(B),
            shares_C.gradient(C),
            None if D is None else _over_batch(d_D, D),
            None if z is None else d_z.to(z.dtype),
            None if delta_bias is None else _over_batch(d_bias, delta_bias),
            None,
        )


def _over_batch(gradients: np.ndarray, like: torch.Tensor) -> torch.Tensor:
    """The sum over the batch, in the dtype of what it is the gradient of."""
    return torch.from_numpy(gradients.sum(0)).to(like.dtype)


class _Work:
    """The inputs as contiguous arrays that the kernels take, and how the work is cut into tasks."""

    def __init__(self, u, delta, A, B, C, D, z, delta_bias, delta_softplus) -> None:
        self.dtype = torch.float64 if u.dtype == torch.float64 else torch.float32
        self.batch, self.channels, self.length = u.shape
        self.states = A.shape[1]
        self.padded = -(-self.states // LANES) * LANES
        # In numpy, whose small operations take less time than torch's.
        self.rates = np.zeros((self.channels, self.padded), NUMPY_DTYPES[self.dtype])
        self.rates[:, : self.states] = A.detach().to(self.dtype).numpy()
        self.rates *= LOG2_E
        narrow = all(tensor is None or tensor.dtype == torch.bfloat16 for tensor in (u, delta, z))
        #: Of what has a row a channel: u, delta, z, the output and their gradients.
        self.row_dtype = torch.bfloat16 if narrow else self.dtype
        self.u, self.delta, self.z = (self._array(tensor, 3, self.row_dtype) for tensor in (u, delta, z))
        self.D, self.bias = self._array(D, 1), self._array(delta_bias, 1)
        self.B, self.C = self._array(self._grouped(B), 4), self._array(self._grouped(C), 4)
        self.softplus = bool(delta_softplus)
        # A block of channels must lie within one group of B and one of C.
        per_B, per_C = self.channels // self.B.shape[1], self.channels // self.C.shape[1]
        cuts = sorted({*range(0, self.channels, per_B), *range(0, self.channels, per_C), self.channels})
        size = SMALL_BLOCK if self.batch * self.channels < FEW_CHANNELS else LARGE_BLOCK
        self.blocks = [
            (first, min(first + size, stop))
            for start, stop in zip(cuts, cuts[1:], strict=False)
            for first in range(start, stop, size)
        ]
        self.tasks = self.batch * len(self.blocks)

    def zeros(self, *shape: int) -> np.ndarray:
        """Zeros of ``shape`` for every batch item, in the dtype of the computation."""
        return np.zeros((self.batch, *shape), NUMPY_DTYPES[self.dtype])

    def inputs(self, item: int, block: int) -> tuple:
        """The leading arguments of both kernels for one task."""
        first, last = self.blocks[block]
        B, C = (array[item, first * array.shape[1] // self.channels] for array in (self.B, self.C))
        z = self.z[item] if self.z.size else self.z.reshape(0, 0)
        return self.u[item], self.delta[item], self.rates, B, C, self.D, z, self.bias, self.softplus, first, last

    def _array(self, tensor: torch.Tensor | None, dimensions: int, dtype: torch.dtype | None = None) -> np.ndarray:
        dtype = dtype or self.dtype
        if tensor is None:
            return np.empty((0,) * dimensions, NUMPY_DTYPES[dtype])
        tensor = tensor.detach().to(dtype)
        if dimensions < 3:
            return array_of(tensor.contiguous())
        # Kernels see one batch item (and group) at a time: slices of a wider tensor need no copy.
        item = tensor[(0,) * (dimensions - 2)]
        return array_of(tensor if item.is_contiguous() else tensor.contiguous())

    def _grouped(self, projection: torch.Tensor) -> torch.Tensor:
        """B or C as (batch, groups, N, L), a constant one as (batch, D, N, 1)."""
        if projection.dim() == 2:
            return projection[None, :, :, None].expand(self.batch, -1, -1, 1)
        return projection[:, None] if projection.dim() == 3 else projection


class _Shares:
    """The gradient of B or of C, a sum over channels.

    Every block of channels leaves its share for a span of steps; the shares are added in the order of the blocks,
    whichever thread computed them. The span keeps their memory bounded.
    """

    def __init__(self, work: _Work, projection: np.ndarray) -> None:
        self.work = work
        self.blocks_a_group = len(work.blocks) // projection.shape[1]
        self.constant = projection.shape[3] == 1 < work.length
        bytes_a_tile = work.tasks * work.padded * TILE_STEPS * projection.itemsize
        tiles = min(max(SHARES_BYTES // bytes_a_tile, 1), -(-work.length // TILE_STEPS))
        self.span = tiles * TILE_STEPS
        groups_of_states = work.padded // LANES
        dtype = projection.dtype
        self.shares = np.empty((work.batch, len(work.blocks), groups_of_states, self.span, LANES), dtype)
        steps = 1 if self.constant else work.length
        self.sum = work.zeros(projection.shape[1], work.padded, steps)

    def sums(self, begin: int, end: int) -> list[Callable[[], None]]:
        """What adds the shares of all blocks for steps ``begin`` to ``end``, as tasks that may run side by side."""
        if self.constant:
            return [lambda: self._add_over_steps(end - begin)]
        cuts = [(first, min(first + _SUM_STEPS, end - begin)) for first in range(0, end - begin, _SUM_STEPS)]
        batch, groups = self.sum.shape[:2]
        return [
            partial(self._add_blocks, item, group, first, stop, begin)
            for item in range(batch)
            for group in range(groups)
            for first, stop in cuts
        ]

    def _add_blocks(self, item: int, group: int, first: int, stop: int, begin: int) -> None:
        blocks = group * self.blocks_a_group, (group + 1) * self.blocks_a_group
        add_shares(self.shares[item], *blocks, first, stop, self.sum[item, group], begin)

    def _add_over_steps(self, steps: int) -> None:
        batch, groups = self.sum.shape[:2]
        shares = self.shares[:, :, :, :steps].sum(3).reshape(batch, groups, self.blocks_a_group, -1)
        self.sum[..., 0] += shares.sum(2)

    def gradient(self, projection: torch.Tensor) -> torch.Tensor:
        """In the shape and dtype of B or C."""
        total = torch.from_numpy(self.sum)[:, :, : self.work.states]
        if projection.dim() == 2:
            total = total.sum(0)[:, :, 0] if self.constant else total.sum((0, 3))
        elif projection.dim() == 3:
            total = total[:, 0]
        return total.to(projection.dtype)
