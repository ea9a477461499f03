"""The one function that networks call."""

from __future__ import annotations

import torch

from ...errors import UsageError
from .arguments import ScanArguments
from .choice import choose_backend, load_backend


def selective_scan(
    u: torch.Tensor,
    delta: torch.Tensor,
    A: torch.Tensor,
    B: torch.Tensor,
    C: torch.Tensor,
    D: torch.Tensor | None = None,
    z: torch.Tensor | None = None,
    delta_bias: torch.Tensor | None = None,
    delta_softplus: bool = False,
    return_last_state: bool = False,
    *,
    backend: str = "auto",
) -> torch.Tensor | tuple[torch.Tensor, torch.Tensor]:
    """Run the selective scan, with the signature of ``selective_scan_fn`` of mamba-ssm.

    Args:
        u: input (batch, D, L), any floating dtype; narrower ones than float32 are computed in float32.
        delta: step sizes (batch, D, L).
        A: decay rates (D, N), negative; complex only with ``backend="reference"``.
        B: input projection: (D, N) constant, (batch, N, L), or (batch, G, N, L) in G groups of D / G channels.
        C: output projection, shaped like one of the three forms of B.
        D: skip weights (D,).
        z: gate (batch, D, L); the output is multiplied by silu(z).
        delta_bias: added to delta before softplus (D,).
        delta_softplus: whether the step sizes are softplus(delta + delta_bias).
        return_last_state: whether to return the state after the last step too.
        backend: ``auto`` or a name from ``available_backends()``.

    Returns:
        The output (batch, D, L) in the dtype of u, and where asked the last state (batch, D, N) in float32 (float64
        for float64 input). Both are differentiable in every tensor argument (mamba-ssm: the output only).

    Raises:
        UsageError: a shape, dtype or device does not fit, or the backend does not exist or cannot do this.
        NotInstalledError: the backend asked for cannot be used on this machine.
    """
    arguments = ScanArguments(u, delta, A, B, C, D, z, delta_bias, delta_softplus)
    choice = choose_backend(u.device, backend, arguments)
    if arguments.is_complex and choice.name != "reference":
        raise UsageError(
            f"The scan's A is complex ({A.dtype}), which the backend {choice.name!r} does not compute.",
            'Use backend="reference".',
        )
    output, last_state = load_backend(choice.name).scan(arguments, return_last_state)
    return (output, last_state) if return_last_state else output
