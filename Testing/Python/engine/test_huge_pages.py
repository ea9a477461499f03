"""torch fetches memory in large pages once the engine is there to be used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SETTING = Path("/sys/kernel/mm/transparent_hugepage/enabled")
ASKED = "import os, UMambaXAILogic.engine.{module}; print(os.environ['THP_MEM_ALLOC_ENABLE'])"
PAGE_FAULTS = """
import resource
import torch
import UMambaXAILogic.engine.model
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
torch.zeros(2**24)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def printed(code: str, **environment: str) -> int:
    others = {name: value for name, value in os.environ.items() if name != "THP_MEM_ALLOC_ENABLE"}
    command = [sys.executable, "-c", code]
    return int(subprocess.run(command, env=others | environment, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("module", ["model", "device"])
def test_whatever_makes_tensors_asks_first(module):
    assert printed(ASKED.format(module=module)) == 1


def test_the_users_choice_stays():
    assert printed(ASKED.format(module="model"), THP_MEM_ALLOC_ENABLE="0") == 0


@pytest.mark.skipif(
    not SETTING.exists() or "[madvise]" not in SETTING.read_text(), reason="this system gives none, or always"
)
def test_a_large_tensor_takes_few_page_faults():
    small_pages = 2**24 * 4 // 4096
    assert printed(PAGE_FAULTS) < small_pages / 4
