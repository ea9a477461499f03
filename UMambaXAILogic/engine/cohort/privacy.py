"""Messages without what may name a patient: paths of inputs and DICOM identifiers."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from ..request import Request

_UID = re.compile(r"\b\d+(?:\.\d+){5,}\b")


def without_identifiers(text: str, request: Request) -> str:
    """``text`` with the files of a request called by what they are, and DICOM UIDs replaced by hashes.

    Args:
        text: a message for the user, who finds the files in the manifest.
        request: of the case that the message is about.
    """
    names: list[tuple[Path | None, str]] = [
        (request.volume, "the volume"),
        (request.ground_truth, "the ground truth"),
        (None if request.region is None else request.region.mask, "the region"),
    ]
    for form in (str, lambda path: path.name):
        for path, name in names:
            if path is not None and form(path):
                text = text.replace(form(path), name)
    text = _UID.sub(_hashed, text)
    return text[:1].upper() + text[1:]


def _hashed(uid: re.Match[str]) -> str:
    return f"uid-{hashlib.sha256(uid[0].encode()).hexdigest()[:12]}"
