"""A stand-in for the Mamba layer that allocates what the real one allocates, and computes nothing.

Compiled kernels cannot run on meta tensors. The projections around them can; what the convolution and the scan hold,
make and need in between is written down here for each backend of the scan.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn

from ..model.cpu_kernels.lanes import LANES
from ..model.cpu_kernels.scan_tiles import TILE_STEPS
from ..model.mamba import Mamba, MambaLayer
from ..model.selective_scan.torch_chunked import ACCELERATOR_CHUNK_VALUES

#: Copies of one chunk's states that the torch backend has at once, without and with a gradient. On the CPU chunks are
#: smaller: this is from above.
_CHUNK_COPIES_FORWARD, _CHUNK_COPIES_BACKWARD = 2, 8

#: ``TILE_VALUES`` and ``PROGRAMS`` of the Triton backend, which cannot be imported where Triton is not installed.
_TRITON_TILE_VALUES, _TRITON_PROGRAMS = 2048, 2048


def stand_in_for_mamba(network: nn.Module, backend: str | None) -> None:
    """Let every Mamba layer of a network on the meta device allocate as ``backend`` would."""
    for module in network.modules():
        if isinstance(module, MambaLayer):
            module.forward = MethodType(_layer, module)  # type: ignore[method-assign]
        elif isinstance(module, Mamba):
            module.scan_backend = backend or "numba"
            module.forward = MethodType(_block, module)  # type: ignore[method-assign]


def _layer(self: MambaLayer, x: Tensor) -> Tensor:
    tokens = x.flatten(2)
    if self.channel_token:
        return self.mamba(self.norm(tokens)).reshape(x.shape)
    return self.mamba(self.norm(tokens.transpose(1, 2))).transpose(1, 2).reshape(x.shape)


def _block(self: Mamba, tokens: Tensor) -> Tensor:
    x, z = _project(self.in_proj.weight, tokens.transpose(1, 2)).chunk(2, dim=1)
    x = _Convolution.apply(x)
    delta, b, c = _project(self.x_proj.weight, x).split([self.dt_rank, self.d_state, self.d_state], dim=1)
    delta = _project(self.dt_proj.weight, delta)
    if self.scan_backend in ("torch-chunked", "reference"):
        step = torch.nn.functional.softplus(delta + self.dt_proj.bias[:, None])
        y = torch.addcmul(_Scan.apply(x, step, b, c, None, self.scan_backend), x, self.D[:, None])
        y = y * torch.nn.functional.silu(z)
    else:
        y = _Scan.apply(x, delta, b, c, z, self.scan_backend)
    return _project(self.out_proj.weight, y).transpose(1, 2)


def _project(weight: Tensor, x: Tensor) -> Tensor:
    return torch.bmm(weight.expand(len(x), -1, -1), x)


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x.new_empty(x.shape)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # type: ignore[override]
        (x,) = ctx.saved_tensors
        gradient.contiguous()
        return x.new_empty(x.shape)


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, u: Tensor, delta: Tensor, b: Tensor, c: Tensor, z: Tensor | None, backend: str) -> Tensor:
        output = u.new_empty(u.shape)
        state = _StateMemory.of(u, b.shape[1], backend)
        states = u.new_empty(state.kept if any(ctx.needs_input_grad) else 0)
        workspace = u.new_empty(state.forward)
        del workspace
        ctx.save_for_backward(u, delta, b, c, z, states)
        ctx.backend = backend
        return output

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        u, delta, b, c, z, _ = ctx.saved_tensors
        gradient = gradient.contiguous()
        workspace = u.new_empty(_StateMemory.of(u, b.shape[1], ctx.backend).backward)
        found = [u.new_empty(tensor.shape) for tensor in (u, delta, b, c)]
        of_gate = None if z is None else u.new_empty(z.shape)
        del workspace
        return (*found, of_gate, None)


@dataclass(frozen=True)
class _StateMemory:
    """Values of the scan's state.

    Args:
        kept: by a forward pass for the backward pass.
        forward, backward: that a pass takes beside inputs and results.
    """

    kept: int
    forward: int
    backward: int

    @classmethod
    def of(cls, u: Tensor, states: int, backend: str) -> _StateMemory:
        batch, channels, length = u.shape
        every = batch * channels * states
        if backend == "numba":
            padded = -(-states // LANES) * LANES
            return cls(batch * -(-length // TILE_STEPS) * channels * padded, 0, 0)
        if backend == "triton":
            tiles = -(-length // max(1, _TRITON_TILE_VALUES // states))
            blocks = min(channels, -(-_TRITON_PROGRAMS // (batch * tiles)))
            shares = 2 * batch * blocks * states * length
            return cls((tiles + 1) * every, 0, (tiles + 1) * every + shares)
        if backend == "torch-chunked":
            chunk = min(length * every, ACCELERATOR_CHUNK_VALUES)
            kept = every * -(-length * every // ACCELERATOR_CHUNK_VALUES)
            return cls(kept, _CHUNK_COPIES_FORWARD * chunk, _CHUNK_COPIES_BACKWARD * chunk)
        if backend == "mamba-ssm":  # two numbers a state every 2048 steps
            return cls(2 * every * -(-length // 2048), 0, 0)
        return cls(every * length, 2 * every * length, 2 * every * length)
