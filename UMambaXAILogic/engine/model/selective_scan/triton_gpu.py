"""The scan on GPUs, forward and backward, by kernels in Triton; see ``triton_kernels`` for how they divide the work.

Beside inputs and outputs it holds the state between tiles of 2048 / N steps, and in the backward pass its gradient;
the states in between are computed again there.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import triton
from torch import Tensor

from ...errors import UsageError
from ..triton_kernels.backward import add_up_tile_gradients, gradients
from ..triton_kernels.carry import carry
from ..triton_kernels.forward import add_up_tiles, outputs
from .arguments import ScanArguments

MAX_STATES = 256
"""Largest N; with more, a thread's registers would not hold its part of a tile."""

TILE_VALUES = 2048
"""States times steps of a tile: 16 for each of the 128 threads of a program."""

MIN_TILE_STEPS, MAX_TILE_STEPS = 16, 512

SPAN_VALUES = 4096
"""States times tiles that the carrying from tile to tile takes at a time."""

PROGRAMS = 2048
"""Programs that a launch should have at least, to keep a large GPU busy; where tiles are fewer, channels are cut into
blocks. A number of its own rather than the GPU's, so that results do not depend on which GPU it is."""

LOG2_E = math.log2(math.e)


def misfit(arguments: ScanArguments) -> str | None:
    """Why the kernels do not compute this scan, or None."""
    states = arguments.A.shape[1]
    if states > MAX_STATES:
        return f"The Triton kernels compute at most {MAX_STATES} states a channel, not {states}."
    return None


def scan(arguments: ScanArguments, return_last_state: bool) -> tuple[Tensor, Tensor | None]:
    """Compute the scan; see ``selective_scan``."""
    reason = misfit(arguments)
    if reason is not None:
        raise UsageError(reason, 'Use backend="torch-chunked".')
    options = (arguments.D, arguments.z, arguments.delta_bias)
    y, last_state = _TiledScan.apply(
        arguments.u, arguments.delta, arguments.A, arguments.B, arguments.C, *options, arguments.delta_softplus
    )
    return y, last_state if return_last_state else None


class _TiledScan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, u, delta, A, B, C, D, z, delta_bias, delta_softplus):
        work = _Work(u, delta, A, B, C, D, z, delta_bias, delta_softplus)
        states = work.between_tiles()
        states[:, 0] = 0
        durations = states.new_empty((work.batch, work.tiles, work.channels))
        y = torch.empty(u.shape, dtype=u.dtype, device=u.device)
        with torch.cuda.device_of(u):
            add_up_tiles[work.grid](
                work.u, work.delta, work.rates, work.B, work.bias, states, durations,
                *work.sizes(B=True), *work.strides("u", "delta", "B"),
                **work.constants, B_VARIES=work.B_varies,
            )  # fmt: skip
            work.carry(states, durations, reverse=False)
            outputs[work.grid](
                work.u, work.delta, work.rates, work.B, work.C, work.skip, work.z, work.bias, states, y,
                *work.sizes(B=True, C=True), *work.strides("u", "delta", "B", "C", "z"),
                **work.constants, B_VARIES=work.B_varies, C_VARIES=work.C_varies,
            )  # fmt: skip
        ctx.save_for_backward(u, delta, A, B, C, D, z, delta_bias, states, durations)
        ctx.delta_softplus = delta_softplus
        return y, states[:, -1].clone()

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, d_output, d_last_state):
        u, delta, A, B, C, D, z, delta_bias, states, durations = ctx.saved_tensors
        work = _Work(u, delta, A, B, C, D, z, delta_bias, ctx.delta_softplus)
        d_y = work.d_y = _with_steps_in_a_row(d_output)
        d_states = work.between_tiles()
        d_states[:, -1] = d_last_state
        d_u, d_delta = (torch.empty(u.shape, dtype=tensor.dtype, device=u.device) for tensor in (u, delta))
        d_z = None if z is None else torch.empty(u.shape, dtype=z.dtype, device=u.device)
        # A share of each tile, where wanted: sums in a fixed order, hence the same in every run.
        _, _, wants_A, wants_B, wants_C, wants_D, _, wants_bias, _ = ctx.needs_input_grad
        d_A = work.share_of_tiles(work.states) if wants_A else None
        d_B = work.share_of_blocks() if work.B_varies else work.share_of_tiles(work.states) if wants_B else None
        d_C = work.share_of_blocks() if work.C_varies else work.share_of_tiles(work.states) if wants_C else None
        d_D = work.share_of_tiles() if wants_D else None
        d_bias = work.share_of_tiles() if wants_bias else None
        with torch.cuda.device_of(u):
            add_up_tile_gradients[work.grid](
                d_y, work.delta, work.rates, work.C, work.z, work.bias, d_states,
                *work.sizes(C=True), *work.strides("d_y", "delta", "C", "z"),
                **work.constants, C_VARIES=work.C_varies,
            )  # fmt: skip
            work.carry(d_states, durations, reverse=True)
            gradients[work.grid](
                d_y, work.u, work.delta, work.rates, work.B, work.C, work.skip, work.z, work.bias, states, d_states,
                d_u, d_delta, d_A, d_B, d_C, d_D, d_z, d_bias,
                *work.sizes(B=True, C=True), *work.strides("d_y", "u", "delta", "B", "C", "z"),
                **work.constants, B_VARIES=work.B_varies, C_VARIES=work.C_varies,
            )  # fmt: skip
        return (
            d_u,
            d_delta,
            None if d_A is None else d_A.sum((0, 1)).to(A.dtype),
            work.sum_of_shares(d_B, B) if wants_B and d_B is not None else None,
            work.sum_of_shares(d_C, C) if wants_C and d_C is not None else None,
            None if d_D is None or D is None else d_D.sum((0, 1)).to(D.dtype),
            d_z,
            None if d_bias is None or delta_bias is None else d_bias.sum((0, 1)).to(delta_bias.dtype),
            None,
        )


