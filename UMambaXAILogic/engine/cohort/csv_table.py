"""A CSV file as any program writes it: separators, quotes, byte-order marks and blank lines do not matter."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection
from pathlib import Path

from ..errors import InputError

_DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r"sep=(.)")  # spreadsheet programs write this above the header


def read_table(path: Path, columns: Collection[str], remedy: str) -> list[tuple[int, list[str]]]:
    """Line number and cells of every line that is not blank; the first is the header.

    Args:
        path: of the file.
        columns: lower-case names that the header may have; they tell which character separates cells.
        remedy: what to do about an empty file.

    Raises:
        InputError: it cannot be read, is empty, or is no table.
    """
    text = _text(path)
    delimiter = None
    skipped = 0
    first = next((line for line in text.splitlines() if line.strip()), None)
    if first is None:
        raise InputError(f"The manifest {path} is empty.", remedy)
    declared = _SEPARATOR_LINE.fullmatch(first.strip(' "').removesuffix("\r"))
    if declared:
        delimiter = declared[1]
        before, _, text = text.partition(first)
        text = text.lstrip("\r").removeprefix("\n")
        skipped = before.count("\n") + 1
        first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = delimiter or _delimiter_of(first, columns)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    table, line = [], 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any("\n" in cell or "\r" in cell for cell in stripped):
                raise csv.Error("a quotation mark is not closed")
            if any(stripped):
                table.append((skipped + line, stripped))
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(
            f"The manifest {path} is no CSV table at line {skipped + line}: {error}.",
            "Close every quotation mark before the next separator.",
        ) from error
    if not table:
        raise InputError(f"The manifest {path} is empty.", remedy)
    return table


def _text(path: Path) -> str:
    if path.is_dir():
        inside = path / "manifest.csv"
        remedy = f"Name {inside}." if inside.is_file() else "Name the CSV file itself."
        raise InputError(f"The manifest {path} is a folder.", remedy)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The manifest {path} cannot be read: {error.strerror or error}.", "Check the path."
        ) from error
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"The manifest {path} is not text in {encoding.upper().removesuffix('-SIG')}: byte {error.start} cannot be "
            "read.",
            "Save it as CSV in UTF-8.",
        ) from error


def _delimiter_of(header: str, columns: Collection[str]) -> str:
    """The separator that makes most known columns of the header; a comma where none makes any."""

    def known(delimiter: str) -> int:
        names = [cell.strip(' "\t').lower() for cell in header.split(delimiter)]
        return sum(name in columns for name in names)

    return max(_DELIMITERS, key=known)
