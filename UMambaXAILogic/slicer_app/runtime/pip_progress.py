"""How far pip is: from its lines, and from the files that grow in its temporary folder. Any pip since 20.3 will do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .contents import canonical

#: Stages of an installation, with the share of the time each usually takes.
INSTALL_STAGES: Mapping[str, float] = {"download": 0.6, "install": 0.25, "verify": 0.15}

_DOWNLOADING = re.compile(r"^\s*Downloading (\S+?)(?: \(([\d.]+) ([kMG]?B|bytes)\))?$")
_PROCESSING = re.compile(r"^Processing (\S.*?)(?: \(from .+\))?$")
_BUILDING = re.compile(r"^\s*Building wheel for (\S+)")
_INSTALLING = re.compile(r"^Installing collected packages: (.+)$")
_ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2")
_UNITS = {"bytes": 1, "B": 1, "kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}

Say = Callable[..., None]


class PipProgress:
    """Turns what pip does into the messages ``stage``, ``step`` and ``progress``.

    Args:
        say: sends a message; see ``interaction.protocol``.
        temporary: the folder that pip has its temporary folders in.
        downloads: expected bytes of each package by canonical name; empty where nobody knows.
    """

    def __init__(self, say: Say, temporary: Path, downloads: Mapping[str, int]) -> None:
        self._say = say
        self._temporary = temporary
        self._downloads = downloads
        self._fetched: dict[str, int] = {}  # bytes by package, of those that are complete
        self._name = ""
        self._file = ""  # that is being downloaded
        self._file_bytes: int | None = None
        self._installing: list[str] = []
        self._unpacked = 0
        self._last: Any = None

    def take_line(self, line: str) -> None:
        """A line of pip's output."""
        if found := _DOWNLOADING.match(line):
            file, amount, unit = found.groups()
            file = file.rpartition("/")[2].replace("%2B", "+")
            if file.endswith(_ARCHIVES):
                self._begin(file, None if amount is None else int(float(amount) * _UNITS[unit]))
        elif found := _PROCESSING.match(line):
            path = Path(found[1])
            self._begin(path.name, None)
            if self._step("collect", self._name, *self._position()):
                self._say("progress", stage="download", fraction=self._fraction(0))
            self._finish_file()
        elif found := _BUILDING.match(line):
            self._finish_file()
            self._step("build", found[1])
        elif found := _INSTALLING.match(line):
            self._finish_file()
            self._installing = [canonical(name) for name in found[1].split(", ")]
            self._say("stage", name="install")
        self.look()

    def look(self) -> None:
        """Look how far the current file or the unpacking has come."""
        if self._installing:
            total = len(self._installing)
            # In the end pip moves everything elsewhere, and this count goes back.
            self._unpacked = done = min(total, max(self._unpacked, self._count_unpacked()))
            name = self._installing[min(done, total - 1)]
            if self._step("unpack", name, min(done + 1, total), total):
                self._say("progress", stage="install", fraction=done / total)
        elif self._file:
            done_bytes = self._current_bytes()
            number, expected = self._position()
            if self._step("download", self._name, number, expected, done_bytes, self._file_bytes):
                self._say("progress", stage="download", fraction=self._fraction(done_bytes))

    def _begin(self, file: str, size: int | None) -> None:
        self._finish_file()
        name = file.partition("-")[0] if file.endswith(".whl") else file.rpartition("-")[0]
        self._name = canonical(name or file)
        self._file, self._file_bytes = file, size

    def _finish_file(self) -> None:
        if self._file:
            self._fetched[self._name] = self._downloads.get(self._name, self._file_bytes or 0)
        self._file, self._file_bytes = "", None

    def _position(self) -> tuple[int, int | None]:
        number, expected = len({*self._fetched, self._name}), len(self._downloads)
        return number, expected if number <= expected else None

    def _fraction(self, done_bytes: int) -> float:
        total = sum(self._downloads.values())
        if not total:
            return 0.0
        expected = self._downloads.get(self._name, done_bytes)
        known = sum(size for name, size in self._fetched.items() if name in self._downloads)
        return min(1.0, (known + min(done_bytes, expected)) / total)

    def _current_bytes(self) -> int:
        sizes = []
        for path in self._temporary.glob(f"pip-unpack-*/{_escaped(self._file)}"):
            try:
                sizes.append(path.stat().st_size)
            except OSError:  # pip has just moved or removed it
                continue
        return max(sizes, default=0)

    def _count_unpacked(self) -> int:
        return sum(1 for _ in self._temporary.glob("pip-target-*/lib/python/*.dist-info/RECORD"))

    def _step(
        self,
        action: str,
        name: str,
        number: int | None = None,
        total: int | None = None,
        bytes_done: int | None = None,
        bytes_total: int | None = None,
    ) -> bool:
        step = {"action": action, "name": name, "number": number, "total": total}
        step |= {"bytes_done": bytes_done, "bytes_total": bytes_total}
        if step == self._last:
            return False
        self._last = step
        self._say("step", **step)
        return True


def _escaped(name: str) -> str:
    return re.sub(r"([\[*?])", r"[\1]", name)
