"""Field of view: a smaller part of the head is scanned."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..grids import orientation_code
from ..volume import Geometry, Volume
from .factor import CaseAnchors, Factor
from .grid_steps import Crop

#: Patient axes in the order in which extents are given, by the letters of their two ends.
PATIENT_AXES = ("RL", "AP", "SI")


@dataclass(frozen=True)
class FieldOfView(Factor):
    """Crops to an extent, centred on the case's vessels and moved inside the volume where it would reach out.

    An extent that the volume does not have is left as it is: nothing can be scanned afterwards.

    Args:
        extent_mm: right-left, anterior-posterior, superior-inferior; None leaves that direction as it is.
    """

    key = "field_of_view"

    extent_mm: tuple[float | None, float | None, float | None]

    def step(self, geometry: Geometry, anchors: CaseAnchors) -> Crop | None:
        """See ``Factor``."""
        centre = np.linalg.inv(geometry.affine_lps) @ (*anchors.centre_mm, 1.0)
        code = orientation_code(geometry)
        box = []
        for axis in (2, 1, 0):  # z, y, x
            patient_axis = next(i for i, ends in enumerate(PATIENT_AXES) if code[axis] in ends)
            extent, size = self.extent_mm[patient_axis], geometry.size[axis]
            kept = size if extent is None else min(max(round(extent / geometry.spacing_mm[axis]), 1), size)
            first = min(max(round(float(centre[axis]) - (kept - 1) / 2), 0), size - kept)
            box.append(slice(first, first + kept))
        crop = Crop(geometry, (box[0], box[1], box[2]))
        return None if crop.new_geometry().size == geometry.size else crop

    def acts_on(self, geometry: Geometry, anchors: CaseAnchors) -> bool:
        """See ``Factor``."""
        return self.step(geometry, anchors) is not None

    def approximate_on(self, geometry: Geometry, anchors: CaseAnchors) -> bool:
        """See ``Factor``."""
        return False

    def change(self, volume: Volume, anchors: CaseAnchors) -> Volume:
        """See ``Factor``."""
        step = self.step(volume.geometry, anchors)
        if step is None:
            return volume
        return replace(volume, array=volume.array[step.box].copy(), geometry=step.new_geometry(), nifti_header=None)
