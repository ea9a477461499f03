"""Work that a backward pass to activations alone does not need, left out of any network's.

What lies before the first wanted layer is not differentiated, and parameters never are, but torch's own operations do
not make full use of that:

- A decoder stage convolves upsampled features **joined with the encoder's skip**. Where no gradient goes to the skip,
  half of the convolution's input gradient would be computed to be thrown away, and the joined map kept for nothing.
- ``instance_norm`` returns a view of a batch normalisation's result, and in-place operations on a view (LeakyReLU,
  ``y += x``) make autograd copy the gradient several times. For one patch the batch normalisation is the same
  function, and its result is no view.

Forward values stay what they were, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from ..model.small_convolutions import convolve_small

_CONVOLUTIONS = {torch.conv2d: 2, torch.conv3d: 3}
_NOTE = "_umambaxai_joined_from"


@dataclass(frozen=True)
class _JoinedFrom:
    """Note on a joined tensor: the part that has a gradient, which is its first, and both as they were then."""

    leading: torch.Tensor
    leading_version: int
    joined_version: int

    def holds(self, joined: torch.Tensor) -> bool:
        """Neither tensor has been changed in place since."""
        return self.leading._version == self.leading_version and joined._version == self.joined_version


class LeanBackward(TorchFunctionMode):
    """While it is the context, forward passes with gradients record the leaner backward pass."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Stands in for the call ``func(*args, **kwargs)``."""
        kwargs = kwargs or {}
        if torch.is_grad_enabled():
            if func is torch.cat:
                return _join(*args, **kwargs)
            if func in _CONVOLUTIONS and hasattr(args[0], _NOTE):
                return _convolve_joined(_CONVOLUTIONS[func], *args, **kwargs)
            if func is convolve_small and hasattr(args[0], _NOTE):
                return _convolve_small_joined(*args, **kwargs)
            if func is F.instance_norm:
                return _normalise(*args, **kwargs)
        return func(*args, **kwargs)


def _join(tensors: tuple[torch.Tensor, ...] | list[torch.Tensor], dim: int = 0) -> torch.Tensor:
    joined = torch.cat(tensors, dim)
    if dim == 1 and tensors[0].requires_grad and not any(tensor.requires_grad for tensor in tensors[1:]):
        setattr(joined, _NOTE, _JoinedFrom(tensors[0], tensors[0]._version, joined._version))
    return joined


def _convolve_joined(
    dimension: int,
    joined: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> torch.Tensor:
    note: _JoinedFrom = getattr(joined, _NOTE)
    learns = weight.requires_grad or (bias is not None and bias.requires_grad)
    if learns or groups != 1 or isinstance(padding, str) or not note.holds(joined):
        convolve = torch.conv2d if dimension == 2 else torch.conv3d
        return convolve(joined, weight, bias, stride, padding, dilation, groups)
    geometry = tuple([value] * dimension if isinstance(value, int) else value for value in (stride, padding, dilation))
    result: torch.Tensor = _ConvolutionOfLeading.apply(note.leading, joined.detach(), weight, bias, geometry)
    return result


def _convolve_small_joined(
    joined: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    geometry: list[list[int]],
    leading: torch.Tensor | None = None,
) -> torch.Tensor:
    note: _JoinedFrom = getattr(joined, _NOTE)
    return convolve_small(joined, weight, bias, geometry, note.leading if note.holds(joined) else leading)


class _ConvolutionOfLeading(torch.autograd.Function):
    """The convolution of a joined tensor as a function of its leading part alone."""

    @staticmethod
    def forward(
        ctx: Any,
        leading: torch.Tensor,
        joined: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        geometry: tuple[Sequence[int], Sequence[int], Sequence[int]],
    ) -> torch.Tensor:
        ctx.save_for_backward(weight)
        ctx.shape, ctx.geometry = leading.shape, geometry
        convolve = torch.conv2d if weight.dim() == 4 else torch.conv3d
        return convolve(joined, weight, bias, *geometry)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:  # type: ignore[override]
        (weight,) = ctx.saved_tensors
        # Of the input only the shape enters its gradient.
        stand_in = gradient.new_empty(1).expand(ctx.shape)
        no_output_padding = [0] * (weight.dim() - 2)
        found: tuple[torch.Tensor, ...] = torch.ops.aten.convolution_backward(
            gradient, stand_in, weight[:, : ctx.shape[1]], None, *ctx.geometry, False, no_output_padding, 1,
            (True, False, False),
        )  # fmt: skip
        return (found[0], None, None, None, None)


def _normalise(
    input: torch.Tensor,
    running_mean: torch.Tensor | None = None,
    running_var: torch.Tensor | None = None,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> torch.Tensor:
    normalise = F.batch_norm if input.shape[0] == 1 else F.instance_norm
    return normalise(input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps)
