"""The files of the RSNA Intracranial Aneurysm Detection data (Kaggle 2025): which series there are, and what of them.

Layout: Documentation/public-data.md, sources R1 to R5. Masks and the images they were drawn on lie in
``segmentations/``, either side by side or in one folder a series: Kaggle has released both.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError

TABLE, SERIES, SEGMENTATIONS, LOCALIZERS = "train.csv", "series", "segmentations", "train_localizers.csv"
_NIFTI = (".nii", ".nii.gz")
_MASK = "_cowseg"


@dataclass(frozen=True)
class SeriesRow:
    """A line of train.csv.

    Args:
        uid: series instance UID.
        modality: such as ``CTA``.
        aneurysm: whether there is one; None where the table does not say.
    """

    uid: str
    modality: str
    aneurysm: bool | None


@dataclass
class SegmentationFiles:
    """What lies in ``segmentations/`` for one series; more than one file of a kind is ambiguous."""

    images: list[Path]
    masks: list[Path]


def read_table(root: Path) -> list[SeriesRow]:
    """The lines of train.csv.

    Raises:
        InputError: unreadable, columns missing, or a series listed twice.
    """
    path = root / TABLE
    rows = list(_table(path, ("SeriesInstanceUID", "Modality")))
    series = [
        SeriesRow(row["SeriesInstanceUID"].strip(), row["Modality"].strip(), _yes(row.get("Aneurysm Present")))
        for row in rows
    ]
    if not series:
        raise InputError(f"{path} lists no series.", "Download it again.")
    uids = [one.uid for one in series]
    if len(set(uids)) < len(uids):
        raise InputError(f"{path} lists {len(uids) - len(set(uids))} series more than once.", "Download it again.")
    return series


def read_localizers(root: Path) -> dict[str, list[tuple[str, str]]]:
    """Series UID -> (SOP instance UID, coordinates as text) of its aneurysms; empty where the file is absent.

    Raises:
        InputError: unreadable, or columns missing.
    """
    path = root / LOCALIZERS
    found: dict[str, list[tuple[str, str]]] = {}
    if path.is_file():
        for row in _table(path, ("SeriesInstanceUID", "SOPInstanceUID", "coordinates")):
            found.setdefault(row["SeriesInstanceUID"].strip(), []).append(
                (row["SOPInstanceUID"].strip(), row["coordinates"])
            )
    return found


def find_segmentations(root: Path) -> tuple[dict[str, SegmentationFiles], list[Path]]:
    """Series UID -> its files in ``segmentations/``, and files that are named like none of them."""
    found: dict[str, SegmentationFiles] = {}
    other = []
    for path in sorted((root / SEGMENTATIONS).rglob("*")):
        if not path.is_file():
            continue
        ending = next((ending for ending in reversed(_NIFTI) if path.name.lower().endswith(ending)), None)
        if ending is None:
            other.append(path)
            continue
        stem = path.name[: -len(ending)]
        files = found.setdefault(stem.removesuffix(_MASK), SegmentationFiles([], []))
        (files.masks if stem.endswith(_MASK) else files.images).append(path)
    return found, other


def is_release(folder: Path) -> bool:
    """Whether a folder holds the table and the masks; the DICOM series may be absent."""
    return (folder / TABLE).is_file() and (folder / SEGMENTATIONS).is_dir()


def _table(path: Path, needed: tuple[str, ...]) -> Iterator[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            missing = [name for name in needed if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    f"{path} lacks the columns {', '.join(missing)}; its first line is "
                    f"{','.join(reader.fieldnames or ())[:200]!r}.",
                    "Name the folder of the RSNA Intracranial Aneurysm Detection data.",
                )
            for row in reader:
                if any(row[name] is None for name in needed):
                    raise InputError(f"{path} has too few cells in line {reader.line_num}.", "Download it again.")
                yield row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: {error}.", "Download it again.") from error


def _yes(text: str | None) -> bool | None:
    return {"1": True, "0": False}.get((text or "").strip())
