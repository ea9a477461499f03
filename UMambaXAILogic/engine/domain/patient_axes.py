"""The voxels in patient order, whatever order they are stored in."""

from __future__ import annotations

import numpy as np

from ..grids import AxisOrder, reordered
from ..volume import Geometry


def patient_order(geometry: Geometry) -> AxisOrder:
    """How to store an array so that its axes run to superior, posterior and left: slices, rows, columns.

    Slices lie along ``Geometry.superior_axis``; of the two other axes, the one nearer to right-left gives columns.
    """
    direction = np.reshape(geometry.direction, (3, 3))
    superior = 2 - geometry.superior_axis
    first, second = (axis for axis in range(3) if axis != superior)
    if abs(direction[0, first]) >= abs(direction[0, second]):
        left, posterior = first, second
    else:
        left, posterior = second, first
    axes = {2: superior, 1: posterior, 0: left}  # patient axis (LPS) -> array axis (x, y, z)
    backwards = [bool(direction[patient, axes[patient]] < 0) for patient in (2, 1, 0)]
    return AxisOrder(
        (2 - axes[2], 2 - axes[1], 2 - axes[0]),
        (backwards[0], backwards[1], backwards[2]),
    )


def in_patient_order(geometry: Geometry) -> Geometry:
    """The grid of an array stored in ``patient_order``: size and spacing are right-left, front-back, bottom-top."""
    return reordered(geometry, patient_order(geometry))


def obliquity_degrees(geometry: Geometry) -> float:
    """Largest of the three angles between an array axis and the patient axis it is counted along."""
    direction = np.reshape(in_patient_order(geometry).direction, (3, 3))
    cosines = np.abs(np.diag(direction)) / np.linalg.norm(direction, axis=0)
    return float(np.degrees(np.arccos(np.clip(cosines.min(), 0.0, 1.0))))