class _Work:
    """The inputs as the kernels read them, and how the work is cut into programs."""

    d_y: Tensor

    def __init__(self, u, delta, A, B, C, D, z, delta_bias, delta_softplus) -> None:
        dtype = torch.float64 if u.dtype == torch.float64 else torch.float32
        self.batch, self.channels, self.length = u.shape
        self.states = A.shape[1]
        padded = triton.next_power_of_2(self.states)
        steps = min(max(TILE_VALUES // padded, MIN_TILE_STEPS), MAX_TILE_STEPS)
        self.tiles = triton.cdiv(self.length, steps)
        self.B_varies, self.C_varies = B.dim() > 2, C.dim() > 2
        self.u, self.delta = _with_steps_in_a_row(u), _with_steps_in_a_row(delta)
        self.z = None if z is None else _with_steps_in_a_row(z)
        self.B, self.C = (_with_steps_in_a_row(_grouped(tensor)) for tensor in (B, C))
        self.rates = (A.detach().to(dtype) * LOG2_E).contiguous()
        self.skip = None if D is None else D.detach().contiguous()
        self.bias = None if delta_bias is None else delta_bias.detach().contiguous()
        self.span = max(SPAN_VALUES // padded, MIN_TILE_STEPS)
        self.constants = {
            "STATES": self.states, "PADDED": padded, "TILE": steps, "SOFTPLUS": bool(delta_softplus),
            "num_warps": 4,
        }  # fmt: skip
        # A block of channels must lie within one group of B and one of C; a constant one asks for nothing.
        self.B_channels = self.channels // self.B.shape[1] if self.B_varies else self.channels
        self.C_channels = self.channels // self.C.shape[1] if self.C_varies else self.channels
        self.group = math.gcd(self.B_channels, self.C_channels)
        groups = self.channels // self.group
        wanted = triton.cdiv(PROGRAMS, self.batch * self.tiles * groups)
        self.block = triton.cdiv(self.group, min(wanted, self.group))
        self.blocks_a_group = triton.cdiv(self.group, self.block)
        self.blocks = groups * self.blocks_a_group
        self.grid = (self.batch * self.tiles * self.blocks,)

    def sizes(self, *, B: bool = False, C: bool = False) -> list[int]:
        """Whole numbers in the order of the kernels' parameters, with those for B and for C where a kernel has them."""
        sizes = [self.length, self.channels, self.tiles, self.blocks, self.blocks_a_group, self.block, self.group]
        return sizes + [self.B_channels] * B + [self.C_channels] * C

    def strides(self, *names: str) -> list[int]:
        """All but the last of each tensor; 0 for what there is none of."""
        strides: list[int] = []
        for name in names:
            tensor = getattr(self, name)
            strides += [0, 0] if tensor is None else tensor.stride()[:-1]
        return strides

    def carry(self, states: Tensor, durations: Tensor, *, reverse: bool) -> None:
        """Turn what tiles add to the state into the state between tiles, in place."""
        carry[(self.batch * self.channels,)](
            states, durations, self.rates, self.channels, self.tiles,
            STATES=self.states, PADDED=self.constants["PADDED"], SPAN=self.span, REVERSE=reverse, num_warps=8,
        )  # fmt: skip

    def between_tiles(self) -> Tensor:
        """Uninitialised (batch, tiles + 1, D, N): the state, or its gradient, before, between and after tiles."""
        return self.rates.new_empty((self.batch, self.tiles + 1, self.channels, self.states))

    def share_of_tiles(self, *last: int) -> Tensor:
        """Uninitialised (batch, tiles, D, ...)."""
        return self.rates.new_empty((self.batch, self.tiles, self.channels, *last))

    def share_of_blocks(self) -> Tensor:
        """Uninitialised (batch, blocks of channels, N, L)."""
        return self.rates.new_empty((self.batch, self.blocks, self.states, self.length))

    def sum_of_shares(self, shares: Tensor, projection: Tensor) -> Tensor:
        """The gradient of B or C, in its shape and dtype, from what tiles or blocks of channels hold of it."""
        if projection.dim() == 2:
            return shares.sum((0, 1)).to(projection.dtype)
        groups = projection.shape[1] if projection.dim() == 4 else 1
        shares = shares.unflatten(1, (groups, -1))
        total = shares[:, :, 0] if shares.shape[2] == 1 else shares.sum(2)
        return (total if projection.dim() == 4 else total[:, 0]).to(projection.dtype)


def _with_steps_in_a_row(tensor: Tensor) -> Tensor:
    """Without a copy where steps lie side by side, as in slices of a wider tensor."""
    tensor = tensor.detach()
    return tensor if tensor.stride(-1) == 1 else tensor.contiguous()


def _grouped(projection: Tensor) -> Tensor:
    """B or C as (batch, G, N, L), a constant one as (1, 1, D, N)."""
    if projection.dim() == 2:
        return projection.contiguous()[None, None]
    return projection[:, None] if projection.dim() == 3 else projection
