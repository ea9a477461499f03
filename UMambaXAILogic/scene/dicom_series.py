"""The DICOM files that a volume node was loaded from, by what Slicer notes on the node and in its database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer

from UMambaXAILogic.engine.errors import InputError

#: Attribute that Slicer's DICOM plugins set: SOP instance UIDs, separated by spaces.
INSTANCES_ATTRIBUTE = "DICOM.instanceUIDs"


def is_from_dicom(volume_node: Any) -> bool:
    """Whether a volume says from which DICOM images it was loaded."""
    return bool((volume_node.GetAttribute(INSTANCES_ATTRIBUTE) or "").split())


def series_files(volume_node: Any) -> list[Path]:
    """The files of the images that a volume was loaded from.

    Raises:
        InputError: it was not loaded from DICOM; Slicer's database is closed, does not know an image any more, or its
            file is gone.
    """
    name = volume_node.GetName()
    instances = (volume_node.GetAttribute(INSTANCES_ATTRIBUTE) or "").split()
    if not instances:
        raise InputError(
            f"'{name}' was not loaded from DICOM, so there is no series that DICOM objects could refer to.",
            "Import the series in the DICOM module, load it from there, and run Segment & Explain on it.",
        )
    database = getattr(slicer, "dicomDatabase", None)  # None where Slicer could not open it at start
    if not database or not database.isOpen:
        raise InputError(
            f"Slicer's DICOM database is not open, so the files of '{name}' cannot be found.",
            "Open the DICOM module, which opens its database, and try again.",
        )
    names = [database.fileForInstance(instance) for instance in instances]
    files = [Path(found) for found in names if found]
    if len(files) < len(instances):
        raise InputError(
            f"{len(instances) - len(files)} of the {len(instances)} DICOM images of '{name}' are not in Slicer's "
            "DICOM database any more.",
            "Import the series again in the DICOM module.",
        )
    gone = sum(not path.is_file() for path in files)
    if gone:
        raise InputError(
            f"The files of {gone} of the {len(files)} DICOM images of '{name}' were moved or deleted.",
            "Put them back, or import the series again in the DICOM module from where it is now.",
        )
    return files
