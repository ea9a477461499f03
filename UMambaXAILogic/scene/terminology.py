"""SNOMED CT codes of segments, in the form in which Slicer stores them."""

from __future__ import annotations

from typing import Any

import slicer

from UMambaXAILogic.engine.label_codes import Code, label_codes

_LIST = "Segmentation category and type - 3D Slicer General Anatomy list"
_REGION_LIST = "Anatomic codes - DICOM master list"


def terminology_entry(label_name: str) -> str:
    """Slicer's terminology text for the codes of a label."""
    codes = label_codes(label_name)
    return f"{_LIST}~{_text(codes.category)}~{_text(codes.kind)}~^^~{_REGION_LIST}~^^~^^"


def tag_segment(segment: Any, label_name: str) -> None:
    """Write the terminology of ``label_name`` onto a vtkSegment."""
    segment.SetTag(slicer.vtkSegment.GetTerminologyEntryTagName(), terminology_entry(label_name))


def _text(code: Code) -> str:
    return f"{code.scheme}^{code.value}^{code.meaning}"
