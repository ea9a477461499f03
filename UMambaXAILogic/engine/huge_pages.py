"""Large pages for torch's tensors: a network on the CPU then spends its time computing instead of fetching pages.

A feature map of 64 MiB is 16,384 pages of 4 KiB, each of which the system finds and clears when it is first written,
for every operation anew: a sixth of the time of a window. In pages of 2 MiB it is 32. torch asks Linux for them if a
variable of the environment says so, which it reads when it makes its first tensor. Elsewhere the variable does nothing.
"""

from __future__ import annotations

import os


def ask_for_huge_pages() -> None:
    """To be called before the first tensor is made; whoever has set ``THP_MEM_ALLOC_ENABLE`` keeps their choice."""
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
