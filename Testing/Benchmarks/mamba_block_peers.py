"""A whole Mamba block, this project's and others' with the same weights, as functions that compute it once."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

import torch
import torch.nn.functional as F
from scan_peers import selective_scan_ref
from torch import Tensor

from UMambaXAILogic.engine.model import causal_conv
from UMambaXAILogic.engine.model.causal_conv import causal_conv1d
from UMambaXAILogic.engine.model.mamba import Mamba
from UMambaXAILogic.engine.model.selective_scan import selective_scan

AGREEMENT = 1e-4
"""Largest difference between two blocks' outputs, as a share of the largest output."""


def make_block(contender: str, mode: str, features: int, steps: int) -> Callable[[], Tensor]:
    """One forward pass, or one with the gradient of its input, of a block whose weights do not learn.

    Contenders: ``fused`` (this project's), ``torch`` (this project's without numba), ``selective_scan_ref`` and
    ``mambapy``.
    """
    block = _weights(features)
    tokens = torch.randn(1, steps, features, generator=torch.Generator().manual_seed(1))
    compute = {"fused": block, "torch": _without_numba(block), "selective_scan_ref": _with_reference_scan(block)}.get(
        contender
    ) or _of_mambapy(block)
    if mode == "forward":

        def forward() -> Tensor:
            with torch.no_grad():
                return compute(tokens)

        return forward
    tokens.requires_grad_()
    gradient = torch.ones_like(tokens)
    return lambda: torch.autograd.grad(compute(tokens), tokens, gradient)[0]


def check_agreement(contenders: tuple[str, ...], mode: str, features: int) -> None:
    """Stop the benchmark if two contenders do not compute the same."""
    results = {name: make_block(name, mode, features, 300)() for name in contenders}
    expected = results[contenders[0]]
    for name, found in results.items():
        difference = float((found - expected).abs().max() / expected.abs().max())
        if not difference < AGREEMENT:
            raise SystemExit(f"{name} differs from {contenders[0]} by {difference:.1e} of the largest value.")


def parts_of_block(features: int, steps: int) -> dict[str, Callable[[], object]]:
    """What a forward pass consists of: all matrix products, the convolution, the scan."""
    block = _weights(features)
    inner, rank, states = block.d_inner, block.dt_rank, block.d_state
    tokens, x, z, delta = (torch.randn(1, rows, steps) for rows in (features, inner, inner, inner))
    projected = torch.randn(1, rank + 2 * states, steps)
    b, c = projected[:, rank : rank + states], projected[:, rank + states :]

    def products() -> None:
        for weight, right in (
            (block.in_proj.weight, tokens),
            (block.x_proj.weight, x),
            (block.dt_proj.weight, projected[:, :rank]),
            (block.out_proj.weight, x),
        ):
            torch.bmm(weight[None], right)

    A = -torch.exp(block.A_log)
    options = {"D": block.D, "z": z, "delta_bias": block.dt_proj.bias, "delta_softplus": True}
    return {
        "matrix products": products,
        "convolution and SiLU": lambda: causal_conv1d(x, block.conv1d.weight[:, 0], block.conv1d.bias),
        "scan, softplus and gate": lambda: selective_scan(x, delta, A, b, c, **options),
    }


def _weights(features: int) -> Mamba:
    torch.manual_seed(0)
    return Mamba(features).requires_grad_(False)


def _without_numba(block: Mamba) -> Callable[[Tensor], Tensor]:
    def compute(tokens: Tensor) -> Tensor:
        block.scan_backend = "torch-chunked"
        with patch.object(causal_conv, "backend_obstacle", lambda name: "left out"):
            return block(tokens)

    return compute


def _with_reference_scan(block: Mamba) -> Callable[[Tensor], Tensor]:
    """As mamba-ssm computes it where its kernels cannot run."""
    reference = selective_scan_ref()

    def compute(tokens: Tensor) -> Tensor:
        x, z = (block.in_proj.weight @ tokens.transpose(1, 2)).chunk(2, dim=1)
        x = F.silu(block.conv1d(x)[..., : tokens.shape[1]])
        delta, b, c = (block.x_proj.weight @ x).split([block.dt_rank, block.d_state, block.d_state], dim=1)
        delta, A = block.dt_proj.weight @ delta, -torch.exp(block.A_log)
        y = reference(x, delta, A, b, c, block.D, z=z, delta_bias=block.dt_proj.bias, delta_softplus=True)
        return (block.out_proj.weight @ y).transpose(1, 2)

    return compute


def _of_mambapy(block: Mamba) -> Callable[[Tensor], Tensor]:
    from mambapy.mamba import MambaBlock, MambaConfig

    theirs = MambaBlock(MambaConfig(d_model=block.d_model, n_layers=1)).requires_grad_(False)
    theirs.load_state_dict(block.state_dict(), strict=True)
    return theirs
