"""Case names without identifiers: replaced by short hashes, from which nobody gets the name back by reading.

A hash of a guessable name can be found by guessing: it hides a name from readers, not from somebody who has a list of
candidates. Names that are plain numbers or words cannot be told from a hospital's patient numbers: only the person who
wrote the manifest knows, and can ask for all names to be replaced.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from ..cohort.request import CASES_FOLDER

#: Numbers with dots between them, as DICOM's series, study and instance UIDs are written (at least six parts here, so
#: that a version number or a date is none).
_DICOM_UID = re.compile(r"(?<![\d.])\d+(?:\.\d+){5,}(?![\d.])")
#: What a path looks like inside a sentence, up to the last separator or file ending in it.
_PATH = re.compile(
    r"(?<!\S)[\"'(]?(?:[A-Za-z]:)?[\\/~.]*[^\s\\/]*[\\/](?:.*[\\/])?\S*"
    r"|\S+\.(?:nii\.gz|nii|nrrd|nhdr|mha|mhd|dcm|zip|pth)\b"
)
_LETTERS = 10


def looks_like_identifier(name: str) -> bool:
    """Whether a case is named by a DICOM UID, or has one in its name."""
    return _DICOM_UID.search(name) is not None


def hashed_name(name: str) -> str:
    """``case-`` and ten hexadecimal digits; the same name always gives the same."""
    return f"case-{hashlib.sha256(name.encode()).hexdigest()[:_LETTERS]}"


class CaseNames:
    """What a report calls the cases.

    Args:
        anonymise: replace every name; None: those that look like identifiers; False: none.
    """

    def __init__(self, anonymise: bool | None = None) -> None:
        self._anonymise = anonymise
        #: Whether any name was replaced so far.
        self.replaced = False

    def shown(self, name: str) -> str:
        """The name that the report may show."""
        if self._anonymise is False or (self._anonymise is None and not looks_like_identifier(name)):
            return name
        self.replaced = True
        return hashed_name(name)

    def shown_text(self, text: str, name: str) -> str:
        """A sentence about a case: without paths, and with its name as it may be shown."""
        text = text.replace(name, self.shown(name))
        text = _PATH.sub("[path]", text)
        return text if self._anonymise is False else _DICOM_UID.sub(lambda uid: hashed_name(uid[0]), text)


def find_case_folder(cohort_folder: Path, case: str) -> Path | None:
    """The folder of a case as a report calls it, by its name or by its hash; None where it is gone.

    Args:
        cohort_folder: that ``cohort`` wrote.
        case: from report.json.
    """
    folder = cohort_folder / CASES_FOLDER / case
    if folder.is_dir():
        return folder
    candidates = (cohort_folder / CASES_FOLDER).iterdir() if (cohort_folder / CASES_FOLDER).is_dir() else ()
    return next((path for path in candidates if hashed_name(path.name) == case), None)
