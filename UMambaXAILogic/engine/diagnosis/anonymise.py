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
_ENDINGS = ("nii", "nii.gz", "nrrd", "nhdr", "mha", "mhd", "dcm", "zip", "pth", "json", "csv", "parquet")
_FRACTION = re.compile(r"\W*[\d.]+/[\d.]+\W*")
_AROUND_A_WORD = "\"'()[]<>,;:.!?"
_LETTERS = 10
_SHORT = 4


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
        # A short name may be part of other words; a long one is an identifier wherever it stands.
        whole = r"(?<!\w){}(?!\w)" if len(name) < _SHORT else "{}"
        text = re.sub(whole.format(re.escape(name)), lambda _: self.shown(name), text)
        text = without_paths(text)
        return text if self._anonymise is False else _DICOM_UID.sub(lambda uid: hashed_name(uid[0]), text)


def without_paths(text: str) -> str:
    """The text with every file and folder replaced by ``[path]``.

    A folder's name with blanks in it is taken as far as the file that the path ends in; without such a file, the words
    after the blank stay. (A cohort's reasons call the files of their case by what they are already.)
    """
    words = text.split(" ")
    kept: list[str] = []
    position = 0
    while position < len(words):
        end = position + 1
        if _is_path(words[position]):
            if not _is_file(words[position]):
                files = [index for index in range(end, len(words)) if _is_file(words[index])]
                end = files[0] + 1 if files else end
            last = words[end - 1]
            kept.append("[path]" + last[len(last.rstrip(_AROUND_A_WORD)) :].lstrip("\"')]>"))
        else:
            kept.append(words[position])
        position = end
    return " ".join(kept)


def _is_path(word: str) -> bool:
    return _is_file(word) or (("/" in word or "\\" in word) and not _FRACTION.fullmatch(word))


def _is_file(word: str) -> bool:
    return word.strip(_AROUND_A_WORD).lower().endswith(tuple(f".{ending}" for ending in _ENDINGS))


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
