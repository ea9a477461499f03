"""Which device computes, how much memory it has free, and why it was chosen."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .device_list import DeviceFacts
from .errors import NotInstalledError, UsageError
from .huge_pages import ask_for_huge_pages

if TYPE_CHECKING:
    import torch

_NAME = re.compile(r"auto|cpu|mps|cuda(:\d+)?")

ask_for_huge_pages()


def check_device_name(name: str) -> str:
    """``name`` itself, if it has the form of a device; needs no torch.

    Raises:
        UsageError: it has not.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"The device {name!r} is not known.", "Choose one of: auto, cpu, cuda, cuda:N, mps.")
    return name


def resolve_device(name: str = "auto") -> torch.device:
    """The torch device that a user's word stands for.

    ``auto`` is the CUDA device with most free memory, else the CPU. ``mps`` is used only when asked for: not every
    operation of the networks is verified on it. ``cuda`` without a number is chosen like ``auto``, but must exist.

    Raises:
        UsageError: the word is none of auto, cpu, cuda, cuda:N, mps.
        NotInstalledError: the device asked for is not there; the message says what is.
    """
    import torch

    check_device_name(name)
    if name == "cpu":
        return torch.device("cpu")
    if name == "mps":
        if not torch.backends.mps.is_available():
            raise _missing(name, "torch reports no Apple GPU")
        return torch.device("mps")

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto" and count == 0:
        return torch.device("cpu")
    if count == 0:
        raise _missing(name, why_no_cuda())
    if ":" in name:
        index = int(name.partition(":")[2])
        if index >= count:
            raise _missing(name, f"there are {count} CUDA devices, numbered from 0")
        return torch.device("cuda", index)
    return torch.device("cuda", max(range(count), key=_free_bytes))


def _free_bytes(index: int) -> int:
    import torch

    try:
        return torch.cuda.mem_get_info(index)[0]
    except RuntimeError:  # another process has it to itself, or has filled it
        return -1


def make_current(device: torch.device) -> None:
    """Let torch mean this GPU where it is asked for none by number: its statistics, streams, and trials of kernels."""
    import torch

    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)


def device_facts(device: torch.device | str) -> DeviceFacts:
    """Name and memory of one device, now."""
    import psutil
    import torch

    device = torch.device(device)
    if device.type == "cuda":
        index = torch.cuda.current_device() if device.index is None else device.index
        description = torch.cuda.get_device_name(index)
        try:
            free, total = torch.cuda.mem_get_info(index)
        except RuntimeError:  # another process has it to itself, or has filled it
            return DeviceFacts(f"cuda:{index}", description, None, None)
        return DeviceFacts(f"cuda:{index}", description, free >> 20, total >> 20)
    if device.type == "mps":
        total = torch.mps.recommended_max_memory()
        free = max(total - torch.mps.driver_allocated_memory(), 0)
        return DeviceFacts("mps", "Apple GPU", free >> 20, total >> 20)
    memory = psutil.virtual_memory()
    threads = torch.get_num_threads()
    return DeviceFacts("cpu", f"CPU, {threads} threads", memory.available >> 20, memory.total >> 20)


def list_devices() -> list[DeviceFacts]:
    """Every device that torch can compute on here, the CPU last."""
    import torch

    names = [f"cuda:{index}" for index in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        names.append("mps")
    return [device_facts(name) for name in (*names, "cpu")]


def why_no_cuda() -> str:
    """Why torch offers no CUDA device here, in a few words; empty where it does offer one."""
    import torch

    if torch.cuda.is_available():
        return ""
    if torch.version.cuda is None:
        return f"torch {torch.__version__} is built without CUDA"
    return f"torch {torch.__version__} (CUDA {torch.version.cuda}) finds no NVIDIA GPU with a working driver"


def _missing(name: str, reason: str) -> NotInstalledError:
    there = ", ".join(f"{facts.name} ({facts.description})" for facts in list_devices())
    return NotInstalledError(
        f"The device {name!r} is not available: {reason}.",
        f"Let it be chosen (auto), or choose one of those here: {there}.",
    )
