"""How far segmentation, attention and ground truth agree, and what that says."""

from __future__ import annotations

from .audit import audit, audit_alignment, audit_percents
from .case import CONTROL, MEAN_LAYER, MEAN_WITHOUT_LAST_LAYER, PART, CaseMeasurement, CaseMetrics
from .overlap import Overlap
from .slices import SliceRow, write_slices_csv
from .verdict import VERDICT_TEXT

__all__ = [
    "CONTROL",
    "MEAN_LAYER",
    "MEAN_WITHOUT_LAST_LAYER",
    "PART",
    "VERDICT_TEXT",
    "CaseMeasurement",
    "CaseMetrics",
    "Overlap",
    "SliceRow",
    "audit",
    "audit_alignment",
    "audit_percents",
    "write_slices_csv",
]
