"""The recurrence written down step by step in torch operations, to check the other backends against.

Plain and slow: autograd keeps every state, so memory grows with D N L. It follows the definition, runs on any device,
in float64 for float64 input, and knows complex states.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .arguments import ScanArguments


def scan(arguments: ScanArguments, return_last_state: bool) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Compute the scan; see ``selective_scan``."""
    dtype = arguments.compute_dtype
    state_dtype = dtype.to_complex() if arguments.is_complex else dtype
    u = arguments.u.to(dtype)
    step = arguments.delta.to(dtype)
    if arguments.delta_bias is not None:
        step = step + arguments.delta_bias.to(dtype)[:, None]
    if arguments.delta_softplus:
        step = F.softplus(step)
    A = arguments.A.to(state_dtype)
    B = per_channel(arguments.B, arguments).to(state_dtype)
    C = per_channel(arguments.C, arguments).to(state_dtype)

    batch, channels, length = u.shape
    state = torch.zeros((batch, channels, A.shape[1]), dtype=state_dtype, device=u.device)
    outputs = []
    for index in range(length):
        step_now = step[:, :, index, None]
        B_now = B if B.dim() == 2 else B[..., index]
        C_now = C if C.dim() == 2 else C[..., index]
        state = torch.exp(step_now * A) * state + step_now * u[:, :, index, None] * B_now
        outputs.append((state * C_now).sum(-1))
    y = torch.stack(outputs, dim=-1)
    if arguments.is_complex:  # the states stand for conjugate pairs
        y = 2 * y.real
    if arguments.D is not None:
        y = y + u * arguments.D.to(dtype)[:, None]
    if arguments.z is not None:
        y = y * F.silu(arguments.z.to(dtype))
    return y.to(arguments.u.dtype), state if return_last_state else None


def per_channel(projection: torch.Tensor, arguments: ScanArguments) -> torch.Tensor:
    """B or C as (D, N) where constant, otherwise as (batch, D, N, L) without copying what groups share."""
    if projection.dim() == 2:
        return projection
    if arguments.is_complex:
        projection = torch.view_as_complex(projection.to(arguments.compute_dtype).unflatten(-1, (-1, 2)).contiguous())
    if projection.dim() == 3:
        projection = projection[:, None]
    batch, groups, states, length = projection.shape
    channels = arguments.u.shape[1]
    shared = projection[:, :, None].expand(batch, groups, channels // groups, states, length)
    return shared.flatten(1, 2) if groups > 1 else shared[:, 0]
