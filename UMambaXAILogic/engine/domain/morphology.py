"""Table 4: how wide the vessels are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .bins import DIAMETER
from .diameters import resampled_to_cubes, skeleton_diameters_mm
from .histogram import Histogram
from .moments import Moments
from .row import MorphologyStatistics

BoolArray = npt.NDArray[np.bool_]


def measure_morphology(
    vessels: BoolArray,
    spacing_mm: tuple[float, float, float],
    *,
    vessels_are: str,
    region: BoolArray | None = None,
    isotropic_mm: float | None = None,
) -> MorphologyStatistics:
    """Diameters at every voxel of the skeleton.

    Args:
        vessels: mask in patient order, (z, y, x).
        spacing_mm: of the array axes, (z, y, x).
        vessels_are: ``ground_truth`` or ``prediction``.
        region: only skeleton voxels in it count; their walls and their skeleton are those of the whole mask.
        isotropic_mm: resample to cubes of this size first.
    """
    if isotropic_mm is None:
        skeleton, diameters = skeleton_diameters_mm(vessels, spacing_mm)
    else:
        cubes, first = resampled_to_cubes(vessels, spacing_mm, isotropic_mm)
        found, diameters = skeleton_diameters_mm(cubes, (isotropic_mm,) * 3)
        skeleton = np.rint(first + found * isotropic_mm / np.asarray(spacing_mm)).astype(np.intp)
    if region is not None:
        diameters = diameters[region[tuple(skeleton.T)]]
    if diameters.size == 0:
        return MorphologyStatistics(
            vessels_are, isotropic_mm, Moments.of([]), None, None, None, None, Histogram.empty(DIAMETER)
        )
    return MorphologyStatistics(
        vessels_are,
        isotropic_mm,
        Moments.of(diameters),
        float(np.median(diameters)),
        float(diameters.min()),
        float(diameters.max()),
        float(np.percentile(diameters, 99)),
        Histogram.of(diameters, DIAMETER),
    )
