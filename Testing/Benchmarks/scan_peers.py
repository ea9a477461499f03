"""The scans that others run on a CPU: ``selective_scan_ref`` of mamba-ssm and ``pscan`` of mambapy.

mamba-ssm can be installed only with a CUDA compiler, so its source archive is fetched, checked by hash and kept in
``.benchmark-cache`` outside version control; the one function is loaded from it.
"""

from __future__ import annotations

import ast
import hashlib
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

CACHE = Path(__file__).resolve().parents[2] / ".benchmark-cache"
ARCHIVE = "mamba_ssm-2.3.2.post1.tar.gz"
ARCHIVE_SHA256 = "104cc47e9101e5401a675fa2b784f2952b9b037f3b1dd83b5ac544394e95d028"
REQUIREMENT = "mamba-ssm==2.3.2.post1"


def selective_scan_ref() -> Callable[..., torch.Tensor]:
    """mamba-ssm's own CPU implementation, of the same signature as this project's ``selective_scan``."""
    source = source_of_mamba_ssm("mamba_ssm/ops/selective_scan_interface.py")
    function = next(
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name == "selective_scan_ref"
    )
    from einops import rearrange, repeat

    names: dict[str, Any] = {"torch": torch, "F": F, "rearrange": rearrange, "repeat": repeat}
    exec(compile(ast.Module([function], []), ARCHIVE, "exec"), names)
    return names["selective_scan_ref"]


def mambapy_scan(u, delta, A, B, C, D) -> torch.Tensor:
    """The scan of mambapy's ``MambaBlock``, in its own layout (batch, L, channels), with softplus as in its block."""
    from mambapy.mamba import MambaBlock

    return MambaBlock.selective_scan(None, u, F.softplus(delta), A, B, C, D)


def source_of_mamba_ssm(name: str) -> str:
    """The text of a file of mamba-ssm's source archive, given its path in it."""
    archive = CACHE / ARCHIVE
    if not archive.exists():
        CACHE.mkdir(exist_ok=True)
        # Without this variable its set-up refuses to name itself where there is no nvcc.
        environment = os.environ | {"MAMBA_SKIP_CUDA_BUILD": "TRUE"}
        command = [sys.executable, "-m", "pip", "download", REQUIREMENT, "--dest", str(CACHE)]
        options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-binary", ":all:"]
        subprocess.run(command + options, env=environment, check=True)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != ARCHIVE_SHA256:
        raise SystemExit(f"{archive} has SHA-256 {digest} instead of {ARCHIVE_SHA256}. Remove it and start again.")
    with tarfile.open(archive) as content:
        member = content.extractfile(f"{ARCHIVE.removesuffix('.tar.gz')}/{name}")
        assert member is not None
        return member.read().decode()
