"""What a convolution takes beside its arguments and its result. Measured with torch 2.13 on processors with AVX-512."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any

import torch

from ..model.small_convolutions import TORCH_ASKS_ONEDNN_ABOVE

#: Channels that oneDNN puts side by side on processors with AVX-512; those with AVX2 take 8.
_BLOCK_CHANNELS = 16


@dataclass(frozen=True)
class Workspace:
    """Bytes, piece by piece.

    Args:
        before: are given back before the result comes.
        beside: are held beside it.
    """

    before: tuple[int, ...] = ()
    beside: tuple[int, ...] = ()


def workspace(func: Any, args: tuple[Any, ...], result: Any, *, on_host: bool, unfolds_small_maps: bool) -> Workspace:
    """Of one operation; nothing of those that are no convolution.

    oneDNN brings what a convolution reads into an order of its own, writes in that order, lets go of the one, and
    brings the other into torch's order. Where every value of the source meets places of its own (the backward pass of
    a strided convolution, a strided transposed one), it holds what is written twice. Where oneDNN is missing, and for
    small maps where it is not asked, torch unfolds the map: every place's neighbourhood side by side. What cuDNN takes
    is not documented: what it reads and writes is counted once more.

    Args:
        func, args, result: as ``TorchDispatchMode`` sees them; ``result`` on the meta device or real.
        on_host: the tensors stand for tensors in main memory.
        unfolds_small_maps: see ``model.small_convolutions``.
    """
    name = func.name()
    backward = "convolution_backward" in name
    if not backward and "aten::conv" not in name:
        return Workspace()
    source, weight = (args[0], args[2]) if backward else args[:2]
    entering = args[1] if backward else source
    if not on_host:
        return Workspace(beside=(source.nbytes, weight.nbytes, (entering if backward else result).nbytes))
    destination = result[0] if backward else result
    if destination is None:
        return Workspace()
    stride, transposed = (args[4], args[7]) if backward else (args[3], args[6])
    small = entering.shape[:4].numel() <= TORCH_ASKS_ONEDNN_ABOVE and (transposed or unfolds_small_maps)
    if small or not _has_onednn():
        places = math.prod((destination if backward == transposed else source).shape[2:])
        alone = max(weight.shape[2:]) == 1  # a neighbourhood of one needs no unfolding
        return Workspace(beside=() if alone else (weight[0].numel() * places * source.itemsize,))
    scatters = backward != transposed and max(stride) > 1
    return Workspace((_in_blocks(source),), (weight.nbytes, *[_in_blocks(destination)] * (1 + scatters)))


def _in_blocks(tensor: torch.Tensor) -> int:
    """Bytes of a map in oneDNN's order: channels in blocks, the last filled up with zeros; one stays as it is."""
    channels = tensor.shape[1]
    return tensor.nbytes // channels * (channels + (-channels % _BLOCK_CHANNELS if channels > 1 else 0))


def _has_onednn() -> bool:
    return torch.backends.mkldnn.is_available() and sys.platform != "darwin"
