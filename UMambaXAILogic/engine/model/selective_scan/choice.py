"""Which backend a device gets, and why. Nothing is decided anywhere else, and nothing is swapped silently."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

import torch

from ...errors import NotInstalledError, UsageError

BACKENDS = {
    "numba": "numba_cpu",
    "mamba-ssm": "mamba_ssm",
    "torch-chunked": "torch_chunked",
    "reference": "reference",
}
"""Backend name -> its module in this package."""


@dataclass(frozen=True)
class Choice:
    """The backend that will be used, and the reason in one sentence."""

    name: str
    reason: str


def available_backends() -> dict[str, str | None]:
    """Backend name -> None where it can be used on this machine, otherwise what is missing."""
    return {name: _obstacle(name) for name in BACKENDS}


def choose_backend(device: torch.device | str, requested: str = "auto") -> Choice:
    """Pick the backend for tensors on ``device``.

    Args:
        device: where the tensors live.
        requested: ``auto`` or a name from ``BACKENDS``.

    Raises:
        UsageError: ``requested`` is no backend.
        NotInstalledError: ``requested`` cannot be used here; it is never replaced by another.
    """
    return _choose(torch.device(device).type, requested)


@cache
def load_backend(name: str) -> ModuleType:
    """Import a backend's module; it offers ``scan(arguments, return_last_state)``."""
    return importlib.import_module(f"{__package__}.{BACKENDS[name]}")


@cache
def _choose(device_type: str, requested: str) -> Choice:
    if requested == "auto":
        return _automatic_choice(device_type)
    if requested not in BACKENDS:
        raise UsageError(
            f"{requested!r} is not a backend of the selective scan.", f"Choose auto or one of {', '.join(BACKENDS)}."
        )
    obstacle = _obstacle(requested)
    if obstacle is None and requested == "numba" and device_type != "cpu":
        obstacle = f"it computes on the CPU only, and the tensors are on {device_type}"
    if obstacle is None and requested == "mamba-ssm" and device_type != "cuda":
        obstacle = f"it computes on CUDA devices only, and the tensors are on {device_type}"
    if obstacle is not None:
        raise NotInstalledError(f"The scan backend {requested!r} cannot be used: {obstacle}.", _remedy(requested))
    return Choice(requested, "it was asked for")


def _automatic_choice(device_type: str) -> Choice:
    if device_type == "cpu":
        obstacle = _obstacle("numba")
        if obstacle is None:
            return Choice("numba", "the fused CPU kernels are installed")
        return Choice("torch-chunked", f"the fused CPU kernels cannot be used: {obstacle}. {_remedy('numba')}")
    if device_type == "cuda":
        obstacle = _obstacle("mamba-ssm")
        if obstacle is None:
            return Choice("mamba-ssm", "its CUDA kernels are installed")
        return Choice("torch-chunked", f"mamba-ssm cannot be used: {obstacle}. {_remedy('mamba-ssm')}")
    return Choice("torch-chunked", f"there are no fused kernels for {device_type} devices")


@cache
def _obstacle(name: str) -> str | None:
    """What keeps a backend from working on this machine, or None."""
    if name == "numba":
        return _numba_obstacle()
    if name == "mamba-ssm":
        return _mamba_ssm_obstacle()
    return None


def _numba_obstacle() -> str | None:
    if importlib.util.find_spec("numba") is None:
        return "the package numba is not installed"
    try:
        config: Any = importlib.import_module("numba").config
    except Exception as error:  # a broken install (numpy too new, missing library) fails in many ways
        return f"the package numba does not import ({error})"
    return "just-in-time compilation is switched off by NUMBA_DISABLE_JIT" if config.DISABLE_JIT else None


def _mamba_ssm_obstacle() -> str | None:
    if not torch.cuda.is_available():
        return "there is no CUDA device"
    try:
        importlib.import_module("mamba_ssm.ops.selective_scan_interface")
    except Exception as error:  # missing package, or kernels built for another torch
        return f"mamba_ssm.ops.selective_scan_interface does not import ({error})"
    return None


def _remedy(name: str) -> str:
    if name == "numba":
        return "Use it on the CPU, and install it with: pip install numba."
    return (
        "It needs Linux, an NVIDIA GPU and: pip install mamba-ssm --no-build-isolation (with the CUDA compiler nvcc)."
    )
