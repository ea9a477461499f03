"""SNOMED CT codes of segments, in the form in which Slicer stores them."""

from __future__ import annotations

import re
from typing import Any

import slicer

_CATEGORY = "SCT^123037004^Anatomical Structure"
_ABNORMAL = "SCT^49755003^Morphologically Abnormal Structure"
_LIST = "Segmentation category and type - 3D Slicer General Anatomy list"
_REGION_LIST = "Anatomic codes - DICOM master list"

#: (label name, whole, in lower case) -> type; the first match counts. Abbreviations are those of the TopCoW data.
_TYPES = (
    (r"aneurysms?", "SCT^85659009^Aneurysm"),
    (r"ba|basilar( artery)?", "SCT^59011009^Basilar artery"),
    (r"([rl][- ])?va|.*vertebral.*", "SCT^85234005^Vertebral artery"),
    (r"([rl][- ])?ica|.*internal carotid.*", "SCT^86117002^Internal carotid artery"),
    (r"([rl][- ])?mca|.*middle cerebral.*", "SCT^17232002^Middle cerebral artery"),
    (r"acom|.*anterior communicating.*", "SCT^8012006^Anterior communicating artery"),
    (r"([rl][- ])?pcom|.*posterior communicating.*", "SCT^43119007^Posterior communicating artery"),
    (r"([rl][- ])?aca|3rd-a2|.*anterior cerebral.*", "SCT^60176003^Anterior cerebral artery"),
    (r"([rl][- ])?pca|.*posterior cerebral.*", "SCT^70382005^Posterior cerebral artery"),
    (r".*\b(arter(y|ies)|arterial)\b.*", "SCT^51114001^Artery"),
    (r".*\b(veins?|venous)\b.*", "SCT^29092000^Vein"),
)
_ANY_VESSEL = "SCT^59820001^Blood vessel"


def terminology_entry(label_name: str) -> str:
    """Slicer's terminology text for a label of a vessel model; "Blood vessel" where the name says no more."""
    name = label_name.strip().lower().replace("_", " ")
    kind = next((code for pattern, code in _TYPES if re.fullmatch(pattern, name)), _ANY_VESSEL)
    category = _ABNORMAL if kind.endswith("^Aneurysm") else _CATEGORY
    return f"{_LIST}~{category}~{kind}~^^~{_REGION_LIST}~^^~^^"


def tag_segment(segment: Any, label_name: str) -> None:
    """Write the terminology of ``label_name`` onto a vtkSegment."""
    segment.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), terminology_entry(label_name))
