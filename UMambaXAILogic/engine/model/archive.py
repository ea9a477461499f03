"""Unpacking the zip that ``nnUNetv2_export_model_to_zip`` writes, without trusting it."""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from ..errors import ModelError
from .checkpoint_head import copy_head
from .folder import DATASET, MAX_JSON_BYTES, PLANS, REFERENCE_PROFILE

#: No checkpoint of a network this program can run unpacks to more; a crafted file may.
MAX_UNPACKED_BYTES = 16 * 2**30
#: What is needed of an exported model; logs, plots and predictions stay packed.
_WANTED_SUFFIXES = (".json", ".pth")
_DESCRIPTION = (PLANS, DATASET, REFERENCE_PROFILE)


def unpack_model(archive: Path, destination: Path) -> None:
    """Unpack the plans, labels and checkpoints of an exported model.

    Args:
        archive: the zip file.
        destination: an existing empty folder.

    Raises:
        ModelError: the file is damaged or not a zip, an entry would leave ``destination``, is a link, is encrypted,
            or the content is larger than any model.
    """
    with _checked_entries(archive) as (packed, entries):
        total = sum(entry.file_size for entry in entries)
        if total > shutil.disk_usage(destination).free:
            raise ModelError(
                f"{archive} unpacks to {total / 2**30:.1f} GiB, more than is free in {destination}.",
                "Free some space, or unpack it elsewhere and give the folder.",
            )
        for entry in entries:
            with packed.open(entry) as source, _place(entry, destination).open("wb") as sink:
                # ZipFile stops at the declared size and checks the sum, so the limit above holds for what is written.
                shutil.copyfileobj(source, sink, 2**20)


def unpack_description(archive: Path, destination: Path) -> None:
    """Unpack what says what a model is: its plans, labels and profile, and the beginning of each checkpoint.

    That takes no time. What is larger than a description may be is cut off.

    Raises:
        ModelError: as for ``unpack_model``, as far as it is seen without unpacking everything.
    """
    with _checked_entries(archive) as (packed, entries):
        for entry in entries:
            path = PurePosixPath(entry.filename)
            if path.name not in _DESCRIPTION and path.suffix == ".json":
                continue
            with packed.open(entry) as source, _place(entry, destination).open("wb") as sink:
                if path.suffix == ".json":
                    sink.write(source.read(MAX_JSON_BYTES + 1))
                else:
                    copy_head(source, sink)


@contextmanager
def _checked_entries(archive: Path) -> Iterator[tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]]:
    """The open archive and those of its entries that are wanted; what goes wrong meanwhile becomes a ModelError."""
    try:
        with zipfile.ZipFile(archive) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
            for entry in entries:
                _check_entry(archive, entry)
            wanted = [entry for entry in entries if PurePosixPath(entry.filename).suffix in _WANTED_SUFFIXES]
            total = sum(entry.file_size for entry in wanted)
            if total > MAX_UNPACKED_BYTES:
                raise ModelError(f"{archive} would unpack to {total / 2**30:.0f} GiB; it is not an exported model.")
            yield packed, wanted
    except zipfile.BadZipFile as error:
        raise ModelError(f"{archive} is not an intact zip file: {error}.", "Copy or export it again.") from error
    except (OSError, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise ModelError(f"{archive} cannot be unpacked: {error}.") from error


def _check_entry(archive: Path, entry: zipfile.ZipInfo) -> None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
        raise ModelError(f"{archive} was refused: its entry {entry.filename!r} points outside the archive.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ModelError(f"{archive} was refused: its entry {entry.filename!r} is a link.")
    if entry.flag_bits & 0x1:
        raise ModelError(f"{archive} is encrypted.", "Export the model without a password.")


def _place(entry: zipfile.ZipInfo, destination: Path) -> Path:
    target = destination.joinpath(*PurePosixPath(entry.filename.replace("\\", "/")).parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target
