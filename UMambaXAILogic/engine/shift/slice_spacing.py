"""Slice spacing: thicker slices average, thinner ones interpolate."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..volume import Geometry, Volume
from .factor import CaseAnchors, Factor
from .grid_steps import NewSlices
from .slice_weights import resample_slices


@dataclass(frozen=True)
class SliceSpacing(Factor):
    """Resamples along the axis nearest to superior-inferior.

    Thicker slices are contiguous: their thickness is their spacing. The extent is kept, so the spacing comes as near
    to the wanted one as a whole number of slices allows. Thinner slices show nothing that was not there: where the
    wanted spacing is smaller, only the grid that the network sees is the other scanner's.

    Args:
        spacing_mm: wanted, above 0; None leaves every case its own.
    """

    key = "slice_spacing"

    spacing_mm: float | None

    def step(self, geometry: Geometry, anchors: CaseAnchors) -> NewSlices | None:
        """See ``Factor``."""
        if self.spacing_mm is None:
            return None
        column = 2 - geometry.superior_axis
        slices = max(round(geometry.size[column] * geometry.spacing_mm[column] / self.spacing_mm), 1)
        return None if slices == geometry.size[column] else NewSlices(geometry, slices)

    def acts_on(self, geometry: Geometry, anchors: CaseAnchors) -> bool:
        """See ``Factor``."""
        return self.step(geometry, anchors) is not None

    def approximate_on(self, geometry: Geometry, anchors: CaseAnchors) -> bool:
        """See ``Factor``."""
        step = self.step(geometry, anchors)
        return step is not None and step.slices > geometry.shape[geometry.superior_axis]

    def change(self, volume: Volume, anchors: CaseAnchors) -> Volume:
        """See ``Factor``."""
        step = self.step(volume.geometry, anchors)
        if step is None:
            return volume
        array = resample_slices(volume.array, volume.geometry.superior_axis, step.slices)
        return replace(volume, array=array, geometry=step.new_geometry(), nifti_header=None)
