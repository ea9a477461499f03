"""What the user chose about the packages, as the application remembers it."""

from __future__ import annotations

from pathlib import Path

import qt

from .runtime.build import AUTOMATIC, CPU, CUDA

_BUILD, _WHEELS = "UMambaXAI/Build", "UMambaXAI/Wheels"


class PackagesSettings:
    """Kept in the application's settings, for all scenes."""

    @property
    def build(self) -> str:
        """``automatic``, ``cpu`` or ``cuda``."""
        stored = str(qt.QSettings().value(_BUILD, "") or "")
        return stored if stored in (AUTOMATIC, CPU, CUDA) else AUTOMATIC

    @build.setter
    def build(self, build: str) -> None:
        qt.QSettings().setValue(_BUILD, build)

    @property
    def wheels(self) -> Path | None:
        """Folder of wheels to install from, without the internet; None: from the internet."""
        stored = str(qt.QSettings().value(_WHEELS, "") or "")
        return Path(stored) if stored else None

    @wheels.setter
    def wheels(self, folder: Path | None) -> None:
        qt.QSettings().setValue(_WHEELS, "" if folder is None else str(folder))
