"""nnU-Net's raw data set: where its files lie, its dataset.json, and files that need not be stored twice.

The format is that of nnU-Net v2 (its documentation, dataset_format.md).
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

from ..atomic import replacing, write_text

RAW_FOLDER = "nnUNet_raw"
FILE_ENDING = ".nii.gz"
#: A model must see the same head whichever way it is stored.
READER = "SimpleITKIOWithReorient"
#: Numbers that fit the three digits of a folder's name.
DATASET_NUMBERS = range(1, 1000)


@dataclass(frozen=True)
class RawDataSet:
    """``nnUNet_raw/Dataset###_Name`` below an output folder.

    Args:
        output: the output folder.
        number: ###.
        name: Name.
    """

    output: Path
    number: int
    name: str

    @property
    def folder(self) -> Path:
        """The data set's own folder."""
        return self.output / RAW_FOLDER / f"Dataset{self.number:03d}_{self.name}"

    def image(self, case: str, held_out: bool) -> Path:
        """The image of a case; those held out of training lie where nnU-Net puts test cases."""
        return self.folder / ("imagesTs" if held_out else "imagesTr") / f"{case}_0000{FILE_ENDING}"

    def label(self, case: str, held_out: bool) -> Path:
        """The labels of a case."""
        return self.folder / ("labelsTs" if held_out else "labelsTr") / f"{case}{FILE_ENDING}"

    def make_folders(self) -> None:
        """Create the folders of images and labels."""
        for name in ("imagesTr", "labelsTr"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def write_dataset_json(
        self, labels: dict[str, int], training_cases: int, description: str, reference: str, licence: str
    ) -> None:
        """Write dataset.json."""
        fields = {
            "channel_names": {"0": "CT"},  # selects nnU-Net's normalisation of CT numbers
            "labels": labels,
            "numTraining": training_cases,
            "file_ending": FILE_ENDING,
            "overwrite_image_reader_writer": READER,
            "name": self.name,
            "description": description,
            "reference": reference,
            "licence": licence,
        }
        write_text(self.folder / "dataset.json", json.dumps(fields, indent=1, allow_nan=False) + "\n")


def link_or_copy(source: Path, target: Path) -> str:
    """Give ``target`` the contents of ``source``, complete or not at all, without using disk space where possible.

    Returns:
        ``hard link`` or ``copy``.

    Raises:
        OSError: it can be neither linked nor copied.
    """
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        # A link to a symbolic link would follow the link's fate, not the file's.
        os.link(source.resolve(), temporary)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS):
            raise
    else:
        try:
            os.replace(temporary, target)
        finally:
            # Two names of one file are not replaced by one another: the temporary one stays.
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        return "hard link"
    with replacing(target) as file, source.open("rb") as original:
        shutil.copyfileobj(original, file, 1 << 22)
    return "copy"


def can_link(source: Path, folder: Path) -> bool:
    """Whether a file can probably be linked into ``folder`` (or the nearest folder above it that exists)."""
    while not folder.exists():
        folder = folder.parent
    return os.stat(source).st_dev == os.stat(folder).st_dev
