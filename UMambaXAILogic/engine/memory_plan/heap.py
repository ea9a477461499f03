"""What the C library does with memory that is given back to it.

Left to itself, glibc keeps freed pieces of up to 32 MiB, in a heap where the next ones leave gaps between those still
in use: a window whose feature maps are smaller than that takes half as much again as it holds, and not the same in
every run. Told to take all but smaller pieces from the system one by one, it gives each back when it is freed. What
that costs is the end of a piece, which does not fill a page of 2 MiB (see ``huge_pages``) and comes in small ones, new
each time: from 2 MiB on, windows of 32 x 96 x 96 took a quarter more processor time, from 12 MiB on, none.
"""

from __future__ import annotations

import ctypes
import sys
from functools import cache

#: Pieces from here on go back to the system.
_GIVES_BACK_FROM = 12 * 2**20
#: Freed small pieces at the heap's end stay up to this much, so that it does not shrink and grow all the time.
_KEPT_AT_THE_END = 32 * 2**20
#: ``mallopt``'s names for the two.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3


def give_back_large_pieces() -> None:
    """From now on, in this process; to be called before a network computes."""
    library = _glibc()
    if library is not None:
        library.mallopt(_M_MMAP_THRESHOLD, _GIVES_BACK_FROM)
        library.mallopt(_M_TRIM_THRESHOLD, _KEPT_AT_THE_END)
        library.malloc_trim(0)  # large pieces are also taken from what is free already


def kept_below_bytes() -> int:
    """Pieces smaller than this stay with the process when they are freed; 0 where nothing is known to stay."""
    return _GIVES_BACK_FROM if _glibc() is not None else 0


def give_back() -> None:
    """Return to the system what was freed: else what one stage needed adds to what the next one needs."""
    library = _glibc()
    if library is not None:
        library.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") else None
