"""What is asked when a result of a scene is to be written as DICOM. Standard library only: Slicer's own Python asks."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .errors import UsageError

#: What ``explain --dicom`` writes beside a result, by folder and name: the Parametric Map and the Segmentation.
DICOM_FOLDER = "dicom"
DICOM_FILES = ("attention.dcm", "segmentation.dcm")
KIND = "dicom"
_VERSION = 1


@dataclass(frozen=True)
class DicomExportRequest:
    """A result, and the files of the series that it was computed from.

    Args:
        folder: of the result, as a run leaves it.
        series: the series' files, in whatever order and folders.
        output: folder for the DICOM objects; created if missing.
    """

    folder: Path
    series: tuple[Path, ...]
    output: Path

    def to_json(self) -> str:
        """The request as JSON text for the worker; ``from_json`` gives it back."""
        body = {"kind": KIND, "version": _VERSION, "folder": str(self.folder), "output": str(self.output)}
        return json.dumps({**body, "series": [str(path) for path in self.series]}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> DicomExportRequest:
        """Read ``to_json``'s text.

        Raises:
            UsageError: the text is no such request.
        """
        try:
            body = json.loads(text)
            if body["version"] != _VERSION:
                raise UsageError(f"The request has version {body['version']!r}; this package reads {_VERSION}.")
            return cls(Path(body["folder"]), _paths(body["series"]), Path(body["output"]))
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise UsageError(f"The request to write DICOM cannot be read: {error}.") from error


def _paths(names: Iterable[str]) -> tuple[Path, ...]:
    if isinstance(names, str):
        raise TypeError("series is a text, not a list")
    return tuple(map(Path, names))
