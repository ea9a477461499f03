"""Table 2: how finely and how far the scan was sampled, along the patient's axes."""

from __future__ import annotations

from ..volume import Geometry
from .patient_axes import in_patient_order, obliquity_degrees
from .row import PerAxis, ResolutionStatistics


def measure_resolution(geometry: Geometry, slice_gap_irregularity: float | None = None) -> ResolutionStatistics:
    """Spacing, field of view (voxels times spacing) and matrix along right-left, front-back and bottom-top.

    Args:
        geometry: the volume's grid, in any storage order.
        slice_gap_irregularity: as the reader found it; None where the file has no position of every slice.
    """
    patient = in_patient_order(geometry)
    extent = [count * step for count, step in zip(patient.size, patient.spacing_mm, strict=True)]
    return ResolutionStatistics(
        PerAxis(*patient.spacing_mm),
        PerAxis(*extent),
        PerAxis(*patient.size),
        slice_gap_irregularity,
        obliquity_degrees(geometry),
    )
