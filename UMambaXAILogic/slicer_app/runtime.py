"""The private runtime: which folder, what belongs into it, whether it is there.

torch, nnunetv2 and the rest are installed into a folder of their own that only the worker puts on its path, so that
Slicer's Python and other extensions' packages stay as they are.
"""

from __future__ import annotations

import json
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

#: What the engine needs; the same list as in pyproject.toml, less what only the terminal uses.
REQUIREMENTS = (
    "torch>=2.6",
    "nnunetv2>=2.8,<2.9",
    "numba>=0.61",
    "numpy>=1.26",
    "SimpleITK>=2.4",
    "nibabel>=5",
    "scipy>=1.12",
    "scikit-image>=0.22",
    "matplotlib>=3.8",
    "pillow>=10",
    "psutil>=5.9",
    "filelock>=3.12",
    "distributed>=2025.1",
    "pyarrow>=17",
)
#: Imported after installing, to see that they work together.
MODULES = (
    "torch",
    "nnunetv2",
    "numba",
    "numpy",
    "SimpleITK",
    "nibabel",
    "scipy",
    "skimage",
    "matplotlib",
    "PIL",
    "psutil",
    "filelock",
    "distributed",
    "pyarrow",
)
#: Written last into an installed runtime.
MARKER = "umamba-xai-runtime.json"

_TORCH_INDEX = "https://download.pytorch.org/whl"
_CUDA_TAG = "cu126"
_CPU_GB, _CUDA_GB = 2.5, 8.0


@dataclass(frozen=True)
class Build:
    """Which build of torch fits the machine.

    Args:
        name: ``CUDA`` or ``CPU``.
        index: package index to look at besides PyPI, or None where PyPI has that build.
        size_gb: disk space of the whole runtime, roughly.
    """

    name: str
    index: str | None
    size_gb: float


def build_for(system: str, has_nvidia_driver: bool) -> Build:
    """The build for an operating system (``platform.system()``).

    PyPI's torch is the CUDA build on Linux and the CPU build on Windows and macOS.
    """
    if system == "Linux":
        return Build("CUDA", None, _CUDA_GB) if has_nvidia_driver else Build("CPU", f"{_TORCH_INDEX}/cpu", _CPU_GB)
    if system == "Windows" and has_nvidia_driver:
        return Build("CUDA", f"{_TORCH_INDEX}/{_CUDA_TAG}", _CUDA_GB)
    return Build("CPU", None, _CPU_GB)


def build_for_this_machine() -> Build:
    """The build of torch that fits here; every NVIDIA driver brings ``nvidia-smi``."""
    return build_for(platform.system(), shutil.which("nvidia-smi") is not None)


def folder_name() -> str:
    """Name of a runtime for this Python: compiled packages fit one minor version only. Short: Windows limits paths."""
    return f"py{sys.version_info.major}{sys.version_info.minor}"


def constraints_file() -> Path:
    """The versions that were tested together: beside the package's resources, or in the checkout's root."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "Resources" / "constraints.txt"
    return installed if installed.is_file() else package.parent / "constraints.txt"


def is_installed(folder: Path) -> bool:
    """Whether an installation into ``folder`` was completed for this version of the requirements."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return marker.get("requirements") == list(REQUIREMENTS)
