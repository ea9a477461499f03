"""Kernel: a softer or sharper reconstruction, as a Gaussian point spread in the slice plane."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.fft import dctn, idctn

from ..volume import Geometry, Volume
from .factor import CaseAnchors, Factor

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))
#: A frequency is raised by no more than this when an image is sharpened: beyond, it is noise.
LARGEST_GAIN = 4.0


@dataclass(frozen=True)
class Blur(Factor):
    """Multiplies the spectrum of each slice, mirrored at its edges, by that of a Gaussian.

    On the spectrum, the width is exact also where the Gaussian is narrower than a voxel, and two blurs make one whose
    squared widths add up. Sharpening divides instead, up to ``LARGEST_GAIN``: it does not bring back what a softer
    kernel has taken away.

    Args:
        fwhm_mm: full width at half maximum that is added in quadrature; negative: taken off.
    """

    key = "blur"
    rounds = True

    fwhm_mm: float

    def acts_on(self, geometry: Geometry, anchors: CaseAnchors) -> bool:
        """See ``Factor``."""
        return self.fwhm_mm != 0

    def approximate_on(self, geometry: Geometry, anchors: CaseAnchors) -> bool:
        """See ``Factor``."""
        return self.fwhm_mm < 0

    def change(self, volume: Volume, anchors: CaseAnchors) -> Volume:
        """See ``Factor``."""
        return _filtered(volume, self.fwhm_mm)

    def at_zero_strength(self, volume: Volume) -> Volume:
        """See ``Factor``: to the spectrum and back."""
        return _filtered(volume, 0.0)


def _filtered(volume: Volume, fwhm_mm: float) -> Volume:
    axis = volume.geometry.superior_axis
    spacing = [mm for index, mm in enumerate(volume.geometry.spacing_mm[::-1]) if index != axis]
    planes = np.moveaxis(volume.array, axis, 0)
    gain = _gain(planes.shape[1:], spacing, fwhm_mm)
    result = np.empty(volume.array.shape, dtype=np.float32)
    filtered = np.moveaxis(result, axis, 0)
    for index, plane in enumerate(planes):
        filtered[index] = idctn(dctn(plane.astype(np.float64), norm="ortho") * gain, norm="ortho")
    return replace(volume, array=result)


def _gain(shape: tuple[int, ...], spacing_mm: list[float], fwhm_mm: float) -> npt.NDArray[np.float64]:
    """exp(-2 pi^2 sigma^2 f^2) at the frequencies of the cosine transform, k / (2 n spacing) cycles per mm."""
    rows, columns = (np.arange(count) / (2 * count * mm) for count, mm in zip(shape, spacing_mm, strict=True))
    squared = rows[:, None] ** 2 + columns[None, :] ** 2
    exponent = 2 * (math.pi * fwhm_mm / FWHM_PER_SIGMA) ** 2 * squared
    if fwhm_mm < 0:
        return np.exp(np.minimum(exponent, math.log(LARGEST_GAIN)))
    return np.exp(-exponent)
