"""Less memory for more time: a stage's inner activations are forgotten, and computed again when gradients need them.

The same operations on the same values, so that the gradients are the same. A stage's output is kept.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from .lean_backward import LeanBackward


@contextlib.contextmanager
def recomputed(network: nn.Module) -> Iterator[None]:
    """Let every stage of a U-Net compute its inner activations again in the backward pass, while this is the context.

    Args:
        network: a U-Mamba, PlainConvUNet or ResidualEncoderUNet.
    """
    stages = [module for module in _stages(network) if not isinstance(module, nn.Identity)]
    before = [module.__dict__.get("forward") for module in stages]
    for module in stages:
        module.forward = partial(_again, module.forward)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for module, forward in zip(stages, before, strict=True):
            if forward is None:
                del module.forward  # type: ignore[misc]  # what the class has shows again
            else:
                module.forward = forward  # type: ignore[method-assign]


def _again(forward: Callable[..., torch.Tensor], *inputs: torch.Tensor) -> torch.Tensor:
    if not (torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs)):
        return forward(*inputs)
    return checkpoint(forward, *inputs, use_reentrant=False, preserve_rng_state=False, context_fn=_as_the_first_time)


def _as_the_first_time() -> tuple[contextlib.AbstractContextManager[Any], contextlib.AbstractContextManager[Any]]:
    """The contexts of the first pass, which is that of its caller, and of the one in the backward pass."""
    return contextlib.nullcontext(), LeanBackward()


def _stages(network: Any) -> list[nn.Module]:
    """The modules between which feature maps are kept: those whose output can be explained, and none inside another."""
    encoder, decoder = network.encoder, network.decoder
    stages = [*encoder.stages, *decoder.stages, *(getattr(encoder, "mamba_layers", None) or ())]
    for owner, name in ((encoder, "stem"), (network, "mamba_layer")):
        module = getattr(owner, name, None)
        if isinstance(module, nn.Module):
            stages.append(module)
    return stages
