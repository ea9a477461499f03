"""Features against vectors: centring, weighted means, cosines. Nothing here knows of windows or networks."""

from __future__ import annotations

import torch

#: A centred feature below this share of the mean feature's length is rounding: the window is constant there.
_ROUNDING = 1e-5


def centre(features: torch.Tensor) -> torch.Tensor:
    """Features (channels, ...) minus their mean over space, a new tensor.

    Activations after a rectifier share a large common part: without this all cosines are close to 1.
    """
    return features - _spatial_mean(features)


def unit_product(features: torch.Tensor, direction: torch.Tensor, *, centred: bool) -> torch.Tensor:
    """direction . f / |f| at every place; 0 where f vanishes.

    Args:
        features: (channels, ...).
        direction: (channels,); of unit length, it gives the cosine.
        centred: centre the features first.

    Returns:
        (...) in the features' type.
    """
    flat = features.flatten(1)
    floor = torch.finfo(features.dtype).tiny
    if centred:
        mean = flat.mean(dim=1, keepdim=True)
        floor = max(floor, _ROUNDING * float(mean.norm()))
        flat = flat - mean
    length = torch.linalg.vector_norm(flat, dim=0)
    product = direction.to(flat) @ flat
    similar = torch.where(length > floor, product / length.clamp_min(floor), torch.zeros_like(length))
    return similar.reshape(features.shape[1:])


def weighted_sums(features: torch.Tensor, weights: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Sums of a block of features over several regions, and the regions' weights in it.

    Args:
        features: (channels, ...).
        weights: (regions, ...), of the same places.

    Returns:
        (regions, channels) and (regions,), float64 on the CPU.
    """
    weights = weights.to(features).flatten(1)
    return (weights @ features.flatten(1).T).cpu().double(), weights.sum(dim=1).cpu().double()


class WeightedMeans:
    """Weighted means of features over several regions, from one block of features at a time.

    Args:
        regions: names.
    """

    def __init__(self, regions: tuple[str, ...]) -> None:
        self._regions = regions
        self._sums: torch.Tensor | None = None
        self._weights = torch.zeros(len(regions), dtype=torch.float64)

    def add(self, sums: torch.Tensor, weights: torch.Tensor) -> None:
        """Add a block: what ``weighted_sums`` gives for it."""
        self._sums = sums if self._sums is None else self._sums + sums
        self._weights += weights

    def means(self) -> dict[str, torch.Tensor | None]:
        """Region -> (channels,) float64; None for a region without weight."""
        found: dict[str, torch.Tensor | None] = {}
        for number, name in enumerate(self._regions):
            weight = self._weights[number]
            found[name] = None if self._sums is None or weight <= 0 else self._sums[number] / weight
        return found


def _spatial_mean(features: torch.Tensor) -> torch.Tensor:
    return features.flatten(1).mean(dim=1).reshape(-1, *(1,) * (features.dim() - 1))
