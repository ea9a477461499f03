"""A stand-in for the Mamba layer that allocates what the real one allocates, and computes nothing.

Compiled kernels cannot run on meta tensors. The projections around them can; what the convolution and the scan hold,
make and need in between is written down here for each backend of the scan.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

import torch
from torch import Tensor, nn

from ..model.cpu_kernels.lanes import LANES
from ..model.cpu_kernels.scan_tiles import TILE_STEPS
from ..model.mamba import Mamba, MambaLayer
from ..model.selective_scan.torch_chunked import ACCELERATOR_CHUNK_VALUES, CPU_BLOCK_CHANNELS, CPU_CHUNK_VALUES

#: Copies of one chunk's states that the torch backend has at once, without and with a gradient (measured).
_CHUNK_COPIES_FORWARD, _CHUNK_COPIES_BACKWARD = 2, 8


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
    x, z = torch.matmul(self.in_proj.weight, tokens.transpose(1, 2)).chunk(2, dim=1)
    x = _Convolution.apply(x)
    delta, b, c = torch.matmul(self.x_proj.weight, x).split([self.dt_rank, self.d_state, self.d_state], dim=1)
    delta = torch.matmul(self.dt_proj.weight, delta)
    if self.scan_backend in ("torch-chunked", "reference"):
        step = torch.nn.functional.softplus(delta + self.dt_proj.bias[:, None])
        y = torch.addcmul(_Scan.apply(x, step, b, c, None, self.scan_backend), x, self.D[:, None])
        y = y * torch.nn.functional.silu(z)
    else:
        y = _Scan.apply(x, delta, b, c, z, self.scan_backend)
    return torch.matmul(self.out_proj.weight, y).transpose(1, 2)


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
        states = u.new_empty(_states_kept(u, b.shape[1], backend) if any(ctx.needs_input_grad) else 0)
        workspace = u.new_empty(_workspace(u, b.shape[1], backend, _CHUNK_COPIES_FORWARD))
        del workspace
        ctx.save_for_backward(u, delta, b, c, z, states)
        ctx.backend = backend
        return output

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        u, delta, b, c, z, _ = ctx.saved_tensors
        gradient = gradient.contiguous()
        workspace = u.new_empty(_workspace(u, b.shape[1], ctx.backend, _CHUNK_COPIES_BACKWARD))
        found = [u.new_empty(tensor.shape) for tensor in (u, delta, b, c)]
        of_gate = None if z is None else u.new_empty(z.shape)
        del workspace
        return (*found, of_gate, None)


def _states_kept(u: Tensor, states: int, backend: str) -> int:
    """Values of the state that a forward pass keeps for the backward pass."""
    batch, channels, length = u.shape
    if backend == "numba":
        padded = -(-states // LANES) * LANES
        return batch * -(-length // TILE_STEPS) * channels * padded
    if backend == "torch-chunked":
        return batch * channels * states * -(-length // _chunk_steps(u, states))
    # Without chunks every state is kept; of the fused GPU kernels, two numbers a state every 2048 steps.
    return batch * channels * states * (length if backend == "reference" else 2 * -(-length // 2048))


def _workspace(u: Tensor, states: int, backend: str, copies: int) -> int:
    """Values beside inputs and results."""
    if backend == "reference":
        return copies * u.numel() * states
    if backend == "torch-chunked":
        return copies * _chunk_steps(u, states) * u.shape[0] * u.shape[1] * states
    return 0


def _chunk_steps(u: Tensor, states: int) -> int:
    batch, channels, length = u.shape
    width, values = channels, ACCELERATOR_CHUNK_VALUES
    if channels > CPU_BLOCK_CHANNELS and values < CPU_CHUNK_VALUES:
        width, values = CPU_BLOCK_CHANNELS, CPU_CHUNK_VALUES
    return min(length, max(16, values // (batch * width * states)))
