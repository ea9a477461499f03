"""Orders the worker's ``sys.path`` and puts the private runtime on it. Standard library only, and little of it.

The order is: the standard library and everything else that is no ``site-packages``, then the private runtime, then
every ``site-packages``. Launchers put their own ``site-packages`` in front of the standard library, and one there (or
in the runtime itself) may hold ``argparse`` 1.4.0, a dependency of a dependency of nnunetv2, which breaks any program
that gets it instead of the standard library's.
"""

from __future__ import annotations

import importlib
import site
import sys
from pathlib import Path

from ..errors import NotInstalledError


def place_packages(folder: Path | str | None) -> None:
    """Order ``sys.path``, with the private runtime ``folder`` on it where one is given.

    To be called before anything that comes from a package is imported.

    Raises:
        NotInstalledError: the folder is not there.
    """
    if folder is not None and not Path(folder).is_dir():
        raise NotInstalledError(
            f"The packages that the computation needs are not in {folder}: there is no such folder.",
            "Install them again.",
        )
    sys.path[:] = ordered_path(sys.path, None if folder is None else str(folder))
    importlib.invalidate_caches()
    if folder is not None:
        site.addsitedir(str(folder))  # only this honours the folder's .pth files


def ordered_path(path: list[str], folder: str | None) -> list[str]:
    """``path`` with ``folder`` after the standard library and before any ``site-packages``."""
    kept = [entry for entry in path if entry != folder]
    others = [entry for entry in kept if not _is_site_packages(entry)]
    installed = [entry for entry in kept if _is_site_packages(entry)]
    return [*others, *([] if folder is None else [folder]), *installed]


def _is_site_packages(entry: str) -> bool:
    return Path(entry).name in ("site-packages", "dist-packages")
