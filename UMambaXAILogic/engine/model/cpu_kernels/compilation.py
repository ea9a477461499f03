"""How the kernels are compiled and where their machine code is kept."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numba

from ...user_cache import user_cache

logger = logging.getLogger(__name__)

# Contraction and signed zeros only: reassociation would make results depend on how a loop was vectorised, and
# "no NaN" would hide a broken input.
_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": {"contract", "nsz"}, "error_model": "numpy"}

_EXACT_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}

_lock = Lock()


def kernel(function: Callable) -> Callable:
    """Compile on the first call, to run without the interpreter lock, and keep the machine code for later processes."""
    return _kept(function, _OPTIONS)


def exact_kernel(function: Callable) -> Callable:
    """As ``kernel``, every operation rounded by itself: for what must equal other code bit for bit."""
    return _kept(function, _EXACT_OPTIONS)


def _kept(function: Callable, options: dict[str, Any]) -> Callable:
    folder = cache_folder()
    if folder is None:
        return numba.njit(**options)(function)
    config: Any = numba.config
    with _lock:  # numba looks at its setting while decorating
        before = config.CACHE_DIR
        config.CACHE_DIR = str(folder)
        try:
            return numba.njit(cache=True, **options)(function)
        finally:
            config.CACHE_DIR = before


def part(function: Callable) -> Callable:
    """Compile as a part of the kernels that call it; it is kept within their machine code."""
    return numba.njit(**_OPTIONS)(function)


@cache
def cache_folder() -> Path | None:
    """The folder for machine code: ``NUMBA_CACHE_DIR``, or beside the sources, or in the user's cache folder.

    The first that can be written, or None, which is logged: every process then compiles anew. The folder's name is
    the digest of this package's sources, because numba compares only the file of a kernel itself, and would run old
    machine code when a part of it in another file has changed.
    """
    candidates = [Path(__file__).parent / "__pycache__", user_cache() / "umamba-xai"]
    if os.environ.get("NUMBA_CACHE_DIR"):
        candidates.insert(0, Path(os.environ["NUMBA_CACHE_DIR"]))
    for candidate in candidates:
        folder = candidate / f"kernels-{source_digest()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    logger.warning(
        "The compiled kernels cannot be kept between processes, because none of %s can be written: "
        "every start takes some seconds longer. Set NUMBA_CACHE_DIR to a folder that can be written.",
        ", ".join(str(candidate) for candidate in candidates),
    )
    return None


@cache
def source_digest() -> str:
    """Identifies the sources of all kernels."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
