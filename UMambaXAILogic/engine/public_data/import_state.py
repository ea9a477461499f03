"""What an earlier import into the same folder left: which cases need not be done again.

Each finished case leaves a record in a hidden folder, written after all of its files.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..atomic import write_text
from ..errors import UsageError
from ..unfinished import LOCK_NAME

STATE_FOLDER = ".import"
_SETTINGS = "settings.json"
#: Changed whenever what an import writes changes, so that older records are not taken for current ones.
_FORMAT = 1


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Make the output folder and keep other imports out of it.

    Raises:
        UsageError: it is a file, cannot be written, or another run writes into it.
    """
    if output.exists() and not output.is_dir():
        raise UsageError(f"The output {output} is a file.", "Name a folder; it is created if missing.")
    try:
        output.mkdir(parents=True, exist_ok=True)
        lock = FileLock(output / LOCK_NAME, timeout=0, is_singleton=False)
        lock.acquire()
    except Timeout as error:
        raise UsageError(
            f"Another run is writing into {output}.", "Wait for it to end, or choose another folder."
        ) from error
    except OSError as error:
        raise UsageError(
            f"The output folder {output} cannot be written: {error.strerror or error}.",
            "Choose another folder, or ask for write access.",
        ) from error
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows does not delete an open file; an empty one stays there
            (output / LOCK_NAME).unlink(missing_ok=True)
        lock.release()


class ImportState:
    """The records below an output folder.

    Args:
        output: the output folder, locked.
    """

    def __init__(self, output: Path) -> None:
        self._output = output
        self._folder = output / STATE_FOLDER

    def begin(self, settings: dict[str, Any]) -> None:
        """Remember the settings, or make sure that they are those of the import that was begun here.

        Raises:
            UsageError: the folder holds an import with other settings, or other files.
        """
        wanted = {"format": _FORMAT, **settings}
        path = self._folder / _SETTINGS
        begun = _read_json(path)
        if begun is None:
            foreign = [child.name for child in self._output.iterdir() if child.name not in (LOCK_NAME, STATE_FOLDER)]
            if foreign:
                raise UsageError(
                    f"The output folder {self._output} holds files that no import wrote, such as {min(foreign)}.",
                    "Choose an empty folder, or one in which an import was begun.",
                )
            self._folder.mkdir(exist_ok=True)
            write_text(path, json.dumps(wanted, indent=1) + "\n")
        elif begun != wanted:
            changed = sorted(key for key in {*begun, *wanted} if begun.get(key) != wanted.get(key))
            listed = "; ".join(f"{key} was {begun.get(key)!r} and is {wanted.get(key)!r}" for key in changed)
            raise UsageError(
                f"An import with other settings was begun in {self._output}: {listed}.",
                "Choose another folder, or delete this one.",
            )

    def finished(self, case: str, sources: Sequence[Path]) -> dict[str, Any] | None:
        """The record of a case whose sources and results are as they were; None where it must be done (again)."""
        record = _read_json(self._record(case))
        if record is None or record.get("sources") != fingerprint(sources):
            return None
        there = all((self._output / name).is_file() for name in record["files"])
        return record["entry"] if there else None

    def finish(self, case: str, sources: Sequence[Path], files: Sequence[str], entry: dict[str, Any]) -> None:
        """Record a case whose files are complete."""
        record = {"sources": fingerprint(sources), "files": list(files), "entry": entry}
        write_text(self._record(case), json.dumps(record, allow_nan=False) + "\n")

    def forget_others(self, cases: set[str]) -> None:
        """Delete the records and files of cases that an earlier import took and this one did not."""
        for path in self._folder.glob("*.json"):
            if path.name == _SETTINGS or path.stem in cases:
                continue
            for name in (_read_json(path) or {}).get("files", ()):
                (self._output / name).unlink(missing_ok=True)
            path.unlink()

    def _record(self, case: str) -> Path:
        return self._folder / f"{case}.json"


def fingerprint(sources: Sequence[Path]) -> str:
    """A hash of names, sizes and times of the files, and of the files directly in the folders, of a case."""
    digest = hashlib.sha256()
    for source in sources:
        for path in sorted(source.iterdir()) if source.is_dir() else [source]:
            facts = path.stat()
            digest.update(f"{path.name}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
