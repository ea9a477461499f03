"""Putting a checkpoint's weights into a network, or saying precisely why they do not fit."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ..errors import ModelError

_LISTED = 5


def load_weights(network: nn.Module, weights: Mapping[str, Tensor], source: str) -> None:
    """Copy ``weights`` into ``network``, all or nothing.

    Args:
        network: parameters are converted to its dtype and device.
        weights: parameter name -> tensor. Names that mean one parameter twice may both be there if they agree.
        source: what the weights come from, for messages.

    Raises:
        ModelError: parameters are missing, unknown, of another shape, contradictory, or not finite.
    """
    own = network.state_dict()
    by_storage: dict[int, list[str]] = {}
    for key, value in own.items():
        by_storage.setdefault(value.data_ptr(), []).append(key)
    synonyms = {key: names for names in by_storage.values() for key in names}

    unexpected = [key for key in weights if key not in own]
    missing = [names[0] for names in by_storage.values() if not any(name in weights for name in names)]
    if missing or unexpected:
        raise ModelError(
            f"The weights of {source} are not those of the {type(network).__name__} that its plans describe: "
            f"{_listing('missing', missing)}{'; ' if missing and unexpected else ''}"
            f"{_listing('not expected', unexpected)}.",
            "The checkpoint and plans.json may belong to different models, or the trainer changes the network.",
        )
    shapes = [
        f"{key} is {list(weights[key].shape)} instead of {list(own[key].shape)}"
        for key in own
        if key in weights and weights[key].shape != own[key].shape
    ]
    if shapes:
        raise ModelError(
            f"The weights of {source} do not fit its plans: {_listing('shape differs', shapes)}.",
            "Were plans.json or dataset.json changed after training (labels, channels, or the patch size, on which "
            "the weights of U-Mamba Enc depend)?",
        )
    for key, value in weights.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise ModelError(f"The weights of {source} hold NaN or infinity ({key}): its training diverged.")
        first = next(name for name in synonyms[key] if name in weights)
        if first != key and not _same(weights[first], value):
            raise ModelError(f"The weights of {source} contradict themselves: {key} differs from {first}.")
    network.load_state_dict(dict(weights), strict=False)


def unique_weights(network: nn.Module) -> dict[str, Tensor]:
    """A copy of the network's parameters and buffers on the CPU, each once."""
    named = (*network.named_parameters(), *network.named_buffers())
    return {name: value.detach().to("cpu", copy=True) for name, value in named}


def _same(one: Tensor, other: Tensor) -> bool:
    return one.data_ptr() == other.data_ptr() or torch.equal(one, other)


def _listing(what: str, entries: list[str]) -> str:
    if not entries:
        return ""
    more = f" and {len(entries) - _LISTED} more" if len(entries) > _LISTED else ""
    return f"{len(entries)} {what} ({', '.join(entries[:_LISTED])}{more})"
