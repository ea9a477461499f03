"""Finding a release below or above the folder that was named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..errors import InputError
from .aliases import public_text

_SHOWN = 8


def find_release(path: Path, is_release: Callable[[Path], bool], expected: str) -> Path:
    """The folder of a release: ``path`` itself, one of the two folders above it, or the only one directly in it.

    Args:
        path: as named by the user.
        is_release: whether a folder holds the release.
        expected: what a release's folder holds, for the message.

    Raises:
        InputError: there is none, or several; the message says what was expected and what is there.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist.", "Check the path.")
    if not path.is_dir():
        what = "an archive" if path.suffix.lower() in (".zip", ".tar", ".gz", ".7z") else "a file"
        raise InputError(f"{path} is {what}.", f"Unpack the release and name its folder, which holds {expected}.")
    for folder in (path, *path.absolute().parents[:2]):
        if is_release(folder):
            return folder
    inside = sorted(child for child in path.iterdir() if child.is_dir())
    found = [child for child in inside if is_release(child)]
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(child.name for child in found)
        raise InputError(f"{path} holds several releases: {listed}.", "Name one of these folders.")
    entries = sorted(child.name + ("/" if child.is_dir() else "") for child in path.iterdir())
    more = f" and {len(entries) - _SHOWN} more" if len(entries) > _SHOWN else ""
    there = public_text(", ".join(entries[:_SHOWN]), path, {}) + more if entries else "nothing"
    raise InputError(
        f"{path} is not the folder of the release, nor is the one above it or one directly in it: expected are "
        f"{expected}; there is {there}.",
        "Name the folder into which the release was unpacked.",
    )
