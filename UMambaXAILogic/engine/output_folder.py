"""An output folder for as long as one run writes into it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import traceback
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from .errors import UsageError
from .unfinished import LOCK_NAME, UNFINISHED_PREFIX, remove_unfinished


def refuse_file(folder: Path) -> None:
    """Refuse a file in an output folder's place, before anything is computed.

    Raises:
        UsageError: it is one.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"The output {folder} is a file.", "Name a folder; it is created if missing.")


class OutputFolder:
    """Makes the folder if it is missing, keeps other runs out of it, and offers a hidden place inside it.

    A folder that was made here and is empty at an unhappy end is removed again.

    Args:
        path: of the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._made = False
        self._staging: Path | None = None
        # The system lets go of it when the process dies, however it dies.
        self._lock = FileLock(path / LOCK_NAME, timeout=0, is_singleton=False)

    @property
    def staging(self) -> Path:
        """A folder on the same disk that nobody else uses and that is gone afterwards; there while entered."""
        assert self._staging is not None
        return self._staging

    def __enter__(self) -> OutputFolder:
        """Claim the folder.

        Raises:
            UsageError: it is a file, cannot be written, or another run writes into it.
        """
        refuse_file(self.path)
        self._made = not self.path.exists()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            remove_unfinished(self.path)  # of a run that was killed: a living one would hold the lock
            self._staging = Path(tempfile.mkdtemp(prefix=UNFINISHED_PREFIX, dir=self.path))
        except Timeout as error:
            raise UsageError(
                f"Another run is writing into {self.path}.", "Wait for it to end, or choose another folder."
            ) from error
        except OSError as error:
            self._release()
            raise UsageError(
                f"The output folder {self.path} cannot be written: {error.strerror or error}.",
                "Choose another folder, or ask for write access.",
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            _let_go(error)
        shutil.rmtree(self.staging, ignore_errors=True)
        self._release()
        if kind is not None and self._made and not any(self.path.iterdir()):
            self.path.rmdir()

    def _release(self) -> None:
        if self._lock.is_locked:
            with contextlib.suppress(OSError):  # Windows does not delete an open file; an empty one stays there
                (self.path / LOCK_NAME).unlink(missing_ok=True)
            self._lock.release()


def _let_go(error: BaseException) -> None:
    """Forget the variables of the calls that an error ended: arrays among them may lie in files of the folder, and
    Windows removes no file that is open."""
    pending: list[BaseException | None] = [error]
    seen: set[int] = set()
    while pending:
        one = pending.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            traceback.clear_frames(one.__traceback__)
            pending += [one.__cause__, one.__context__]
