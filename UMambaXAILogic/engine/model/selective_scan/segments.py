"""One chunk of the scan in torch operations, cut into segments that run side by side.

Step l of a chunk is step l % K of segment l // K, so K operations advance all P segments at once. Each segment first
runs from zero; then what enters every segment is known by carrying from one to the next. Products of decays are formed
directly: forms that divide by them, or sum their logarithms, lose all digits where decays are small.

Layout within a chunk: (K, batch, D, N, P): operations run along the segments, which are many, rather than the states.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F

LOG2_E = math.log2(math.e)


class Workspace:
    """Buffers that are used again for the next chunk: fresh memory costs more than the arithmetic in it."""

    def __init__(self) -> None:
        self._buffers: dict[str, torch.Tensor] = {}

    def take(self, name: str, shape: tuple[int, ...], like: torch.Tensor) -> torch.Tensor:
        """An uninitialised tensor; the one taken before under this name is lost."""
        count = math.prod(shape)
        buffer = self._buffers.get(name)
        if buffer is None or buffer.numel() < count:
            buffer = self._buffers[name] = like.new_empty(count)
        return buffer[:count].view(shape)


def scan_segments(
    u: torch.Tensor,
    step: torch.Tensor,
    A: torch.Tensor,
    B: torch.Tensor,
    C: torch.Tensor,
    state: torch.Tensor,
    workspace: Workspace,
) -> tuple[torch.Tensor, torch.Tensor]:
    """C . x (batch, D, steps) and the state after the chunk (batch, D, N), without a gradient.

    Shapes: u, step (batch, D, steps); A (D, N); B, C (batch or 1, G, N, steps or 1); state (batch, D, N).
    """
    steps = u.shape[2]
    sizes = _to_segments(step)
    count, batch, channels, segments = sizes.shape
    B, C = _projection_to_segments(B, sizes), _projection_to_segments(C, sizes)
    groups_B, groups_C = B.shape[2], C.shape[2]
    shape = (batch, channels, A.shape[1], segments)
    rate = A[..., None] * LOG2_E  # 2^x costs half of e^x
    x, entering, scratch = (workspace.take(name, shape, u) for name in ("x", "entering", "scratch"))
    y = torch.empty_like(sizes)
    # Views are made once, outside the loops.
    step_list = sizes[:, :, :, None].unbind()
    decays = workspace.take("decay", (count, *shape), u).unbind()
    drives = _in_groups(_to_segments(step * u)[:, :, :, None], groups_B).unbind()
    B_list, C_list = B.expand(count, *B.shape[1:]).unbind(), C.expand(count, *C.shape[1:]).unbind()

    x.zero_()
    grouped = x.unflatten(1, (groups_B, -1))
    for size, decay, drive, B_now in zip(step_list, decays, drives, B_list, strict=True):
        torch.mul(size, rate, out=decay).exp2_()
        x.mul_(decay)
        grouped.addcmul_(drive, B_now)
    product = torch.exp2(sizes.sum(0)[:, :, None] * rate)
    for p in range(segments):
        entering[..., p] = state
        state = torch.addcmul(x[..., p], product[..., p], state)
    x = entering
    grouped, grouped_for_C = x.unflatten(1, (groups_B, -1)), x.unflatten(1, (groups_C, -1))
    product_with_C = scratch.unflatten(1, (groups_C, -1))
    for decay, drive, B_now, C_now, y_now in zip(decays, drives, B_list, C_list, y.unbind(), strict=True):
        x.mul_(decay)
        grouped.addcmul_(drive, B_now)
        torch.mul(grouped_for_C, C_now, out=product_with_C)
        torch.sum(scratch, 2, out=y_now)
    return _from_segments(y, steps), state


def scan_segments_differentiably(
    u: torch.Tensor, step: torch.Tensor, A: torch.Tensor, B: torch.Tensor, C: torch.Tensor, state: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """As ``scan_segments``, differentiable in every argument; keeps all states of the chunk."""
    sizes = _to_segments(step)
    decay = torch.exp(sizes[:, :, :, None] * A[..., None])
    drive = _times(_to_segments(step * u)[:, :, :, None], _projection_to_segments(B, sizes))
    states, end = _Recurrence.apply(decay, drive, state)
    y = _times(states, _projection_to_segments(C, sizes)).sum(3)
    return _from_segments(y, u.shape[2]), end


class _Recurrence(torch.autograd.Function):
    """x[l] = a[l] x[l-1] + b[l] from decays a, drives b (K, batch, D, N, P) and a first state (batch, D, N)."""

    @staticmethod
    def forward(ctx: Any, decay, drive, start):
        states, product = torch.empty_like(drive), torch.empty_like(decay)
        states[0], product[0] = drive[0], decay[0]
        for k in range(1, len(decay)):
            torch.addcmul(drive[k], decay[k], states[k - 1], out=states[k])
            torch.mul(decay[k], product[k - 1], out=product[k])
        entering = torch.empty_like(decay[0])
        state = start
        for p in range(decay.shape[4]):
            entering[..., p] = state
            state = torch.addcmul(states[-1, ..., p], product[-1, ..., p], state)
        states.addcmul_(product, entering)
        ctx.save_for_backward(decay, states, entering)
        return states, state

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, d_states, d_end):
        decay, states, entering = ctx.saved_tensors
        gradient, product = torch.empty_like(decay), torch.empty_like(decay)
        gradient[-1], product[-1] = d_states[-1], 1
        for k in range(len(decay) - 2, -1, -1):
            torch.addcmul(d_states[k], decay[k + 1], gradient[k + 1], out=gradient[k])
            torch.mul(decay[k + 1], product[k + 1], out=product[k])
        returning = torch.empty_like(decay[0])
        incoming = d_end
        for p in range(decay.shape[4] - 1, -1, -1):
            returning[..., p] = incoming
            first = torch.addcmul(gradient[0, ..., p], product[0, ..., p], incoming)
            incoming = decay[0, ..., p] * first
        gradient.addcmul_(product, returning)
        d_decay = product  # its memory, no longer needed
        torch.mul(gradient[1:], states[:-1], out=d_decay[1:])
        torch.mul(gradient[0], entering, out=d_decay[0])
        return d_decay, gradient, incoming


def _to_segments(tensor: torch.Tensor) -> torch.Tensor:
    """(..., steps) -> (K, ..., P), filled up with zeros: steps of size 0 leave the state as it is."""
    steps = tensor.shape[-1]
    count = math.isqrt(steps - 1) + 1
    segments = -(-steps // count)
    return F.pad(tensor, (0, segments * count - steps)).unflatten(-1, (segments, count)).movedim(-1, 0).contiguous()


def _from_segments(tensor: torch.Tensor, steps: int) -> torch.Tensor:
    """(K, ..., P) -> (..., steps)."""
    return tensor.movedim(0, -1).flatten(-2)[..., :steps]


def _projection_to_segments(projection: torch.Tensor, sizes: torch.Tensor) -> torch.Tensor:
    """(batch or 1, G, N, steps or 1) -> (K or 1, batch or 1, G, 1, N, P or 1)."""
    if projection.shape[-1] == 1 < sizes.shape[0] * sizes.shape[-1]:
        return projection[None, :, :, None]
    return _to_segments(projection)[:, :, :, None]


def _times(values: torch.Tensor, projection: torch.Tensor) -> torch.Tensor:
    """(K, batch, D, N or 1, P) times a projection that groups of channels share."""
    return (_in_groups(values, projection.shape[2]) * projection).flatten(2, 3)


def _in_groups(values: torch.Tensor, groups: int) -> torch.Tensor:
    """(K, batch, D, ...) -> (K, batch, groups, D / groups, ...)."""
    return values.unflatten(2, (groups, -1))
