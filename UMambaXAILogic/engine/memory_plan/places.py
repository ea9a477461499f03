"""Where arrays of a volume's size lie: in the device's memory, in main memory, or in a file that is mapped into it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import numpy as np
import torch

from ..errors import MemoryExhaustedError
from ..user_cache import user_cache

#: File systems that keep files in main memory.
_IN_MEMORY = ("tmpfs", "ramfs")
_GIB = 2**30


class Place(StrEnum):
    """In the order in which a plan prefers them."""

    DEVICE = "device"
    HOST = "host"
    FILE = "file"


def zeros(
    shape: Sequence[int], dtype: torch.dtype, place: Place, device: torch.device, scratch: Path | None
) -> torch.Tensor:
    """Zeros at a place.

    Args:
        device: what ``Place.DEVICE`` means.
        scratch: folder for the file of ``Place.FILE``, see ``scratch_folder``.

    Raises:
        MemoryExhaustedError: the disk has no room for the file.
    """
    if place is Place.FILE:
        return _mapped(tuple(shape), dtype, scratch)
    return torch.zeros(tuple(shape), dtype=dtype, device=device if place is Place.DEVICE else "cpu")


def _mapped(shape: tuple[int, ...], dtype: torch.dtype, scratch: Path | None) -> torch.Tensor:
    """A tensor over a file that has no name, or goes when it is closed: nothing is left of a process that is killed."""
    kind = torch.zeros((), dtype=dtype).numpy().dtype
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    if size == 0:
        return torch.zeros(shape, dtype=dtype)
    folder = scratch_folder(scratch)
    try:
        file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  the map keeps it open
        # Reserved now: a full disk would end the process when a page is written later.
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        elif shutil.disk_usage(folder).free < size:
            raise OSError("the disk is too full")
        return torch.from_numpy(np.memmap(file, dtype=kind, mode="r+", shape=shape))
    except OSError as error:
        raise MemoryExhaustedError(
            f"A temporary file of {size / _GIB:.3g} GB is needed in place of memory, and {folder} has no room for it "
            f"({error.strerror or error}).",
            "Free some space there, choose an output folder on another disk, or allow more memory.",
        ) from error


def scratch_folder(wanted: Path | None) -> Path:
    """A folder for large files that lies on a disk: ``wanted``, else the system's for temporary files, or the user's
    for caches where that one lies in memory."""
    folder = Path(tempfile.gettempdir()) if wanted is None else wanted
    if not _lies_in_memory(folder):
        return folder
    cache = user_cache() / "umamba-xai"
    cache.mkdir(parents=True, exist_ok=True)
    return cache


def _lies_in_memory(folder: Path) -> bool:
    import psutil

    if os.name == "nt":
        return False
    path = str(folder.resolve())
    mounts = [m for m in psutil.disk_partitions(all=True) if (path + "/").startswith(m.mountpoint.rstrip("/") + "/")]
    return bool(mounts) and max(mounts, key=lambda mount: len(mount.mountpoint)).fstype in _IN_MEMORY
