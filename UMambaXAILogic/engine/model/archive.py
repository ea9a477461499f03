"""Unpacking the zip that ``nnUNetv2_export_model_to_zip`` writes, without trusting it."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from ..errors import ModelError
from .checkpoint import MAX_UNPACKED_BYTES

#: What is needed of an exported model; logs, plots and predictions stay packed.
_WANTED_SUFFIXES = (".json", ".pth")


def unpack_model(archive: Path, destination: Path) -> None:
    """Unpack the plans, labels and checkpoints of an exported model.

    Args:
        archive: the zip file.
        destination: an existing empty folder.

    Raises:
        ModelError: the file is damaged or not a zip, an entry would leave ``destination``, is a link, is encrypted,
            or the content is larger than any model.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
            for entry in entries:
                _check_entry(archive, entry)
            wanted = [entry for entry in entries if PurePosixPath(entry.filename).suffix in _WANTED_SUFFIXES]
            total = sum(entry.file_size for entry in wanted)
            if total > MAX_UNPACKED_BYTES:
                raise ModelError(f"{archive} would unpack to {total / 2**30:.0f} GiB; it is not an exported model.")
            if total > shutil.disk_usage(destination).free:
                raise ModelError(
                    f"{archive} unpacks to {total / 2**30:.1f} GiB, more than is free in {destination}.",
                    "Free some space, or unpack it elsewhere and give the folder.",
                )
            for entry in wanted:
                _unpack_entry(packed, entry, destination)
    except zipfile.BadZipFile as error:
        raise ModelError(f"{archive} is not an intact zip file: {error}.", "Copy or export it again.") from error
    except (OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise ModelError(f"{archive} cannot be unpacked: {error}.") from error


def _check_entry(archive: Path, entry: zipfile.ZipInfo) -> None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
        raise ModelError(f"{archive} was refused: its entry {entry.filename!r} points outside the archive.")
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise ModelError(f"{archive} was refused: its entry {entry.filename!r} is a link.")
    if entry.flag_bits & 0x1:
        raise ModelError(f"{archive} is encrypted.", "Export the model without a password.")


def _unpack_entry(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, destination: Path) -> None:
    target = destination.joinpath(*PurePosixPath(entry.filename.replace("\\", "/")).parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with packed.open(entry) as source, target.open("wb") as sink:
        # ZipFile stops at the declared size and checks the sum, so the limit above holds for what is written.
        shutil.copyfileobj(source, sink, 2**20)
