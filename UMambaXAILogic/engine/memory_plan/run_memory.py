"""The memory that a run lives in: what was planned, and what became of it where memory ran out all the same."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch

from ..errors import MemoryExhaustedError
from ..progress import MEMORY_RAN_OUT, Reporter
from .heap import give_back
from .out_of_memory import Done, Found, attempt
from .places import Place, zeros


class Accumulator:
    """An array of a volume's size that may move while it is filled.

    Attributes:
        tensor: the array now; hold no other reference to it.
        place: where it lies.
    """

    def __init__(self, tensor: torch.Tensor, place: Place, device: torch.device, scratch: Path | None) -> None:
        self.tensor = tensor
        self.place = place
        self._device, self._scratch = device, scratch

    def move(self, place: Place) -> None:
        """Copy the values to another place, or to the next one that has room, and let go of this one."""
        if place is self.place:
            return
        self.tensor, self.place = _moved(self.tensor, place, self._device, self._scratch)


class RunMemory:
    """How the windows of one case are computed, and where what they add up to lies.

    Args:
        batch: windows at a time.
        recompute: inner activations are computed again for gradients; see ``inference.recomputation``.
        logits: where stitched logits lie while they are added up; afterwards never on the device.
        maps: where the maps of layers lie while they are added up; afterwards never on the device.
        spare_bytes: main memory beyond the plan, for arrays that were planned for files and turn out smaller, and for
            those that nobody planned; what is beyond lies in files. None: no bound.
        scratch: folder for files; None: the system's.
    """

    def __init__(
        self,
        *,
        batch: int = 1,
        recompute: bool = False,
        logits: Place = Place.HOST,
        maps: Place = Place.HOST,
        spare_bytes: int | None = None,
        scratch: Path | None = None,
    ) -> None:
        self.batch = batch
        self.recompute = recompute
        self.logits = logits
        self.maps = maps
        self.scratch = scratch
        self._spare_bytes = spare_bytes
        self._in_spare: list[weakref.ref[torch.Tensor]] = []
        self._settled: list[weakref.ref[torch.Tensor]] = []
        self._accumulators: weakref.WeakSet[Accumulator] = weakref.WeakSet()

    def accumulator(
        self, shape: Sequence[int], dtype: torch.dtype, place: Place, device: torch.device | None = None
    ) -> Accumulator:
        """Zeros that ``shrink`` may move; at the next place where that one has no room.

        Args:
            device: what ``Place.DEVICE`` means; None: that place is not asked for.
        """
        device = device or torch.device("cpu")
        if place is Place.DEVICE and device.type == "cpu":
            place = Place.HOST
        if place is Place.FILE and self._spare_bytes is not None and self._fits_in_spare(shape, dtype):
            return self.unplanned(shape, dtype)
        tensor, place = _zeros_where_room_is(shape, dtype, place, device, self.scratch)
        made = Accumulator(tensor, place, device, self.scratch)
        self._accumulators.add(made)
        return made

    def unplanned(self, shape: Sequence[int], dtype: torch.dtype) -> Accumulator:
        """Zeros that nobody planned and ``shrink`` may move: in main memory, or in a file where there is no room."""
        host = torch.device("cpu")
        fits = self._fits_in_spare(shape, dtype)
        tensor, place = _zeros_where_room_is(shape, dtype, Place.HOST if fits else Place.FILE, host, self.scratch)
        if place is Place.HOST:
            alive = [reference for reference in self._in_spare if reference() is not None]
            self._in_spare = [*alive, weakref.ref(tensor)]
        made = Accumulator(tensor, place, host, self.scratch)
        self._accumulators.add(made)
        return made

    def settled(self, accumulator: Accumulator) -> torch.Tensor:
        """What was added up, off the device.

        ``shrink`` may still move its values into a file: the tensor stays the same object. Views of it keep the memory
        they were made of, so take them for a moment; a numpy array of the whole must not outlive the next pass.
        """
        if accumulator.place is Place.DEVICE:
            accumulator.move(Place.HOST)
        self._accumulators.discard(accumulator)
        if accumulator.place is Place.HOST:
            self._settled.append(weakref.ref(accumulator.tensor))
        return accumulator.tensor

    def until_it_fits(
        self, compute: Callable[[], Found], reporter: Reporter, *, gradients: bool = False, batched: bool = False
    ) -> Found:
        """What ``compute`` gives, which is asked again with less after memory ran out.

        Args:
            compute: changes nothing that it finds when it is asked again.
            reporter: is warned.
            gradients, batched: see ``shrink``.

        Raises:
            MemoryExhaustedError: there is nothing left to save.
            Exception: what ``compute`` raises but for a lack of memory.
        """
        while True:
            found = attempt(compute)
            if isinstance(found, Done):
                return found.value
            self.shrink(found.text, reporter, gradients=gradients, batched=batched)

    def shrink(self, error: str, reporter: Reporter, *, gradients: bool, batched: bool = True) -> None:
        """Have what is done next need less memory, after it ran out.

        Fewer windows at a time, then inner activations again, then arrays off the device, then into files.

        Args:
            error: what the allocator said.
            reporter: is warned.
            gradients: memory ran out where gradients are computed.
            batched: it ran out where ``batch`` windows are computed at a time.

        Raises:
            MemoryExhaustedError: there is nothing left to save.
        """
        change = self._smaller(gradients, batched)
        if change is None:
            deeper = "explain deeper layers only, " if gradients else ""
            raise MemoryExhaustedError(
                f"Memory ran out, with one window at a time and sums over windows in files: {error}",
                f"Close other programs, crop the volume to the region of interest, {deeper}or compute on the CPU where "
                "it was the GPU's memory.",
            )
        give_back()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        reporter.warning(
            MEMORY_RAN_OUT,
            f"Memory ran out ({error}). The run went on where it was, {change}; its results are the same.",
        )

    def _smaller(self, gradients: bool, batched: bool) -> str | None:
        if batched and self.batch > 1:
            self.batch //= 2
            return f"with {self.batch} window{'s' if self.batch > 1 else ''} at a time"
        if gradients and not self.recompute:
            self.recompute = True
            return "computing inner activations again where gradients need them"
        for place, other, words in (
            (Place.DEVICE, Place.HOST, "with the sums over windows in main memory"),
            (Place.HOST, Place.FILE, "with the sums over windows in files"),
        ):
            movable = [each for each in self._accumulators if each.place is place]
            settled = self._alive(self._settled) if other is Place.FILE else []
            if movable or settled or place in (self.logits, self.maps):
                for accumulator in movable:
                    accumulator.move(other)
                for tensor in settled:
                    _put_into_file(tensor, self.scratch)
                if other is Place.FILE:
                    self._settled.clear()
                    self._spare_bytes = 0
                self.logits, self.maps = (other if kind is place else kind for kind in (self.logits, self.maps))
                return words
        return None

    def _fits_in_spare(self, shape: Sequence[int], dtype: torch.dtype) -> bool:
        if self._spare_bytes is None:
            return True
        held = sum(tensor.nbytes for tensor in self._alive(self._in_spare))
        return held + torch.Size(shape).numel() * dtype.itemsize <= self._spare_bytes

    @staticmethod
    def _alive(references: Sequence[weakref.ref[torch.Tensor]]) -> list[torch.Tensor]:
        return [tensor for tensor in (reference() for reference in references) if tensor is not None]


def _moved(
    tensor: torch.Tensor, place: Place, device: torch.device, scratch: Path | None
) -> tuple[torch.Tensor, Place]:
    """A copy at a place or, where that one has no room, at the next; and which place that is."""
    # As the original: what was made in inference mode may be changed there alone, everything else anywhere.
    with torch.inference_mode(tensor.is_inference()):
        made, place = _zeros_where_room_is(tensor.shape, tensor.dtype, place, device, scratch)
        return made.copy_(tensor), place


def _put_into_file(tensor: torch.Tensor, scratch: Path | None) -> None:
    """Let the same tensor lie in a file: whoever holds it sees the same values there."""
    made, _ = _moved(tensor, Place.FILE, tensor.device, scratch)
    with torch.inference_mode(tensor.is_inference()):
        tensor.set_(made.untyped_storage(), made.storage_offset(), made.shape, made.stride())


def _zeros_where_room_is(
    shape: Sequence[int], dtype: torch.dtype, place: Place, device: torch.device, scratch: Path | None
) -> tuple[torch.Tensor, Place]:
    """Zeros at a place or, where an allocator has no room there, at the next; and which place that is.

    Raises:
        MemoryExhaustedError: not even the disk has room.
    """
    places = tuple(Place)
    for candidate in places[places.index(place) : -1]:
        made = attempt(partial(zeros, shape, dtype, candidate, device, scratch))
        if isinstance(made, Done):
            return made.value, candidate
    return zeros(shape, dtype, Place.FILE, device, scratch), Place.FILE
