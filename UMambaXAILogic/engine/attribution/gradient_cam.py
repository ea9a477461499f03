"""How one branch's activation A and gradient G become a signed map: sum over channels of P(G_k) A_k.

P pools the gradient. Global mean: Seg-Grad-CAM. Blocks of h voxels per axis: Seg-XRes-CAM; with h = 1 there is no
pooling, which equals Seg-HiRes-CAM. ReLU, normalisation and the mean over layers come after stitching.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

_MAX_POOL = {2: F.max_pool2d, 3: F.max_pool3d}
_MEAN_POOL = {2: F.avg_pool2d, 3: F.avg_pool3d}


def pool_blocks(gradient: torch.Tensor, window: int, mode: str) -> torch.Tensor:
    """Pool a gradient in blocks and repeat each block's value over the block.

    Blocks at the far edge may be smaller: only voxels that exist take part, so that padding neither wins a maximum
    nor enters a mean.

    Args:
        gradient: (channels, ...) with two or three spatial axes.
        window: voxels per block and axis, at least 1.
        mode: ``max`` or ``mean``.

    Returns:
        As ``gradient``.
    """
    if window == 1:
        return gradient
    dimensions = gradient.dim() - 1
    block = [min(window, size) for size in gradient.shape[1:]]
    if mode == "max":
        pooled = _MAX_POOL[dimensions](gradient[None], block, block, ceil_mode=True)[0]
    else:
        pooled = _MEAN_POOL[dimensions](gradient[None], block, block, ceil_mode=True, count_include_pad=False)[0]
    return _repeat_blocks(pooled, gradient.shape, window)


def pool_zero_padded_blocks(gradient: torch.Tensor, window: int, mode: str) -> torch.Tensor:
    """As ``pool_blocks``, but the far edge is filled up with zeros that take part, as in the reference code."""
    missing = [-size % window for size in reversed(gradient.shape[1:])]
    padded = F.pad(gradient, [amount for size in missing for amount in (0, size)])
    pooled = pool_blocks(padded, window, mode)
    return pooled[(slice(None), *(slice(0, size) for size in gradient.shape[1:]))]


def block_pooled_map(activation: torch.Tensor, gradient: torch.Tensor, window: int, mode: str) -> torch.Tensor:
    """Seg-XRes-CAM of one branch before ReLU: (channels, ...) twice -> (...)."""
    return _weighted_sum(pool_blocks(gradient, window, mode), activation)


def zero_padded_map(activation: torch.Tensor, gradient: torch.Tensor, window: int, mode: str) -> torch.Tensor:
    """As ``block_pooled_map``, with the reference code's zero padding."""
    return _weighted_sum(pool_zero_padded_blocks(gradient, window, mode), activation)


def mean_gradient_map(activation: torch.Tensor, gradient: torch.Tensor) -> torch.Tensor:
    """Seg-Grad-CAM of one branch before ReLU: (channels, ...) twice -> (...)."""
    return torch.einsum("k,k...->...", gradient.flatten(1).mean(dim=1), activation)


def _weighted_sum(weights: torch.Tensor, activation: torch.Tensor) -> torch.Tensor:
    # Channel by channel: no product of the layer's size is made, and einsum is twelve times slower on large maps.
    total = weights[0] * activation[0]
    for weight, values in zip(weights[1:], activation[1:], strict=True):
        total.addcmul_(weight, values)
    return total


def _repeat_blocks(pooled: torch.Tensor, shape: torch.Size, window: int) -> torch.Tensor:
    for axis in range(1, len(shape)):
        index = torch.arange(shape[axis], device=pooled.device) // window
        pooled = pooled.index_select(axis, index)
    return pooled
