"""The short causal depthwise convolution in front of Mamba's scan, with its activation."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from ..errors import UsageError
from .selective_scan import backend_obstacle

_TASK_VALUES = 2**16
"""Values a thread takes at a time."""

_MAX_COMPILED_WIDTH = 16
"""The compiled kernels slide over tiles far longer than the filter; Mamba's has 4 taps."""


def causal_conv1d(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None, activation: str | None = "silu"
) -> torch.Tensor:
    """Convolve every channel with its own filter, looking only backwards.

    y[l] = activation(bias + sum_k weight[k] x[l - W + 1 + k]). One compiled pass on the CPU, in float32, float64 and
    bfloat16 (computed in float32), where numba is installed; torch's operations elsewhere.

    Args:
        x: (batch, D, L), floating.
        weight: (D, W).
        bias: (D,).
        activation: ``silu`` or None.

    Returns:
        (batch, D, L) in the dtype of x, differentiable in every tensor argument.

    Raises:
        UsageError: a shape does not fit, or the activation is unknown.
    """
    channels = x.shape[1] if x.dim() == 3 else None
    if weight.dim() != 2 or weight.shape[0] != channels or 0 in (*x.shape, *weight.shape):
        raise UsageError(
            f"The convolution's input has shape {tuple(x.shape)} and its weight {tuple(weight.shape)}.",
            "They must be (batch, channels, length) and (channels, width), none of them 0.",
        )
    if bias is not None and tuple(bias.shape) != (channels,):
        raise UsageError(f"The convolution's bias has shape {tuple(bias.shape)}.", f"It must be ({channels},).")
    if activation not in ("silu", None):
        raise UsageError(f"{activation!r} is not an activation of the causal convolution.", "Use silu or None.")
    if _can_compile(weight.shape[1], x, weight, bias):
        return _CompiledConvolution.apply(x, weight, bias, activation == "silu")
    y = F.conv1d(x, weight[:, None], bias, padding=weight.shape[1] - 1, groups=channels)[..., : x.shape[2]]
    return F.silu(y) if activation else y


def _can_compile(width: int, *tensors: torch.Tensor | None) -> bool:
    given = [tensor for tensor in tensors if tensor is not None]
    return (
        {tensor.dtype for tensor in given} in ({torch.float32}, {torch.float64}, {torch.bfloat16})
        and all(tensor.device.type == "cpu" for tensor in given)
        and width <= _MAX_COMPILED_WIDTH
        and backend_obstacle("numba") is None
    )


class _CompiledConvolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x, weight, bias, use_silu):
        from .cpu_kernels.convolution import convolve
        from .cpu_kernels.memory import array_of, empty
        from .cpu_kernels.threads import for_each

        ctx.save_for_backward(x, weight, bias)
        ctx.use_silu = use_silu
        output = empty(x.shape, x.dtype)
        inputs, results = _arrays(x, weight, bias), array_of(output)
        blocks = _blocks(x)

        def task(index: int) -> None:
            item, block = divmod(index, len(blocks))
            convolve(inputs[0][item], *inputs[1:], use_silu, *blocks[block], results[item])

        for_each(task, len(x) * len(blocks))
        return output

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, d_output):
        from .cpu_kernels.convolution import convolve_backward
        from .cpu_kernels.memory import array_of, empty
        from .cpu_kernels.threads import for_each

        x, weight, bias = ctx.saved_tensors
        _, wants_weight, wants_bias, _ = ctx.needs_input_grad
        d_x = empty(x.shape, x.dtype)
        d_weight = torch.zeros((len(x), *weight.shape) if wants_weight else (len(x), 0, 0), dtype=_computing(x))
        d_bias = torch.zeros((len(x), len(weight) if wants_bias else 0), dtype=_computing(x))
        inputs, d_y = _arrays(x, weight, bias), array_of(d_output.contiguous())
        results = [array_of(tensor) for tensor in (d_x, d_weight, d_bias)]
        blocks = _blocks(x)

        def task(index: int) -> None:
            item, block = divmod(index, len(blocks))
            gradients = [array[item] for array in results]
            convolve_backward(inputs[0][item], *inputs[1:], ctx.use_silu, *blocks[block], d_y[item], *gradients)

        for_each(task, len(x) * len(blocks))
        return (
            d_x,
            d_weight.sum(0).to(x.dtype) if wants_weight else None,
            d_bias.sum(0).to(x.dtype) if wants_bias else None,
            None,
        )


def _computing(x: torch.Tensor) -> torch.dtype:
    return torch.float64 if x.dtype == torch.float64 else torch.float32


def _arrays(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> list[Any]:
    """As the kernels take them: every batch item contiguous, which a slice of channels is without a copy."""
    from .cpu_kernels.memory import array_of

    dtype = _computing(x)
    x = x if x[0].is_contiguous() else x.contiguous()
    bias = torch.empty(0, dtype=dtype) if bias is None else bias.to(dtype).contiguous()
    return [array_of(x), array_of(weight.to(dtype).contiguous()), array_of(bias)]


def _blocks(x: torch.Tensor) -> list[tuple[int, int]]:
    channels, length = x.shape[1:]
    size = max(1, _TASK_VALUES // length)
    return [(first, min(first + size, channels)) for first in range(0, channels, size)]
