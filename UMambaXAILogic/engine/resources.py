"""Files that ship with the package: the demo model, templates, tables."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from .errors import NotInstalledError

_PACKAGE = "UMambaXAILogic"


def resource_path(name: str) -> Path:
    """Path of a shipped file or folder, by its path below ``Resources``.

    An installed package keeps its resources inside itself; in the source tree they lie beside the package.

    Raises:
        NotInstalledError: this installation does not contain it.
    """
    package = Path(str(files(_PACKAGE)))
    candidates = (package / "Resources" / name, package.parent / "Resources" / name)
    for candidate in candidates:
        if candidate.exists():
            return candidate
    raise NotInstalledError(
        f"The shipped resource {name!r} is missing from this installation ({package}).",
        "Install the package again.",
    )
