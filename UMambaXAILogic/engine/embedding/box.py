"""The prompt box, and the weight by place that it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class PromptBox:
    """A box of voxels.

    Args:
        start, stop: first voxel, and first voxel after it, along every axis.
    """

    start: tuple[int, ...]
    stop: tuple[int, ...]

    @property
    def slices(self) -> tuple[slice, ...]:
        """What takes the box out of an array."""
        return tuple(slice(low, high) for low, high in zip(self.start, self.stop, strict=True))

    def mask(self, shape: Sequence[int]) -> npt.NDArray[np.bool_]:
        """Voxels of the box on a grid."""
        inside = np.zeros(tuple(shape), dtype=bool)
        inside[self.slices] = True
        return inside


def bounding_box(mask: npt.NDArray[np.bool_], margin: Sequence[int] | None = None) -> PromptBox:
    """The smallest box around the True voxels of a mask that has some, enlarged.

    Args:
        margin: voxels that are added at each end of every axis, as far as the grid goes; None adds none.
    """
    start, stop = [], []
    for axis, size in enumerate(mask.shape):
        along = np.flatnonzero(mask.any(axis=tuple(other for other in range(mask.ndim) if other != axis)))
        low, high = int(along[0]), int(along[-1]) + 1
        more = 0 if margin is None else margin[axis]
        start.append(max(0, low - more))
        stop.append(min(size, high + more))
    return PromptBox(tuple(start), tuple(stop))


def spatial_weight(box: PromptBox, shape: Sequence[int], floor: float) -> npt.NDArray[np.float32]:
    """floor + (1 - floor) exp(-d^2 / 2), with d the distance from the box's centre in half sides of the box.

    Args:
        shape: of the grid.
        floor: far from the box, [0, 1].
    """
    weight = np.ones((), dtype=np.float64)
    for size, low, high in zip(shape, box.start, box.stop, strict=True):
        distance = (np.arange(size) + 0.5 - (low + high) / 2) / ((high - low) / 2)
        weight = weight[..., None] * np.exp(-0.5 * distance**2)
    return (floor + (1 - floor) * weight).astype(np.float32)
