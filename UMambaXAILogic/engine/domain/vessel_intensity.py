"""How bright the vessels are, and how far they stand out from the tissue around them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from ..alignment.shell import bounding_box
from .moments import Moments
from .row import NOISE_ESTIMATORS, NoiseEstimate, VesselIntensity

BoolArray = npt.NDArray[np.bool_]

#: The tissue around a vessel begins beyond its blurred edge and ends before it becomes another part of the head.
NEAREST_MM = 1.0
FARTHEST_MM = 3.0


def measure_vessel_intensity(
    array: npt.NDArray,
    vessels: BoolArray,
    spacing_mm: tuple[float, float, float],
    noise: Mapping[str, NoiseEstimate],
    region: BoolArray | None = None,
) -> VesselIntensity | None:
    """Moments of the mask's values, and their contrast to the surrounding tissue in units of noise.

    Args:
        array: the image in patient order, (z, y, x).
        vessels: mask on its grid.
        spacing_mm: of the array axes, (z, y, x).
        noise: the case's estimates; the first valid one is used and named.
        region: only voxels in it count.

    Returns:
        None where no vessel voxel counts.
    """
    extent = bounding_box(vessels)
    if extent is None:
        return None
    reach = [int(FARTHEST_MM / step) for step in spacing_mm]
    wide = tuple(slice(max(0, box.start - pad), box.stop + pad) for box, pad in zip(extent, reach, strict=True))
    mask = vessels[wide]
    around = _widened(mask, spacing_mm, FARTHEST_MM) & ~_widened(mask, spacing_mm, NEAREST_MM)
    if region is not None:
        mask, around = mask & region[wide], around & region[wide]
    part = array[wide]
    inside = Moments.of(part[mask])
    if inside.mean is None:
        return None
    surrounding = part[around]
    background = float(np.median(surrounding)) if surrounding.size else None
    estimator = next((name for name in NOISE_ESTIMATORS if noise[name].valid), None)
    contrast = None
    if estimator is not None and background is not None and (std := noise[estimator].std):
        contrast = (inside.mean - background) / std
    return VesselIntensity(inside, background, estimator, contrast)


def _widened(mask: BoolArray, spacing_mm: tuple[float, float, float], width_mm: float) -> BoolArray:
    """Voxels within ``width_mm`` along every axis (a box, whose cost does not grow with its size)."""
    wide = mask.view(np.uint8)
    for axis, step in enumerate(spacing_mm):
        wide = maximum_filter1d(wide, 2 * int(width_mm / step) + 1, axis=axis, mode="constant")
    return wide.view(bool)
