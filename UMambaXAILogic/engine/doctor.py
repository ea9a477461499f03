"""What is installed here, what would be used and why, and what to do about what is missing."""

from __future__ import annotations

import argparse
import importlib
import platform
import sys
import sysconfig
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import UMambaXAILogic

from .errors import NotInstalledError

OK, MISSING, BROKEN, NOTE = "ok", "missing", "broken", "note"

_PYTHONS = ((3, 11), (3, 13))
#: Distribution -> module; the package cannot work without these.
_NEEDED = {
    "torch": "torch",
    "nnunetv2": "nnunetv2",
    "numba": "numba",
    "numpy": "numpy",
    "SimpleITK": "SimpleITK",
    "scipy": "scipy",
    "scikit-image": "skimage",
    "psutil": "psutil",
    "rich": "rich",
}
#: Distribution -> (module, what it is for, how to get it).
_OPTIONAL = {
    "slicer-core": (
        "slicer",
        "rendered pictures of results outside 3D Slicer",
        "python -m pip install slicer-core",
    ),
    "transformers": (
        "transformers",
        "explaining SAM and MedSAM",
        "python -m pip install transformers",
    ),
    "highdicom": (
        "highdicom",
        "results as DICOM objects",
        "python -m pip install highdicom",
    ),
    "triton": (
        "triton",
        "the selective scan on NVIDIA GPUs",
        "on Linux it comes with a PyTorch for CUDA; to build its launcher it needs a C compiler (gcc or clang)",
    ),
    "mamba-ssm": (
        "mamba_ssm",
        "the selective scan on NVIDIA GPUs where triton is not",
        "on Linux with the CUDA compiler nvcc: python -m pip install mamba-ssm --no-build-isolation",
    ),
}


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Args:
        name: what it is.
        state: ``ok``, ``missing``, ``broken`` or ``note`` (not needed, but worth knowing).
        value: what was found.
        remedy: what to do; empty where nothing is to be done.
    """

    name: str
    state: str
    value: str
    remedy: str = ""


@dataclass(frozen=True)
class DeviceCheck:
    """A device and the scan backend that it would get (``reason`` says why)."""

    name: str
    description: str
    free_memory_mb: int | None
    total_memory_mb: int | None
    scan_backend: str
    reason: str


@dataclass(frozen=True)
class Examination:
    """Everything that was found."""

    checks: tuple[Check, ...]
    devices: tuple[DeviceCheck, ...]
    auto_device: str | None

    @property
    def is_healthy(self) -> bool:
        """Whether everything that is needed is there and works."""
        return not any(check.state in (MISSING, BROKEN) for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "ok": self.is_healthy,
            "checks": [asdict(check) for check in self.checks],
            "devices": [asdict(device) for device in self.devices],
            "auto_device": self.auto_device,
        }


def examine() -> Examination:
    """Look at everything; imports torch and nnunetv2, which takes a few seconds."""
    checks = [
        Check("umamba-xai", OK, UMambaXAILogic.__version__),
        _check_python(),
        _check_argparse(),
        *(_check_needed(name, module) for name, module in _NEEDED.items()),
        *(_check_optional(name) for name in _OPTIONAL),
        _check_torchvision(),
        *_check_scan_backends(),
        *_check_kernel_cache(),
        _check_demo_model(),
    ]
    try:
        from .device import resolve_device

        devices, auto_device = _examine_devices(), str(resolve_device("auto"))
    except ImportError:  # torch is already reported as missing or broken
        devices, auto_device = (), None
    return Examination(tuple(checks), devices, auto_device)


def _check_python() -> Check:
    version = platform.python_version()
    value = f"{version} at {sys.executable}"
    if _PYTHONS[0] <= sys.version_info[:2] <= _PYTHONS[1]:
        return Check("Python", OK, value)
    return Check("Python", BROKEN, value, "Use Python 3.11, 3.12 or 3.13.")


def _check_argparse() -> Check:
    """argparse 1.4.0 from the package index, pulled in by nnunetv2's dependencies, may shadow the standard one."""
    found = Path(str(argparse.__file__)).resolve()
    if found.is_relative_to(Path(sysconfig.get_path("stdlib")).resolve()) and "site-packages" not in found.parts:
        return Check("argparse", OK, "the standard library's")
    return Check("argparse", BROKEN, f"shadowed by {found}", "Run: python -m pip uninstall argparse")


def _check_needed(name: str, module: str) -> Check:
    version = _version(name)
    if version is None:
        return Check(name, MISSING, "not installed", f"Run: python -m pip install {name}")
    problem = _import_problem(module)
    if problem is not None:
        return Check(name, BROKEN, f"{version}, does not import: {problem}", f"Reinstall {name}.")
    return Check(name, OK, version)


def _check_optional(name: str) -> Check:
    module, purpose, remedy = _OPTIONAL[name]
    version = _version(name)
    if version is None:
        return Check(name, NOTE, f"not installed; for {purpose}", f"If wanted, {remedy}")
    if name == "slicer-core":  # importing it would load the whole of VTK for nothing
        return Check(name, OK, version)
    problem = _import_problem(module)
    if problem is not None:
        return Check(name, NOTE, f"{version}, does not import: {problem}", f"Reinstall it: {remedy}")
    return Check(name, OK, version)


def _check_torchvision() -> Check:
    """A torchvision of another build than torch breaks everything that imports it, above all timm."""
    version = _version("torchvision")
    if version is None:
        return Check("torchvision", OK, "not installed, not needed")
    problem = _import_problem("torchvision")
    if problem is None:
        return Check("torchvision", OK, version)
    return Check(
        "torchvision",
        NOTE,
        f"{version}, does not import: {problem}",
        "Not needed here; other programs may need it. Install the torchvision from where torch came from,"
        " so that both are built alike.",
    )


def _check_scan_backends() -> list[Check]:
    try:
        from .model.selective_scan import available_backends

        backends = available_backends()
    except ImportError:
        return []
    return [
        Check(f"scan backend {name}", OK if obstacle is None else NOTE, obstacle or "can be used")
        for name, obstacle in backends.items()
    ]


def _check_kernel_cache() -> list[Check]:
    """Compiled kernels are kept between runs: without that every start takes some seconds longer."""
    try:
        from .model.cpu_kernels.compilation import cache_folder
    except ImportError:  # numba is already reported as missing or broken
        return []
    folder = cache_folder()
    if folder is not None:
        return [Check("compiled kernels", OK, f"kept in {folder}")]
    return [
        Check(
            "compiled kernels",
            NOTE,
            "cannot be kept: every start takes some seconds longer",
            "Set NUMBA_CACHE_DIR to a folder that can be written to.",
        )
    ]


def _check_demo_model() -> Check:
    from .resources import resource_path

    try:
        return Check("demo model", OK, str(resource_path("demo_model")))
    except NotInstalledError as error:
        return Check("demo model", MISSING, error.message, error.remedy)


def _examine_devices() -> tuple[DeviceCheck, ...]:
    from .device import list_devices, why_no_cuda
    from .model.selective_scan import choose_backend

    found = []
    for facts in list_devices():
        choice = choose_backend(facts.name)
        reason = choice.reason
        if facts.name == "cpu" and why_no_cuda():
            reason = f"{reason}; {why_no_cuda()}"
        found.append(DeviceCheck(**asdict(facts), scan_backend=choice.name, reason=reason))
    return tuple(found)


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _import_problem(module: str) -> str | None:
    try:
        importlib.import_module(module)
    except Exception as error:  # a broken package fails in many ways: missing library, other build, too new a numpy
        return (str(error).strip().splitlines() or [type(error).__name__])[0]
    return None
