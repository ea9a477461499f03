"""The private runtime: which folder, what belongs into it, what is there.

torch, nnunetv2 and the rest are installed into a folder of their own that only the worker puts on its path, so that
Slicer's Python and other extensions' packages stay as they are.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import machinery
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.atomic import write_text

#: What the engine needs, and what its DICOM export and SAM need besides; as in pyproject.toml, less what only the
#: terminal uses.
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
    "highdicom>=0.28,<0.29",
    "transformers>=5",
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
    "highdicom",
    "transformers",
)
#: What segmenting and explaining need of these: a Python that somebody brings may lack the others.
NEEDED_MODULES = tuple(name for name in MODULES if name not in ("highdicom", "transformers"))
#: Written last into an installed runtime.
MARKER = "umamba-xai-runtime.json"


@dataclass(frozen=True)
class Marker:
    """What an installed runtime says of itself.

    Args:
        requirements: that were asked for.
        fingerprint: of the requirements and tested versions that it was installed from.
        build: tag of PyTorch's build: ``cpu``, ``cu126``, ``cu130``.
        packages: version of everything that was installed, by the name of its distribution.
        versions: what each imported module says of its version.
        size_bytes: of all files.
        problem: what the last check found broken; empty: nothing.
    """

    requirements: tuple[str, ...]
    fingerprint: str
    build: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    size_bytes: int = 0
    problem: str = ""

    def write(self, folder: Path) -> None:
        """Into the runtime's folder, as a whole or not at all."""
        write_text(folder / MARKER, json.dumps(asdict(self), indent=1))


def read_marker(folder: Path) -> Marker | None:
    """What the runtime in ``folder`` says of itself, or None where no installation was completed."""
    try:
        content: dict[str, Any] = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        return Marker(
            requirements=tuple(map(str, content["requirements"])),
            fingerprint=str(content.get("fingerprint", "")),
            build=str(content.get("build", "")),
            packages=_texts(content.get("packages")),
            versions=_texts(content.get("versions")),
            size_bytes=int(content.get("size_bytes", 0)),
            problem=str(content.get("problem", "")),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def folder_name() -> str:
    """Name of a runtime for this Python: compiled packages fit one minor version only. Short: Windows limits paths."""
    return f"py{sys.version_info.major}{sys.version_info.minor}"


def constraints_file() -> Path:
    """The versions that were tested together: beside the package's resources, or in the checkout's root."""
    package = Path(__file__).resolve().parents[2]
    installed = package / "Resources" / "constraints.txt"
    return installed if installed.is_file() else package.parent / "constraints.txt"


def pinned_versions(constraints: Path) -> dict[str, str]:
    """Version by canonical name, from lines ``name==version``."""
    lines = (line.partition("#")[0].strip() for line in constraints.read_text(encoding="utf-8").splitlines())
    pins = (line.partition("==") for line in lines if "==" in line)
    return {canonical(name.strip()): version.strip() for name, _, version in pins}


def canonical(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return "-".join(part for part in name.lower().replace("_", "-").replace(".", "-").split("-") if part)


def fingerprint(requirements: tuple[str, ...], versions: Mapping[str, str]) -> str:
    """Changes whenever another installation would be made.

    Args:
        versions: the tested version of each package that is part of a runtime; others do not matter.
    """
    lines = [*sorted(requirements), *(f"{name}=={version}" for name, version in sorted(versions.items()))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def is_usable(marker: Marker | None, folder: Path) -> bool:
    """Whether workers can compute with the runtime in ``folder``, as far as can be told without importing anything."""
    return (
        marker is not None
        and marker.requirements == REQUIREMENTS
        and not marker.problem
        and not missing_modules(folder, tuple(marker.versions))
    )


def missing_modules(folder: Path, modules: tuple[str, ...]) -> tuple[str, ...]:
    """Modules of which there is not even a file, without importing any."""
    finder = machinery.FileFinder(
        str(folder),
        (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
        (machinery.SourceFileLoader, machinery.SOURCE_SUFFIXES),
    )
    found = {name: finder.find_spec(name) for name in modules}
    return tuple(name for name, spec in found.items() if spec is None or spec.loader is None)  # None: an empty folder


def _texts(content: Any) -> dict[str, str]:
    return {str(name): str(value) for name, value in (content or {}).items()}
