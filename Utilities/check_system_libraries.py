"""Whether what tests and pictures need from the system is there; standard library only.

``check_system_libraries.py pictures`` looks for the shared libraries that VTK needs to draw without a screen,
``... tests`` for those of the panel's tests (Qt) too, and for a browser, in which the report page is tested. Only Linux
is looked at: the other systems bring the libraries. As root on Debian or Ubuntu what is missing is installed; otherwise
it is named, with the command that installs it. Without a browser the other tests still make sense: those in the browser
are skipped, and say so.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

_PICTURES: Mapping[str, str] = {"libGL.so.1": "libgl1", "libEGL.so.1": "libegl1", "libX11.so.6": "libx11-6"}
_QT: Mapping[str, str] = {
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
}
_PURPOSES = {"pictures": _PICTURES, "tests": {**_PICTURES, **_QT}}
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
_BROWSERS_ELSEWHERE = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
)


def missing_packages(libraries: Mapping[str, str]) -> list[str]:
    """Debian packages of the libraries that the loader does not find."""
    return [package for library, package in libraries.items() if not _loads(library)]


def find_browser() -> str | None:
    """The program of a Chromium-based browser that starts on this machine, or None."""
    if not sys.platform.startswith("linux"):
        return next((path for path in _BROWSERS_ELSEWHERE if os.path.isfile(path)), None)
    return next((path for path in map(shutil.which, _BROWSERS) if path and _starts(path)), None)


def main(purpose: str) -> int:
    """Check, install where allowed; 0 when every library is there in the end."""
    if not sys.platform.startswith("linux"):
        return 0
    libraries = _PURPOSES[purpose]
    missing = missing_packages(libraries)
    if missing and _install(missing):
        missing = missing_packages(libraries)
    if purpose == "tests" and find_browser() is None and not (_install(["chromium"]) and find_browser()):
        print("No Chromium or Chrome is found: the tests of the report page in a browser are skipped.", file=sys.stderr)
        print("    On Debian: sudo apt-get install chromium; on Ubuntu: sudo snap install chromium", file=sys.stderr)
    if not missing:
        return 0
    print(f"System libraries are missing that the {purpose} need. On Debian or Ubuntu:", file=sys.stderr)
    print(f"    sudo apt-get install {' '.join(missing)}", file=sys.stderr)
    print("Elsewhere, install the packages that hold:", file=sys.stderr)
    print(f"    {' '.join(library for library, package in libraries.items() if package in missing)}", file=sys.stderr)
    return 1


def _install(packages: Sequence[str]) -> bool:
    """Install Debian packages where that is allowed; whether it was tried."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    print(f"Installing system packages: {' '.join(packages)}", flush=True)
    subprocess.run(["apt-get", "update", "--quiet"], check=False)
    subprocess.run(["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages], check=False)
    return True


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _starts(program: str) -> bool:
    """Ubuntu's ``chromium-browser`` is a script that only says where the browser would be had."""
    try:
        return subprocess.run([program, "--version"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
