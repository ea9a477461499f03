"""SNOMED CT codes of what a model segments, by the names of its labels."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """A coded term.

    Args:
        value: code value.
        scheme: coding scheme designator, such as ``SCT`` (SNOMED CT).
        meaning: code meaning.
    """

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True)
class LabelCodes:
    """What a label stands for.

    Args:
        category: segmented property category.
        kind: segmented property type.
    """

    category: Code
    kind: Code


_ANATOMICAL = Code("123037004", "SCT", "Anatomical Structure")
_ABNORMAL = Code("49755003", "SCT", "Morphologically Abnormal Structure")
_ANEURYSM = Code("85659009", "SCT", "Aneurysm")
#: As what a Segment Anything model segments: anything.
_TISSUE = Code("85756007", "SCT", "Tissue")
_ANY_VESSEL = Code("59820001", "SCT", "Blood vessel")

#: (label name, whole, in lower case) -> type; the first match counts. Abbreviations are those of the TopCoW data.
_KINDS = (
    (r"object", _TISSUE),
    (r"aneurysms?", _ANEURYSM),
    (r"ba|basilar( artery)?", Code("59011009", "SCT", "Basilar artery")),
    (r"([rl][- ])?va|.*vertebral.*", Code("85234005", "SCT", "Vertebral artery")),
    (r"([rl][- ])?ica|.*internal carotid.*", Code("86117002", "SCT", "Internal carotid artery")),
    (r"([rl][- ])?mca|.*middle cerebral.*", Code("17232002", "SCT", "Middle cerebral artery")),
    (r"acom|.*anterior communicating.*", Code("8012006", "SCT", "Anterior communicating artery")),
    (r"([rl][- ])?pcom|.*posterior communicating.*", Code("43119007", "SCT", "Posterior communicating artery")),
    (r"([rl][- ])?aca|3rd-a2|.*anterior cerebral.*", Code("60176003", "SCT", "Anterior cerebral artery")),
    (r"([rl][- ])?pca|.*posterior cerebral.*", Code("70382005", "SCT", "Posterior cerebral artery")),
    (r".*\b(arter(y|ies)|arterial)\b.*", Code("51114001", "SCT", "Artery")),
    (r".*\b(veins?|venous)\b.*", Code("29092000", "SCT", "Vein")),
)


def label_codes(label_name: str) -> LabelCodes:
    """The codes of a label; "Blood vessel" where the name says no more, "Tissue" for a prompted model's ``object``."""
    name = label_name.strip().lower().replace("_", " ")
    kind = next((code for pattern, code in _KINDS if re.fullmatch(pattern, name)), _ANY_VESSEL)
    return LabelCodes({_ANEURYSM: _ABNORMAL, _TISSUE: _TISSUE}.get(kind, _ANATOMICAL), kind)
