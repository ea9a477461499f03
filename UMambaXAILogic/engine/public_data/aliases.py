"""Names for cases whose own names are identifiers, and texts without identifiers."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..atomic import replacing
from ..errors import UsageError

_SHORTEST_HASH = 8
#: Unique identifiers of DICOM: numbers and dots, with a root and an organisation at least.
_UID = re.compile(r"\d+(?:\.\d+){4,}")


def hashed_names(uids: Iterable[str], prefix: str) -> dict[str, str]:
    """Identifier -> ``prefix_`` and the first hexadecimal digits of its SHA-256: 8, or as many more as tell all apart.

    Whoever has the identifiers can compute the names, and nobody can compute an identifier from a name.
    """
    hashes = {uid: hashlib.sha256(uid.encode()).hexdigest() for uid in uids}
    digits = _SHORTEST_HASH
    while len({text[:digits] for text in hashes.values()}) < len(hashes):
        digits += 1
    return {uid: f"{prefix}_{text[:digits]}" for uid, text in hashes.items()}


def public_text(text: str, root: Path, names: Mapping[str, str]) -> str:
    """``text`` with paths relative to ``root``, and identifiers replaced by names or, without one, by hashes."""

    def name(found: re.Match[str]) -> str:
        return names.get(found[0]) or next(iter(hashed_names([found[0]], "uid").values()))

    for folder in (str(root.absolute()), str(root)):
        text = text.replace(f"{folder}{os.sep}", "")
    return _UID.sub(name, text)


def write_id_map(path: Path, names: Mapping[str, str], header: tuple[str, str]) -> None:
    """Write which case has which identifier, as CSV that only its owner may read.

    Raises:
        UsageError: it cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(sorted((case, uid) for uid, case in names.items()))
    try:
        with replacing(path) as file:
            file.write(text.getvalue().encode())
        os.chmod(path, 0o600)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror or error}.", "Name a file in a folder that you may write to."
        ) from error
