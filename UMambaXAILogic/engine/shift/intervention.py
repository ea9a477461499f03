"""A volume after some interventions, with the way back to the case's own grid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..volume import Geometry, Volume
from .factor import CaseAnchors, Factor
from .grid_steps import BoolArray, FloatMap, GridStep

#: The lowest value is padding, not tissue, where it fills at least this share of the volume.
_PADDED_SHARE = 0.01


@dataclass(frozen=True)
class Intervened:
    """A volume and how its grid came from the case's own.

    Voxels of constant padding (outside a scanner's circle, or around a skull-stripped head) were never measured: they
    keep their value whatever a factor does, so that no noise appears where nothing was scanned and nnU-Net's crop to
    the non-zero box stays.

    Args:
        volume: float32.
        own: the case's own grid.
        steps: changes of grid so far.
        padding: the value of padding; None where there is none.
    """

    volume: Volume
    own: Geometry
    steps: tuple[GridStep, ...] = ()
    padding: float | None = None

    @classmethod
    def untouched(cls, volume: Volume) -> Intervened:
        """The case as it was read; its values become float32."""
        array = volume.array.astype(np.float32, copy=False)
        lowest = array.min()
        padded = np.count_nonzero(array == lowest) >= _PADDED_SHARE * array.size
        return cls(replace(volume, array=array), volume.geometry, padding=float(lowest) if padded else None)

    def after(self, factor: Factor, anchors: CaseAnchors) -> Intervened:
        """The same volume after one more factor; itself where the factor does not act."""
        geometry = self.volume.geometry
        if not factor.acts_on(geometry, anchors):
            return self
        changed = factor.change(self.volume, anchors)
        step = factor.step(geometry, anchors)
        if self.padding is not None:
            padding = self.volume.array == np.float32(self.padding)
            changed.array[padding if step is None else step.mask_forth(padding)] = np.float32(self.padding)
        return replace(self, volume=changed, steps=self.steps if step is None else (*self.steps, step))

    def mask_here(self, mask: BoolArray) -> BoolArray:
        """A mask of the case's own grid on the volume's."""
        for step in self.steps:
            mask = step.mask_forth(mask)
        return mask

    def mask_to_own(self, mask: BoolArray) -> BoolArray:
        """A mask of the volume's grid on the case's own; background where the volume does not reach."""
        for step in reversed(self.steps):
            mask = step.mask_back(mask)
        return mask

    def map_to_own(self, attention: FloatMap) -> FloatMap:
        """A map in [0, 1] of the volume's grid on the case's own; 0 where the volume does not reach."""
        for step in reversed(self.steps):
            attention = step.map_back(attention)
        return attention
