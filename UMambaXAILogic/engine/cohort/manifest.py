"""The manifest: which cases a cohort has, and where their files are. Every problem is listed at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from ..volume_io.facts import InputWarning
from .csv_table import read_table

#: Columns that every manifest has, and those it may have.
NEEDED_COLUMNS = ("case", "volume")
OPTIONAL_COLUMNS = ("gt", "domain", "region", "series")
COLUMNS = NEEDED_COLUMNS + OPTIONAL_COLUMNS

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)
#: File systems allow 255 bytes for a name; results add endings of their own.
_LONGEST_NAME_BYTES = 200
_LISTED_NAMES = 10


@dataclass(frozen=True)
class ManifestCase:
    """One row of a manifest.

    Args:
        case: its name, which is also the name of its result folder.
        volume: file, or folder with a DICOM series; absolute.
        ground_truth: label file on the volume's grid, or None.
        domain: such as ``source`` or a hospital's name, or None.
        region: mask file of the evaluation region on the volume's grid, or None.
        series_uid: which DICOM series of the folder, or None.
    """

    case: str
    volume: Path
    ground_truth: Path | None = None
    domain: str | None = None
    region: Path | None = None
    series_uid: str | None = None


@dataclass(frozen=True)
class Manifest:
    """A manifest whose files are all there.

    Args:
        path: of the manifest.
        cases: at least one, in the order of the file.
        warnings: columns that are not read, volumes that are named twice.
    """

    path: Path
    cases: tuple[ManifestCase, ...]
    warnings: tuple[InputWarning, ...] = ()


@dataclass(frozen=True)
class _Row:
    line: int
    cells: dict[str, str]


def read_manifest(path: Path | str) -> Manifest:
    """Read a manifest: CSV whose header names the columns case, volume and, if wanted, gt, domain, region and series.

    Commas, semicolons, tabs or bars separate cells, whichever the header uses. Names of columns may be in capitals.
    Paths are relative to the manifest's folder; backslashes are read as slashes where a file of that very name is not
    there. An empty cell of an optional column means that the case has none.

    Raises:
        InputError: the file cannot be read, or has problems; the message lists all of them with their lines.
    """
    manifest, problems = scan_manifest(path)
    if problems:
        raise problems_error(f"The manifest {manifest.path}", problems, "Correct these lines.")
    return manifest


def scan_manifest(path: Path | str) -> tuple[Manifest, list[str]]:
    """The lines of a manifest without a problem, and what is wrong with the others.

    Args:
        path: as for ``read_manifest``.

    Raises:
        InputError: the file cannot be read, its columns are wrong, or it has no cases.
    """
    path = Path(path)
    lines = read_table(path, COLUMNS, _what_is_needed())
    header, rows = _columns(lines[0][1], path), lines[1:]
    if not rows:
        raise InputError(f"The manifest {path} has no cases below its header.", "Add a line for each case.")
    problems: list[str] = []
    read = list(_rows(header, rows, problems))
    problems += _name_problems(read)
    by_line: dict[int, ManifestCase] = {}
    for row in read:
        by_line[row.line], missing = _case(row, path.absolute().parent)
        problems += missing
    wrong = {_line_of(problem) for problem in problems}
    cases = [case for line, case in by_line.items() if line not in wrong]
    ignored = [name for name in header if name and name not in COLUMNS]
    warnings = (*_ignored_warning(ignored, path), *_same_volume_warnings(cases))
    return Manifest(path, tuple(cases), warnings), sorted(problems, key=_line_of)


def problems_error(where: str, problems: Sequence[str], remedy: str) -> InputError:
    """One error that lists every problem, a line each, with their number."""
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    listed = "".join(f"  {problem}\n" for problem in problems)
    return InputError(f"{where} has {count}:\n{listed}", remedy)


def folder_name_problem(name: str) -> str | None:
    """Why ``name`` cannot be a folder's name on every system; None where it can."""
    if _FORBIDDEN.search(name):
        return 'it has one of the characters < > : " / \\ | ? * or a control character'
    if name.startswith("."):
        return "it begins with a dot"
    if name.endswith("."):
        return "it ends in a dot"
    if _RESERVED.fullmatch(name):
        return "Windows reserves that name"
    if len(name.encode("utf-8", "surrogatepass")) > _LONGEST_NAME_BYTES:
        return f"it is longer than {_LONGEST_NAME_BYTES} bytes"
    return None


