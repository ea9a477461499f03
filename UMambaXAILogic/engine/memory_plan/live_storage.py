"""How much memory a computation holds at its worst moment, found out without computing: run it on meta tensors."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from .heap import kept_below_bytes
from .heap_model import HeapModel
from .workspace import workspace

#: What the real heap takes of the modelled one: what is not a tensor lies between tensors and keeps gaps apart (1.2 to
#: 1.9 on networks of several widths, explained from various layers).
SHARE_OF_HEAP = 1.35
#: The size and, of a small piece, its place in the heap.
_Piece = tuple[int, int | None]
#: Element by element, of two tensors.
_OF_TWO = ("aten::add.Tensor", "aten::mul.Tensor", "aten::sub.Tensor")


class LiveStorage(TorchDispatchMode):
    """Counts the bytes of all storages that come to be while it is the context, for as long as they live.

    Storages are counted when an operation returns them and forgotten when Python and autograd let go of them, which
    is when a real tensor's memory would be given back. Views share a storage, which counts once.

    The C library keeps small pieces for itself when they are freed (see ``heap``), in a heap with gaps: this follows
    where each would lie. Larger pieces go back at once.

    Args:
        on_host: the tensors stand for tensors in main memory, which the C library manages.
        unfolds_small_maps: see ``model.small_convolutions``.

    Attributes:
        live: bytes of the storages that are alive now.
        peak: the most bytes that the process had to have.
    """

    def __init__(self, on_host: bool, *, unfolds_small_maps: bool = True) -> None:
        super().__init__()
        self._on_host = on_host
        self._unfolds_small_maps = unfolds_small_maps
        self._kept_below = kept_below_bytes() if on_host else 0
        self._heap = HeapModel()
        self._known: set[int] = set()
        self._large = 0
        self.live = 0
        self.peak = 0

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else the first operation imports the whole compiler of torch, which takes seconds

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        result = _known(func, args)
        if result is None:
            result = func(*args, **(kwargs or {}))
        room = workspace(func, args, result, on_host=self._on_host, unfolds_small_maps=self._unfolds_small_maps)
        before, beside = ([self._allocate(size) for size in sizes] for sizes in (room.before, room.beside))
        self._look()
        self._free(before)
        for tensor in pytree.tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        self._look()
        self._free(beside)
        return result

    def _look(self) -> None:
        self.peak = max(self.peak, self._large + int(SHARE_OF_HEAP * self._heap.extent))

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self._known:
            return
        self._known.add(key)
        weakref.finalize(storage, self._forget, key, self._allocate(storage.nbytes()))

    def _forget(self, key: int, piece: _Piece) -> None:
        self._known.discard(key)
        self._free([piece])

    def _allocate(self, size: int) -> _Piece:
        self.live += size
        if size < self._kept_below:
            return size, self._heap.allocate(size)
        self._large += size
        return size, None

    def _free(self, pieces: list[_Piece]) -> None:
        for size, address in pieces:
            self.live -= size
            if address is None:
                self._large -= size
            else:
                self._heap.free(address)


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
