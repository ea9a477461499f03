"""What takes the place of a region's voxels. Fills act on the network grid; nothing is normalised again.

In a vessel, the region's own mean would be almost no change, and the volume's mean is mostly air: the default is the
tissue around the region.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..alignment.shell import shell_around

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.floating]

#: Width of the shell whose mean fills a region.
SHELL_MM = 3.0
#: Standard deviation of the Gaussian that blurs: wide enough to lose a vessel of the brain in its surroundings.
BLUR_SIGMA_MM = 3.0


@dataclass(frozen=True)
class FillSource:
    """What fills are made of, all on the network grid (without padding).

    Args:
        data: (channels, z, y, x), normalised.
        target: voxels that must not enter a shell: those predicted as the target, and M.
        spacing_mm: (z, y, x).
    """

    data: FloatArray
    target: BoolArray
    spacing_mm: tuple[float, float, float]


class Fill(Protocol):
    """One way to fill."""

    def __call__(self, region: BoolArray, box: tuple[slice, ...]) -> FloatArray:
        """Values for the voxels of ``region``.

        Args:
            region: of the box's shape.
            box: where it lies; slices of the network grid.

        Returns:
            Broadcasts to (channels, *box).
        """


def make_fill(kind: str, source: FillSource) -> Fill:
    """The fill of that name (``method_settings.FILLS``)."""
    return _KINDS[kind](source)


class ShellMean:
    """Mean of the tissue within 3 mm outside the region (a voxel where voxels are thicker), target left out.

    Where there is none, deep inside a thick target, the tissue nearest to each voxel of the region stands in; where
    the volume holds none at all, its mean.
    """

    def __init__(self, source: FillSource) -> None:
        self._source = source
        self._width_mm = max(SHELL_MM, min(source.spacing_mm))

    def __call__(self, region: BoolArray, box: tuple[slice, ...]) -> FloatArray:
        """See ``Fill``."""
        source = self._source
        margins = [int(np.ceil(self._width_mm / spacing)) for spacing in source.spacing_mm]
        wide = tuple(
            slice(max(0, part.start - margin), min(size, part.stop + margin))
            for part, margin, size in zip(box, margins, source.target.shape, strict=True)
        )
        around = np.zeros(source.target[wide].shape, bool)
        around[tuple(slice(b.start - w.start, b.stop - w.start) for b, w in zip(box, wide, strict=True))] = region
        shell = shell_around(around, source.spacing_mm, self._width_mm) & ~source.target[wide]
        if shell.any():
            return _means(source.data[(slice(None), *wide)][:, shell])
        inside = region & source.target[box]
        if inside.any() and not source.target.all():
            nearest = self._nearest_tissue[(slice(None), *box)][:, inside]
            return _means(source.data[(slice(None), *nearest)])
        return _means(source.data.reshape(len(source.data), -1))

    @cached_property
    def _nearest_tissue(self) -> npt.NDArray[np.int32]:
        """Indices (3, z, y, x) of the nearest voxel outside the target."""
        return ndimage.distance_transform_edt(
            self._source.target, sampling=self._source.spacing_mm, return_distances=False, return_indices=True
        )


class VolumeMean:
    """Mean of the volume, channel by channel, as published."""

    def __init__(self, source: FillSource) -> None:
        self._mean = _means(source.data.reshape(len(source.data), -1))

    def __call__(self, region: BoolArray, box: tuple[slice, ...]) -> FloatArray:
        """See ``Fill``."""
        return self._mean


class Blurred:
    """The image itself, blurred with a Gaussian of 3 mm."""

    def __init__(self, source: FillSource) -> None:
        sigma = [BLUR_SIGMA_MM / spacing for spacing in source.spacing_mm]
        self._blurred = np.stack([ndimage.gaussian_filter(channel, sigma, mode="nearest") for channel in source.data])

    def __call__(self, region: BoolArray, box: tuple[slice, ...]) -> FloatArray:
        """See ``Fill``."""
        return self._blurred[(slice(None), *box)]


_KINDS: Mapping[str, Callable[[FillSource], Fill]] = {"shell": ShellMean, "mean": VolumeMean, "blur": Blurred}


def _means(values: FloatArray) -> FloatArray:
    """Mean of every channel: (channels, n) -> (channels, 1, 1, 1)."""
    return values.mean(axis=1, dtype=np.float64)[:, None, None, None]
