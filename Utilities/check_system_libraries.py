"""Whether the shared libraries are there that drawing without a screen needs; standard library only.

``check_system_libraries.py pictures`` looks for what VTK needs, ``... tests`` for what the panel's tests (Qt) need too.
Only Linux is looked at: the other systems bring all of it. As root on Debian or Ubuntu the missing ones are installed;
otherwise they are named, with the command that installs them.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

_PICTURES: Mapping[str, str] = {"libGL.so.1": "libgl1", "libEGL.so.1": "libegl1", "libX11.so.6": "libx11-6"}
_QT: Mapping[str, str] = {
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
}
_PURPOSES = {"pictures": _PICTURES, "tests": {**_PICTURES, **_QT}}


def missing_packages(libraries: Mapping[str, str]) -> list[str]:
    """Debian packages of the libraries that the loader does not find."""
    return [package for library, package in libraries.items() if not _loads(library)]


def main(purpose: str) -> int:
    """Check, install where allowed; 0 when everything is there in the end."""
    if not sys.platform.startswith("linux"):
        return 0
    libraries = _PURPOSES[purpose]
    missing = missing_packages(libraries)
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"Installing system packages: {' '.join(missing)}", flush=True)
        subprocess.run(["apt-get", "update", "--quiet"], check=False)
        subprocess.run(["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *missing], check=False)
        missing = missing_packages(libraries)
    if not missing:
        return 0
    print(f"System libraries are missing that the {purpose} need. On Debian or Ubuntu:", file=sys.stderr)
    print(f"    sudo apt-get install {' '.join(missing)}", file=sys.stderr)
    print("Elsewhere, install the packages that hold:", file=sys.stderr)
    print(f"    {' '.join(library for library, package in libraries.items() if package in missing)}", file=sys.stderr)
    return 1


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
