"""The folders of a private runtime: the one in use, and those beside it while it is installed, changed or removed."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.errors import NotInstalledError

from .contents import read_marker


@dataclass(frozen=True)
class RuntimeFolders:
    """Where a runtime lies and is made. Only who holds the lock may change any of them; names are short for Windows.

    Args:
        target: the runtime that workers use.
    """

    target: Path

    @property
    def staging(self) -> Path:
        """The next runtime until it is verified."""
        return self._beside("n")

    @property
    def addition(self) -> Path:
        """What pip adds to packages that are kept."""
        return self._beside("a")

    @property
    def temporary(self) -> Path:
        """pip's downloads."""
        return self._beside("t")

    @property
    def outdated(self) -> Path:
        """The former runtime, and one that is being deleted."""
        return self._beside("o")

    def leftovers(self) -> tuple[Path, ...]:
        """What an interrupted installation or removal left behind."""
        beside = (self.staging, self.addition, self.temporary, self.outdated)
        return tuple(folder for folder in beside if os.path.lexists(folder))

    def clean(self) -> None:
        """Remove what an interrupted installation left; a runtime that was about to be replaced is put back.

        Raises:
            NotInstalledError: something cannot be removed.
        """
        if not self.target.exists() and read_marker(self.outdated) is not None:
            self.outdated.rename(self.target)
        for folder in self.leftovers():
            remove_tree(folder)

    def put_in_place(self) -> None:
        """``staging`` becomes ``target``; an older ``target`` makes room first and is removed last.

        Raises:
            NotInstalledError: something cannot be moved; the older ``target`` is as it was.
        """
        try:
            if self.target.exists():
                self.target.rename(self.outdated)
            try:
                self.staging.rename(self.target)
            except OSError:
                if self.outdated.exists():
                    self.outdated.rename(self.target)
                raise
        except OSError as error:
            raise NotInstalledError(
                f"{self.target} could not be put in place: {error.strerror or error}.",
                "Close programs that may have that folder open, and try again.",
            ) from error
        with contextlib.suppress(NotInstalledError):  # the new one works; the rest goes the next time
            if self.outdated.exists():
                remove_tree(self.outdated)

    def _beside(self, letter: str) -> Path:
        return self.target.with_name(self.target.name + letter)


def remove_tree(folder: Path, on_entry: Callable[[str, int, int], None] = lambda name, number, total: None) -> None:
    """Remove a folder and what is in it. A link in it is removed, and what it points to stays as it is.

    Args:
        on_entry: told name, number and total of what lies directly in the folder, before it goes; may raise to stop.

    Raises:
        NotInstalledError: it is a link itself, or something in it cannot be removed.
    """
    if is_link(folder):
        raise NotInstalledError(
            f"{folder} is a link to {os.path.realpath(folder)}, and only a folder is removed here.",
            "Remove the link by hand, and what it points to where you no longer need it.",
        )
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        for number, entry in enumerate(entries, start=1):
            on_entry(entry.name, number, len(entries))
            if entry.is_dir(follow_symlinks=False) and not is_link(Path(entry.path)):
                shutil.rmtree(entry.path, onerror=_make_writable)
        shutil.rmtree(folder, onerror=_make_writable)
    except FileNotFoundError:
        return
    except OSError as error:
        raise NotInstalledError(
            f"{error.filename or folder} could not be removed: {error.strerror or error}.",
            "Close programs that may use it (other Slicers too), and try again.",
        ) from error


def is_link(path: Path) -> bool:
    """Whether it is a symbolic link, or a junction of Windows."""
    try:
        facts = os.lstat(path)
    except OSError:
        return False
    reparse = getattr(facts, "st_file_attributes", 0) & getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0)
    return stat.S_ISLNK(facts.st_mode) or bool(reparse)


def folder_bytes(folder: Path) -> int:
    """Size of all files in a folder; links are not followed."""
    total = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                total += folder_bytes(Path(entry.path))
            else:
                total += entry.stat(follow_symlinks=False).st_size
    return total


def free_bytes(folder: Path) -> int:
    """Free space where ``folder`` lies or would be made."""
    existing = next(place for place in (folder, *folder.absolute().parents) if place.is_dir())
    return shutil.disk_usage(existing).free


def check_space(target: Path, needed_bytes: int) -> None:
    """Refuse before the download what would fill the disk after it.

    Raises:
        NotInstalledError: less than ``needed_bytes`` are free.
    """
    free = free_bytes(target.parent)
    if free < needed_bytes:
        raise NotInstalledError(
            f"Installing needs {needed_bytes / 1e9:.1f} GB in {target.parent}, and {free / 1e9:.1f} GB are free.",
            "Free some space, or name an existing Python under Packages instead.",
        )


def _make_writable(function: Callable[[str], Any], path: str, failure: Any) -> None:
    """Windows does not remove what is read-only, Linux nothing from a folder that is."""
    error = failure[1]
    if not isinstance(error, PermissionError):
        raise error
    try:
        os.chmod(os.path.dirname(path), stat.S_IRWXU)
        if not os.path.islink(path):
            os.chmod(path, stat.S_IRWXU)
        function(path)
    except OSError:
        raise error from None
