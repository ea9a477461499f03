"""How the kernels are compiled and where the machine code is kept."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numba

logger = logging.getLogger(__name__)

# Contraction and signed zeros only: reassociation would make results depend on how a loop was vectorised, and
# "no NaN" would hide a broken input.
_OPTIONS = {"nogil": True, "fastmath": {"contract", "nsz"}, "error_model": "numpy"}


def jit(function: Callable) -> Callable:
    """Compile on first call, without the interpreter lock, and keep the machine code for the next process.

    The code is kept beside the source file, or in the user's cache folder where that is read-only, or in
    ``NUMBA_CACHE_DIR`` where that is set. Where none can be written it is compiled anew in every process, and said so.
    """
    try:
        return numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError as error:
        logger.warning(
            "The compiled kernel %s cannot be kept between processes (%s); every start costs some seconds. "
            "Set NUMBA_CACHE_DIR to a writable folder.",
            function.__name__,
            error,
        )
        return numba.njit(**_OPTIONS)(function)


def inline(function: Callable) -> Callable:
    """Compile as a part of the kernels that call it; ends up in their machine code."""
    return numba.njit(**_OPTIONS)(function)
