"""What a case is called where nobody says."""

from __future__ import annotations

from pathlib import Path

_ENDINGS = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")


def case_name(volume: Path) -> str:
    """A case's default name: the file's without its endings, or the folder's."""
    name = volume.resolve().name
    for ending in _ENDINGS:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name
