"""``highdicom``, which writes the DICOM objects; an optional package."""

from __future__ import annotations

import importlib

from ..errors import NotInstalledError

_REMEDY = "In Slicer update the packages, in the panel under Packages. Elsewhere run: python -m pip install highdicom"


def check_highdicom() -> None:
    """Raise where DICOM objects cannot be written.

    Raises:
        NotInstalledError: highdicom is not installed, or does not import.
    """
    try:
        importlib.import_module("highdicom")
    except ModuleNotFoundError as error:
        missing = error.name or "highdicom"
        raise NotInstalledError(
            f"Writing DICOM needs the package {missing}, which is not installed.",
            _REMEDY,
        ) from error
    except ImportError as error:
        raise NotInstalledError(
            f"The package highdicom is installed and does not import: {error}.",
            "In Slicer repair the packages, in the panel under Packages. Elsewhere run: python -m pip install "
            "--force-reinstall highdicom",
        ) from error
