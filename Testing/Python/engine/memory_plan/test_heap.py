"""Freed memory goes back to the system."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from UMambaXAILogic.engine.memory_plan.heap import kept_below_bytes

PROGRAM = """
import ctypes
import numpy as np
from UMambaXAILogic.engine.memory_plan.heap import give_back_large_pieces

class Facts(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]

library = ctypes.CDLL(None)
library.mallinfo2.restype = Facts

def taken_by_itself():
    before = library.mallinfo2().hblkhd
    piece = np.empty(16 * 2**20, dtype=np.uint8)
    taken = library.mallinfo2().hblkhd - before
    del piece
    assert library.mallinfo2().hblkhd == before
    return taken >= 16 * 2**20

large = np.empty(24 * 2**20, dtype=np.uint8)
del large  # from now on glibc keeps what is smaller
print(taken_by_itself())
give_back_large_pieces()
print(taken_by_itself())
"""


@pytest.mark.skipif(kept_below_bytes() == 0, reason="glibc's allocator alone keeps large pieces")
def test_large_pieces_are_taken_and_given_back_one_by_one(repository):
    # Such a variable, which Dask sets for its workers, would keep glibc from its habits.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=repository,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.stdout.split() == ["False", "True"]
