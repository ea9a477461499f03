"""The short causal depthwise convolution in front of Mamba's scan, with its activation."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from ..errors import UsageError


def causal_conv1d(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None, activation: str | None = "silu"
) -> torch.Tensor:
    """Convolve every channel with its own filter, looking only backwards: y[l] = bias + sum_k weight[k] x[l - W + 1 + k].

    Args:
        x: (batch, D, L).
        weight: (D, W).
        bias: (D,).
        activation: ``silu`` or None.

    Returns:
        (batch, D, L) in the dtype of x.
    """
    if x.dim() != 3 or weight.dim() != 2 or weight.shape[0] != x.shape[1]:
        raise UsageError(
            f"The convolution's input has shape {tuple(x.shape)} and its weight {tuple(weight.shape)}.",
            "They must be (batch, channels, length) and (channels, width).",
        )
    if activation not in ("silu", None):
        raise UsageError(f"{activation!r} is not an activation of the causal convolution.", "Use silu or None.")
    width = weight.shape[1]
    y = F.conv1d(x, weight[:, None], bias, padding=width - 1, groups=x.shape[1])[..., : x.shape[2]]
    return F.silu(y) if activation else y
