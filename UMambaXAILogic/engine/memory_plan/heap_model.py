"""Where the C library would put small pieces, and how far its heap would reach: glibc's rules, without memory."""

from __future__ import annotations

from bisect import bisect_left, insort

#: Tensors begin at multiples of this; the library's own words before each piece fit in one more.
_GRAIN = 64


class HeapModel:
    """A heap that grows at its end only, as glibc's main one.

    A piece goes to the smallest gap that holds it, else to the end. A freed piece joins the gaps beside it. Nothing
    goes back to the system: there is always something tiny at the very end that is still in use.

    Attributes:
        extent: bytes that the heap has ever reached to, gaps between pieces included.
    """

    def __init__(self) -> None:
        self._pieces: dict[int, int] = {}  # address -> size
        self._gap_at: dict[int, int] = {}  # address -> size
        self._gap_before: dict[int, int] = {}  # end -> address
        self._by_size: list[tuple[int, int]] = []  # (size, address), ascending
        self._end = 0  # of the last piece
        self.extent = 0

    def allocate(self, size: int) -> int:
        """The address of a new piece."""
        size = (size // _GRAIN + 2) * _GRAIN
        found = bisect_left(self._by_size, (size, 0))
        if found < len(self._by_size):
            space, address = self._by_size[found]
            self._forget_gap(address)
            if space > size:
                self._add_gap(address + size, space - size)
        else:
            address = self._end
            self._end += size
            self.extent = max(self.extent, self._end)
        self._pieces[address] = size
        return address

    def free(self, address: int) -> None:
        """Give a piece back."""
        size = self._pieces.pop(address)
        before = self._gap_before.get(address)
        if before is not None:
            size += self._forget_gap(before)
            address = before
        if address + size in self._gap_at:
            size += self._forget_gap(address + size)
        if address + size < self._end:
            self._add_gap(address, size)
        else:
            self._end = address

    def _add_gap(self, address: int, size: int) -> None:
        self._gap_at[address] = size
        self._gap_before[address + size] = address
        insort(self._by_size, (size, address))

    def _forget_gap(self, address: int) -> int:
        size = self._gap_at.pop(address)
        del self._gap_before[address + size]
        del self._by_size[bisect_left(self._by_size, (size, address))]
        return size
