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
from .arguments import ScanArguments

BACKENDS = {
    "numba": "numba_cpu",
    "triton": "triton_gpu",
    "mamba-ssm": "mamba_ssm",
    "torch-chunked": "torch_chunked",
    "reference": "reference",
}
"""Backend name -> its module in this package."""

_FUSED = {
    "cpu": {"numba": "the fused CPU kernels are installed"},
    "cuda": {
        "triton": "its kernels work here, and cut long sequences into tiles that run side by side",
        "mamba-ssm": "its CUDA kernels are installed",
    },
}
"""Device type -> its fused backends, best first, and what speaks for them.

Triton's comes before mamba-ssm's: that one gives a channel of a batch item to one thread block, so that the 64 scans
over two million steps of U-Mamba's highest stage leave most of a GPU idle, and adds gradients of B and C atomically,
so that they differ from run to run.
"""


@dataclass(frozen=True)
class Choice:
    """The backend that will be used, and the reason in one sentence."""

    name: str
    reason: str


def available_backends() -> dict[str, str | None]:
    """Backend name -> None where it can be used on this machine, otherwise what is missing."""
    return {name: _obstacle(name) for name in BACKENDS}


def backend_obstacle(name: str) -> str | None:
    """None where the backend can be used on this machine, otherwise what is missing; the others are not looked at."""
    return _obstacle(name)


def choose_backend(
    device: torch.device | str, requested: str = "auto", arguments: ScanArguments | None = None
) -> Choice:
    """Pick the backend for tensors on ``device``.

    Args:
        device: where the tensors live.
        requested: ``auto`` or a name from ``BACKENDS``.
        arguments: of the scan, where they are known: ``auto`` passes over a backend that does not compute it.

    Raises:
        UsageError: ``requested`` is no backend.
        NotInstalledError: ``requested`` cannot be used here; it is never replaced by another.
    """
    device_type = torch.device(device).type
    if requested == "auto" and arguments is not None:
        return _automatic_choice(device_type, arguments)
    return _choose(device_type, requested)


@cache
def load_backend(name: str) -> ModuleType:
    """Import a backend's module; it offers ``scan(arguments, return_last_state)``.

    Where it does not compute every scan, ``misfit(arguments)`` says why not, or None.
    """
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
    if obstacle is None and requested in _FUSED["cuda"] and device_type != "cuda":
        obstacle = f"it computes on CUDA devices only, and the tensors are on {device_type}"
    if obstacle is not None:
        raise NotInstalledError(f"The scan backend {requested!r} cannot be used: {obstacle}.", _remedy(requested))
    return Choice(requested, "it was asked for")


def _automatic_choice(device_type: str, arguments: ScanArguments | None = None) -> Choice:
    passed_over = []
    for name, reason in _FUSED.get(device_type, {}).items():
        obstacle = _obstacle(name)
        if obstacle is not None:
            passed_over.append(f"{name} cannot be used: {obstacle}. {_remedy(name)}")
            continue
        misfit = _misfit(name, arguments)
        if misfit is None:
            return Choice(name, " ".join([*passed_over, reason]))
        passed_over.append(misfit)
    return Choice("torch-chunked", " ".join(passed_over) or f"there are no fused kernels for {device_type} devices")


def _misfit(name: str, arguments: ScanArguments | None) -> str | None:
    """Why a backend that works here does not compute this scan, or None."""
    misfit = None if arguments is None else getattr(load_backend(name), "misfit", None)
    return misfit(arguments) if misfit else None


@cache
def _obstacle(name: str) -> str | None:
    """What keeps a backend from working on this machine, or None."""
    if name == "numba":
        return _numba_obstacle()
    if name == "mamba-ssm":
        return _mamba_ssm_obstacle()
    if name == "triton":
        return importlib.import_module(f"{__package__}.triton_check").obstacle()
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
    if name == "triton":
        return (
            "It needs an NVIDIA GPU, a PyTorch for CUDA, on Linux with the triton that comes with it, and a C compiler "
            "(gcc or clang) with Python's headers, by which Triton builds its launcher."
        )
    return (
        "It needs Linux, an NVIDIA GPU and: pip install mamba-ssm --no-build-isolation (with the CUDA compiler nvcc)."
    )
