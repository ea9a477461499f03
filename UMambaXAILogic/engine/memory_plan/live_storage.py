"""How much memory a computation holds at its worst moment, found out without computing: run it on meta tensors."""

from __future__ import annotations

import sys
import weakref
from typing import Any

import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from .heap import kept_below_bytes

#: What the C library holds for small pieces, as a multiple of what they add up to: freed ones leave gaps that the next
#: do not fill (1.5 to 1.8 on networks of several widths, with pieces below 2 MiB; larger ones leave fewer).
KEPT_SHARE = 1.6
#: Channels that oneDNN puts side by side on processors with AVX-512; those with AVX2 take 8.
_BLOCK_CHANNELS = 16
#: Element by element, of two tensors.
_OF_TWO = ("aten::add.Tensor", "aten::mul.Tensor", "aten::sub.Tensor")


class LiveStorage(TorchDispatchMode):
    """Counts the bytes of all storages that come to be while it is the context, for as long as they live.

    Storages are counted when an operation returns them and forgotten when Python and autograd let go of them, which
    is when a real tensor's memory would be given back. Views share a storage, which counts once.

    The C library keeps small pieces for itself when they are freed (see ``heap``): of these the greatest sum so far
    stays, whatever is alive. Larger pieces go back at once.

    Args:
        on_host: the tensors stand for tensors in main memory, which the C library manages.
    """

    def __init__(self, on_host: bool) -> None:
        super().__init__()
        self._on_host = on_host
        self._kept_below = kept_below_bytes() if on_host else 0
        self._known: set[int] = set()
        self._now = [0, 0]
        self._most = [0, 0]

    @property
    def live(self) -> int:
        """Bytes now."""
        return sum(self._now)

    @property
    def peak(self) -> int:
        """The most bytes that the process had to have."""
        small, large = self._most
        return int(KEPT_SHARE * small) + large

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else the first operation imports the whole compiler of torch, which takes seconds

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        result = _known(func, args)
        if result is None:
            result = func(*args, **(kwargs or {}))
        for tensor in pytree.tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        extra = [0, 0]
        for size in _workspace(func, args, result, self._on_host):
            extra[self._pool(size)] += size
        self._most = [max(most, now + more) for most, now, more in zip(self._most, self._now, extra, strict=True)]
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self._known:
            return
        self._known.add(key)
        size = storage.nbytes()
        self._now[self._pool(size)] += size
        weakref.finalize(storage, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self._now[self._pool(size)] -= size

    def _pool(self, size: int) -> int:
        return 0 if size < self._kept_below else 1


def _known(func: Any, args: tuple[Any, ...]) -> Any:
    """What an operation returns that torch would compose of others on meta tensors; None for those it would not.

    To compose them it imports its whole compiler, which takes seconds.
    """
    name = func.name()
    if name == "aten::cat" and args[0][0].is_meta:
        parts, axis = args[0], args[1] if len(args) > 1 else 0
        shape = list(parts[0].shape)
        shape[axis] = sum(part.shape[axis] for part in parts)
        return parts[0].new_empty(shape)
    if not args or not isinstance(args[0], torch.Tensor) or not args[0].is_meta:
        return None
    if name.partition(".")[0].endswith("_"):  # in place
        return args[0]
    if name in _OF_TWO and isinstance(args[1], torch.Tensor):
        shape = torch.broadcast_shapes(args[0].shape, args[1].shape)
        return args[0].new_empty(shape, dtype=torch.result_type(args[0], args[1]))
    if name == "aten::floor_divide" and isinstance(args[1], int):
        return torch.empty_like(args[0])
    if name == "aten::mean.dim":
        return torch.sum(*args)
    if name == "aten::native_layer_norm_backward":
        made = (args[1], *args[5:7])
        return tuple(torch.empty_like(tensor) if want else None for tensor, want in zip(made, args[-1], strict=True))
    if name == "aten::native_layer_norm":
        normalised = len(args[1])
        of_each = args[0].new_empty((*args[0].shape[:-normalised], *[1] * normalised))
        return torch.empty_like(args[0]).contiguous(), of_each, torch.empty_like(of_each)
    if "leaky_relu_backward" in name:
        return torch.empty_like(args[0])
    if "batch_norm_backward" in name:
        source, wanted = args[1], args[-1]
        per_channel = source.shape[1]
        shapes = (source.shape, (per_channel,), (per_channel,))
        return tuple(source.new_empty(shape) if want else None for shape, want in zip(shapes, wanted, strict=True))
    if "native_batch_norm" in name:
        source = args[0]
        return torch.empty_like(source), source.new_empty(source.shape[1]), source.new_empty(source.shape[1])
    return None


def _workspace(func: Any, args: tuple[Any, ...], result: Any, on_host: bool) -> tuple[int, ...]:
    """Bytes, piece by piece, that an operation takes beside its arguments and its result.

    Both oneDNN and cuDNN bring what a convolution reads and writes into an order of their own. oneDNN does so for the
    backward pass alone where no weight is asked for; its forward pass reads and writes in place (measured with torch
    2.13 on AVX-512). What cuDNN takes is not documented: both directions are counted.
    """
    name = func.name()
    if "convolution_backward" in name:
        pieces = args[:2] if on_host and _has_onednn() else ()
        return (*map(_in_blocks, pieces), *(tensor.nbytes for tensor in args[len(pieces) : 3]))
    if "aten::conv" in name and on_host and _has_onednn():
        return tuple(_in_blocks(tensor) if _leaves_gaps(tensor) else 0 for tensor in (args[0], result))
    if "aten::conv" in name:
        pieces = (args[0].nbytes, args[1].nbytes, result.nbytes)
        return pieces if not on_host else (args[0].nbytes * args[1][0, 0].numel(),)  # im2col
    return ()


def _in_blocks(tensor: torch.Tensor) -> int:
    """Bytes of a map in oneDNN's order: channels in blocks, the last filled up with zeros."""
    channels = tensor.shape[1]
    return tensor.nbytes // channels * (channels + -channels % _BLOCK_CHANNELS)


def _leaves_gaps(tensor: torch.Tensor) -> bool:
    """Whether the last block of channels is not full; a single channel stays as it is."""
    return tensor.shape[1] > 1 and tensor.shape[1] % _BLOCK_CHANNELS != 0


def _has_onednn() -> bool:
    return torch.backends.mkldnn.is_available() and sys.platform != "darwin"
