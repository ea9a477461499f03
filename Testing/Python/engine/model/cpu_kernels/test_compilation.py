"""Machine code is kept where it can be written, and never outlives the sources it was made from."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from UMambaXAILogic.engine.model.cpu_kernels import compilation


@pytest.fixture
def anew():
    """Forget the folder chosen before."""
    compilation.cache_folder.cache_clear()
    yield
    compilation.cache_folder.cache_clear()


def read_only_sources(monkeypatch, tmp_path: Path) -> Path:
    """Let the package seem to lie where nothing can be created: below a file."""
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    monkeypatch.setattr(compilation, "__file__", str(blocked / "compilation.py"))
    monkeypatch.setattr(compilation, "source_digest", lambda: "digest")
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    return blocked


def test_the_variable_of_numba_decides(anew, monkeypatch, tmp_path):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "chosen"))
    folder = compilation.cache_folder()
    assert folder is not None and folder.parent == tmp_path / "chosen" and folder.is_dir()


def test_a_read_only_installation_uses_the_users_cache(anew, monkeypatch, tmp_path):
    read_only_sources(monkeypatch, tmp_path)
    monkeypatch.setattr(compilation, "user_cache", lambda: tmp_path / "cache")
    assert compilation.cache_folder() == tmp_path / "cache" / "umamba-xai" / "kernels-digest"


def test_nowhere_to_write_is_said_once_and_compiles_all_the_same(anew, monkeypatch, tmp_path, caplog):
    blocked = read_only_sources(monkeypatch, tmp_path)
    monkeypatch.setattr(compilation, "user_cache", lambda: blocked)

    def double(x):
        return 2 * x

    with caplog.at_level(logging.WARNING):
        assert compilation.kernel(double)(21) == 42
        compilation.kernel(double)
    assert caplog.text.count("NUMBA_CACHE_DIR") == 1


def test_a_change_in_any_source_changes_the_folder(tmp_path, monkeypatch):
    sources = Path(compilation.__file__).parent
    copy = tmp_path / "copy"
    shutil.copytree(sources, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(compilation, "__file__", str(copy / "compilation.py"))
    compilation.source_digest.cache_clear()
    try:
        before = compilation.source_digest()
        compilation.source_digest.cache_clear()
        with (copy / "lane_math.py").open("a") as file:
            file.write("# changed\n")
        assert compilation.source_digest() != before
    finally:
        compilation.source_digest.cache_clear()


MAMBA_LAYER_FORWARD_AND_BACKWARD = """
import torch
from UMambaXAILogic.engine.model.mamba import MambaLayer

x = torch.ones(1, 8, 2, 3, 4, requires_grad=True)
MambaLayer(8).requires_grad_(False)(x).sum().backward()

from UMambaXAILogic.engine.model.cpu_kernels import convolution, scan_backward, scan_forward

kernels = [scan_forward.forward, scan_backward.backward, scan_backward.add_shares]
kernels += [convolution.convolve, convolution.convolve_backward]
print(*(sum(sum(count.values()) for count in counts) for counts in (
    [kernel.stats.cache_hits for kernel in kernels], [kernel.stats.cache_misses for kernel in kernels]
)))
"""


def test_a_second_process_compiles_nothing(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", MAMBA_LAYER_FORWARD_AND_BACKWARD]
    answers = [
        subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300).stdout.split()
        for _ in range(2)
    ]
    assert answers == [["0", "5"], ["5", "0"]]  # found, compiled
