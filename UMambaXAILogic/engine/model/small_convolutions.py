"""Convolutions of small maps on the CPU: by oneDNN, where torch takes a slower way of its own.

torch (2.13, ``use_mkldnn`` in ATen/native/Convolution.cpp) asks oneDNN only if batch x channels x the first two axes of
the map come to more than 20,480, and otherwise unfolds the map and multiplies matrices on one thread, forward and
backward. That is so in the deeper stages of every network and in all stages of small ones, and costs up to sixteen
times the time there, and memory for the unfolded map. The values differ by rounding only; U-Mamba networks take this
way, while the networks that are nnU-Net's own stay bit for bit what they are there.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import handle_torch_function, has_torch_function_unary

#: Below or at this, torch does not ask oneDNN.
TORCH_ASKS_ONEDNN_ABOVE = 20480


def use_onednn(network: nn.Module) -> nn.Module:
    """Let the ordinary convolutions of a network take oneDNN's way for small maps; returns the network.

    Parameters, hooks and names stay as they are. Maps on other devices, of other precision, or with gradients for the
    parameters, are convolved as ever.
    """
    for module in network.modules():
        for ordinary, small in _SMALL.items():
            if type(module) is ordinary and _is_plain(module):
                module.__class__ = small
    return network


class _SmallMaps:
    """What both classes below do to ``nn.Conv2d`` and ``nn.Conv3d``."""

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if not _is_slow(input, weight, bias):
            return super()._conv_forward(input, weight, bias)  # type: ignore[misc]
        geometry = [list(getattr(self, name)) for name in ("padding", "stride", "dilation")]
        return convolve_small(input, weight, bias, geometry)


class SmallMapConv2d(_SmallMaps, nn.Conv2d):
    """``nn.Conv2d``, see the module's text."""


class SmallMapConv3d(_SmallMaps, nn.Conv3d):
    """``nn.Conv3d``, see the module's text."""


def asks_onednn(network: nn.Module) -> bool:
    """Whether ``use_onednn`` was applied."""
    return any(isinstance(module, _SmallMaps) for module in network.modules())


_SMALL: dict[type[nn.Module], type[nn.Module]] = {nn.Conv2d: SmallMapConv2d, nn.Conv3d: SmallMapConv3d}


def convolve_small(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    geometry: list[list[int]],
    leading: Tensor | None = None,
) -> Tensor:
    """A convolution by oneDNN, differentiable in its input; seen by ``TorchFunctionMode`` as torch's own functions are.

    Args:
        input: (1, channels, ...) float32 on the CPU.
        weight, bias: without gradients.
        geometry: padding, stride and dilation, each a number an axis.
        leading: of which ``input`` is joined with others that need no gradient, and its first channels; None: all.
    """
    if has_torch_function_unary(input):
        result: Tensor = handle_torch_function(convolve_small, (input,), input, weight, bias, geometry, leading)
        return result
    leading = input if leading is None else leading
    if leading.requires_grad and torch.is_grad_enabled():
        return _Convolution.apply(leading, input.detach(), weight, bias, geometry)
    return torch.ops.aten.mkldnn_convolution(input, weight, bias, *geometry, 1)


def _is_plain(module: Any) -> bool:
    return module.groups == 1 and module.padding_mode == "zeros" and not isinstance(module.padding, str)


def _is_slow(input: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    """Whether torch would take its own way, and oneDNN can take it over."""
    given = (input, weight) if bias is None else (input, weight, bias)
    return bool(
        len(input) == 1
        and input.dim() == weight.dim()
        and input.shape[:4].numel() <= TORCH_ASKS_ONEDNN_ABOVE
        and max(weight.shape[2:]) > 1  # one by one by one: a product of matrices either way
        and all(tensor.dtype == torch.float32 and tensor.device.type == "cpu" for tensor in given)
        and not (torch.is_grad_enabled() and (weight.requires_grad or (bias is not None and bias.requires_grad)))
        and not torch.is_autocast_enabled("cpu")
        and torch.backends.mkldnn.enabled
        and _has_onednn()
    )


@cache
def _has_onednn() -> bool:
    return torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_convolution_transpose_pointwise")


class _Convolution(torch.autograd.Function):
    """With a gradient for leading channels alone: a convolution transposed, which oneDNN computes as well."""

    @staticmethod
    def forward(
        ctx: Any, leading: Tensor, input: Tensor, weight: Tensor, bias: Tensor | None, geometry: list[list[int]]
    ) -> Tensor:
        ctx.save_for_backward(weight)
        ctx.shape, ctx.geometry = leading.shape, geometry
        return torch.ops.aten.mkldnn_convolution(input, weight, bias, *geometry, 1)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, d_output: Tensor) -> tuple[Tensor, None, None, None, None]:
        (weight,) = ctx.saved_tensors
        weight = weight[:, : ctx.shape[1]].contiguous()
        padding, stride, dilation = ctx.geometry
        reached = [
            (size - 1) * step - 2 * pad + spread * (width - 1) + 1
            for size, step, pad, spread, width in zip(
                d_output.shape[2:], stride, padding, dilation, weight.shape[2:], strict=True
            )
        ]
        beyond = [whole - part for whole, part in zip(ctx.shape[2:], reached, strict=True)]
        d_leading = torch.ops.mkldnn._convolution_transpose_pointwise(
            d_output.contiguous(), weight, None, padding, beyond, stride, dilation, 1, "none", [], ""
        )
        return d_leading, None, None, None, None