def _columns(cells: list[str], path: Path) -> list[str]:
    """Lower-case column names.

    Raises:
        InputError: columns are missing, or there twice.
    """
    names = [cell.lower() for cell in cells]
    problems = [f"the column {name!r} is missing" for name in NEEDED_COLUMNS if name not in names]
    problems += [f"the column {name!r} is there {names.count(name)} times" for name in COLUMNS if names.count(name) > 1]
    if problems:
        found = ", ".join(repr(name) for name in names)
        raise problems_error(f"The header of the manifest {path} ({found})", problems, _what_is_needed())
    return names


def _what_is_needed() -> str:
    return f"Its first line names the columns: {','.join(NEEDED_COLUMNS)} and, if wanted, {','.join(OPTIONAL_COLUMNS)}."


def _rows(header: list[str], lines: list[tuple[int, list[str]]], problems: list[str]) -> Iterator[_Row]:
    for line, cells in lines:
        if any(cells[len(header) :]):
            problems.append(f"line {line}: {len(cells)} cells under {len(header)} columns")
        row = _Row(line, dict(zip(header, cells, strict=False)))
        problems += [f"line {line}: the cell {name!r} is empty" for name in NEEDED_COLUMNS if not row.cells.get(name)]
        yield row


def _name_problems(rows: Sequence[_Row]) -> list[str]:
    problems = []
    first: dict[str, _Row] = {}
    for row in rows:
        name = row.cells.get("case", "")
        if not name:
            continue
        reason = folder_name_problem(name)
        if reason is not None:
            problems.append(f"line {row.line}: the case name {name!r} cannot name a folder: {reason}")
        # Windows and macOS take names that differ in capitals or in how an accent is stored for the same.
        key = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())
        if key not in first:
            first[key] = row
        elif first[key].cells["case"] == name:
            problems.append(f"line {row.line}: the case name {name!r} is also in line {first[key].line}")
        else:
            other = first[key].cells["case"]
            problems.append(
                f"line {row.line}: the case name {name!r} differs only in capitals or accents' storage from {other!r} "
                f"in line {first[key].line}; on many systems both would share a folder"
            )
    return problems


def _case(row: _Row, folder: Path) -> tuple[ManifestCase, list[str]]:
    problems = []

    def path_of(column: str, may_be_folder: bool = False) -> Path | None:
        text = row.cells.get(column, "")
        if not text:
            return None
        path = _located(text, folder)
        try:
            there = path.is_file() or (may_be_folder and path.is_dir())
        except (OSError, ValueError):  # a name that the system cannot even look up
            there = False
        if not there:
            what = "is a folder" if path.is_dir() else "does not exist"
            problems.append(f"line {row.line}: {column} {text!r} {what} ({path})")
        return path

    case = ManifestCase(
        case=row.cells.get("case", ""),
        volume=path_of("volume", may_be_folder=True) or folder,
        ground_truth=path_of("gt", may_be_folder=True),
        domain=row.cells.get("domain") or None,
        region=path_of("region"),
        series_uid=row.cells.get("series") or None,
    )
    return case, problems


def _located(text: str, folder: Path) -> Path:
    path = folder / text
    if "\\" in text and not path.exists():
        return folder / text.replace("\\", "/")
    return path


def _ignored_warning(columns: Sequence[str], path: Path) -> list[InputWarning]:
    if not columns:
        return []
    listed = ", ".join(repr(name) for name in columns)
    return [
        InputWarning(
            "columns_ignored", f"{path.name} has columns that are not read: {listed}. Read are {', '.join(COLUMNS)}."
        )
    ]


def _same_volume_warnings(cases: Sequence[ManifestCase]) -> list[InputWarning]:
    named: dict[tuple[Path, str | None], list[str]] = {}
    for case in cases:
        named.setdefault((case.volume, case.series_uid), []).append(case.case)
    return [
        InputWarning("same_volume", f"The cases {_listed(names)} name the same volume {volume}.")
        for (volume, _), names in named.items()
        if len(names) > 1
    ]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _LISTED_NAMES
    return ", ".join(names[:_LISTED_NAMES]) + (f" and {more} more" if more > 0 else "")


def _line_of(problem: str) -> int:
    return int(problem.removeprefix("line ").partition(":")[0])
