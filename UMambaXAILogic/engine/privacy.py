"""Messages without what may name a patient: paths of inputs and DICOM identifiers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from .request import Request

_UID = re.compile(r"\b\d+(?:\.\d+){5,}\b")


def without_identifiers(text: str, files: Mapping[str, Path | None]) -> str:
    """``text`` with files called by what they are, and DICOM UIDs replaced by hashes.

    Args:
        text: a message for the user, who finds the files in the manifest.
        files: what each file is ("the volume") -> its path, or None where there is none.
    """
    for form in (str, lambda path: path.name):
        for what, path in files.items():
            if path is not None and form(path):
                text = text.replace(form(path), what)
    text = _UID.sub(_hashed, text)
    return text[:1].upper() + text[1:]


def files_of_request(request: Request) -> dict[str, Path | None]:
    """The files that a case's messages may name."""
    return {
        "the volume": request.volume,
        "the ground truth": request.ground_truth,
        "the region": None if request.region is None else request.region.mask,
    }


def _hashed(uid: re.Match[str]) -> str:
    return f"uid-{hashlib.sha256(uid[0].encode()).hexdigest()[:12]}"
