"""What a U-Net's own heads say about a class: the prompt vector of a network that takes no prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from ..model.layers import Layer

#: Deep supervision gives the deepest decoder stage's head the weight 0: it stays as it was initialised.
UNTRAINED_HEAD = "decoder.0"


def class_direction(layer: Layer, channels: Sequence[int], *, sigmoid: bool) -> torch.Tensor | None:
    """w_t - w_background of a decoder stage's segmentation head; several target heads are averaged.

    Args:
        layer: with the weights of the fold that is wanted.
        channels: heads of the target.
        sigmoid: a region model, which has no background head: w_t alone.

    Returns:
        (channels of the layer,), or None for layers without a trained head: encoder stages, and the deepest decoder
        stage where it is not the last one.
    """
    head: Any = layer.head
    if head is None or (layer.alias == UNTRAINED_HEAD and not layer.is_last_decoder):
        return None
    weight = head.weight.detach().flatten(1)
    target = weight[list(channels)].mean(dim=0)
    return target if sigmoid else target - weight[0]
