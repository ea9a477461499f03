"""Where PyTorch would compute, as messages of the worker's protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .pip_progress import Say


def say_device(torch: Mapping[str, Any], say: Say) -> None:
    """Say where it computes; warn where it is built for a GPU and finds none.

    Args:
        torch: what ``verify.torch_facts`` found.
        say: sends a message.
    """
    cuda, gpu = torch["cuda"], torch["gpu"]
    if cuda is not None and gpu is None:
        text = f"PyTorch is built for CUDA {cuda} but finds no GPU that it can use: it computes on the CPU."
        say("warning", code="no_usable_gpu", message=text)
    reason = "PyTorch is the CPU build." if cuda is None else f"PyTorch is built for CUDA {cuda}."
    say("device", device=gpu or "cpu", free_memory_mb=torch["free_memory_mb"], scan_backend="", reason=reason)
