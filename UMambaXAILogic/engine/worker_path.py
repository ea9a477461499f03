"""Puts the private runtime on the worker's path. Standard library only: the worker imports it before anything else.

The order is: the standard library and everything else that is no ``site-packages``, then the private runtime, then
every ``site-packages``. Launchers put their own ``site-packages`` in front of the standard library, and one there (or
in the runtime itself) may hold ``argparse`` 1.4.0, a dependency of a dependency of nnunetv2, which breaks any program
that gets it instead of the standard library's.
"""

from __future__ import annotations

import site
import sys
from pathlib import Path

OPTION = "--packages"


def place_packages(arguments: list[str]) -> None:
    """Take ``--packages DIR`` out of ``arguments`` (``sys.argv``, changed in place) and order ``sys.path``.

    Raises:
        SystemExit: the option has no folder, or the folder is not there (status 6: not installed).
    """
    folder = _take_option(arguments)
    sys.path[:] = ordered_path(sys.path, folder)
    if folder:
        site.addsitedir(folder)  # only this honours the folder's .pth files


def ordered_path(path: list[str], folder: str | None) -> list[str]:
    """``path`` with ``folder`` after the standard library and before any ``site-packages``."""
    installed = [entry for entry in path if _is_site_packages(entry)]
    others = [entry for entry in path if not _is_site_packages(entry) and entry != folder]
    return [*others, *([folder] if folder else []), *(entry for entry in installed if entry != folder)]


def _is_site_packages(entry: str) -> bool:
    return Path(entry).name in ("site-packages", "dist-packages")


def _take_option(arguments: list[str]) -> str | None:
    if OPTION not in arguments:
        return None
    position = arguments.index(OPTION)
    value = arguments[position + 1 : position + 2]
    if not value or not Path(value[0]).is_dir():
        print(f"{OPTION} {' '.join(value)}: no such folder. Install the packages again.", file=sys.stderr)
        raise SystemExit(6)
    del arguments[position : position + 2]
    return value[0]
