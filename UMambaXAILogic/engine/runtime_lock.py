"""Who uses the private runtime: any number of workers at once, or one process that changes it.

The lock file lies beside the runtime's folder. The operating system lets go of a lock when its process ends, however it
ends, so nothing has to be cleaned up after a crash. Standard library only: workers take it before they have packages.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from pathlib import Path
from typing import Any

from .errors import NotInstalledError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

#: Windows has no shared locks: each user locks a byte of its own, a change locks them all. They lie far behind the
#: text, because nobody can read a locked byte.
_FIRST_BYTE = 1 << 20
_USERS = 64
#: Some network drives know no locks; there nothing keeps two Slicers apart.
_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


class RuntimeLock:
    """Keeps a private runtime from being changed while it is used, and from being used while it is changed.

    Args:
        folder: of the runtime; it need not exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder.with_name(f"{folder.name}.lock")
        self._file: int | None = None

    def use(self) -> None:
        """Use the runtime until ``release`` or the end of this process.

        Where there is no runtime, nothing is locked. Nor is it where the lock file can be neither made nor opened: the
        folder belongs to somebody else then, and nobody who works like this one can change it.

        Raises:
            NotInstalledError: it is being changed.
        """
        if not self.folder.is_dir():
            return
        try:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError:
            return
        if not _lock(file, shared=True):
            doing = _read(file).get("doing", "changed")
            os.close(file)
            raise NotInstalledError(
                f"The packages in {self.folder} are being {doing}, perhaps by another Slicer.",
                "Wait for that to end, and run again.",
            )
        self._file = file

    def change(self, doing: str) -> None:
        """Have the runtime for this process alone, until ``release`` or its end.

        Args:
            doing: what happens to it, as others shall read it: "installed", "deleted".

        Raises:
            NotInstalledError: somebody uses or changes it.
            OSError: the place cannot be written.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            if not _lock(file, shared=False):
                error = self._held(file)
                os.close(file)
                raise error
            if self._is_current(file):
                break
            os.close(file)  # its last owner removed it between our opening and locking it
        self._file = file
        _write(file, {"doing": doing, "process": os.getpid(), "since": time.strftime("%H:%M")})

    def release(self, remove: bool = False) -> None:
        """Let go; nothing to do where nothing is held.

        Args:
            remove: the lock file goes too. Only for who holds it alone.
        """
        file, self._file = self._file, None
        if file is None:
            return
        if remove and fcntl is not None:
            self.path.unlink(missing_ok=True)
        os.close(file)
        if remove and fcntl is None:
            with contextlib.suppress(OSError):  # Windows does not remove what another process has just opened
                self.path.unlink(missing_ok=True)

    def _held(self, file: int) -> NotInstalledError:
        if _lock(file, shared=True):
            return NotInstalledError(
                f"A computation is using the packages in {self.folder}, here or in another Slicer.",
                "Wait for it to end, or cancel it, and try again.",
            )
        owner = _read(file)
        who = f" (process {owner['process']}, since {owner['since']})" if owner else ""
        return NotInstalledError(
            f"Another Slicer is at work on the packages in {self.folder}{who}: they are being "
            f"{owner.get('doing', 'changed')}.",
            "Wait for that to end. If that Slicer hangs, end it and try again.",
        )

    def _is_current(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), os.stat(self.path))
        except OSError:
            return False


def _lock(file: int, shared: bool) -> bool:
    """Whether the lock was had; another kind of lock that this file holds is given up for it."""
    if fcntl is None:
        if shared:
            return any(_lock_bytes(file, _FIRST_BYTE + user, 1) for user in range(_USERS))
        return _lock_bytes(file, _FIRST_BYTE, _USERS)
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _NO_LOCKS
    return True


def _lock_bytes(file: int, first: int, count: int) -> bool:
    import msvcrt

    os.lseek(file, first, os.SEEK_SET)
    try:
        msvcrt.locking(file, msvcrt.LK_NBLCK, count)  # type: ignore[attr-defined]
    except OSError:
        return False
    return True


def _read(file: int) -> dict[str, Any]:
    os.lseek(file, 0, os.SEEK_SET)
    with contextlib.suppress(ValueError, OSError):
        content = json.loads(os.read(file, 4096))
        if isinstance(content, dict):
            return content
    return {}


def _write(file: int, content: dict[str, Any]) -> None:
    os.ftruncate(file, 0)
    os.lseek(file, 0, os.SEEK_SET)
    os.write(file, json.dumps(content).encode())
