"""What the C library does with memory that is given back to it."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

#: glibc takes pieces from here on from the system one by one and gives them back when they are freed
#: (``DEFAULT_MMAP_THRESHOLD_MAX``, which the threshold reaches after a while); smaller ones it keeps for later.
_GLIBC_GIVES_BACK_FROM = 32 * 2**20


def kept_below_bytes() -> int:
    """Pieces smaller than this stay with the process when they are freed; 0 where nothing is known to stay."""
    return _GLIBC_GIVES_BACK_FROM if _glibc() is not None else 0


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
