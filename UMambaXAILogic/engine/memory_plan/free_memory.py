"""How much memory there is to plan with."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

#: Share of what is free that is planned with; the rest is for other programs and for what the plan does not see.
USABLE_SHARE = 0.9

_CGROUP = Path("/sys/fs/cgroup")


def free_host_bytes() -> int:
    """Main memory that this process may still take: of the machine, or of its container where that has less."""
    import psutil

    free = psutil.virtual_memory().available
    with contextlib.suppress(OSError, ValueError):  # no container, or one without a limit ("max")
        limit = int((_CGROUP / "memory.max").read_text())
        statistics = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        used = int((_CGROUP / "memory.current").read_text()) - int(statistics["inactive_file"])
        free = min(free, max(0, limit - used))
    return free


def free_device_bytes(device: torch.device) -> int | None:
    """Memory of a GPU that torch may still take; None on the CPU, and where nobody can tell."""
    import torch

    if device.type == "mps":
        return max(0, torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    if device.type != "cuda":
        return None
    try:
        free, _ = torch.cuda.mem_get_info(device)
    except RuntimeError:  # another process has it to itself
        return None
    return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
