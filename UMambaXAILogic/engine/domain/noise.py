"""Table 3: the standard deviation of noise, by three estimators with names.

``air``: in the largest air region outside the body. ``parenchyma``: J. Immerkaer, Fast Noise Variance Estimation,
CVIU 64:300 (1996), in soft tissue. ``wavelet``: median absolute finest diagonal coefficient / 0.6745 (D. L. Donoho and
I. M. Johnstone, Biometrika 81:425, 1994), inside the body. The latter two see differences of neighbours, so noise
that neighbours share (smooth kernels, interpolation) makes them too low.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .blocks import BlockStatistics
from .body import Tissue
from .kernels import air_sums, diagonal_details, laplacian_difference_sums
from .row import HOUNSFIELD_UNITS, NoiseEstimate

#: An estimate from fewer voxels (or wavelet coefficients) is not trusted.
FEWEST_VOXELS = 1000
#: Larger share of air voxels with the lowest value of all: clipped (or too coarsely quantised) noise.
LARGEST_CLIPPED_SHARE = 0.01
#: The magnitude of complex Gaussian noise has the standard deviation sqrt(2 - pi / 2) of its parts (Rayleigh) ...
RAYLEIGH_STD = 0.655
#: ... and this ratio of mean to standard deviation; the values are not magnitude noise where it is further off.
RAYLEIGH_MEAN_TO_STD = 1.913
RAYLEIGH_TOLERANCE = 0.25
#: Rounded magnitudes of weak noise are often 0 without having been clipped.
LARGEST_SHARE_AT_ZERO = 0.05
_MAD_TO_STD = 0.6745
#: High-pass filter of Daubechies' wavelet with two vanishing moments: it does not see linear ramps.
_ROOT_3 = 3**0.5
_HIGH_PASS = np.array([1 - _ROOT_3, _ROOT_3 - 3, 3 + _ROOT_3, -1 - _ROOT_3]) / (4 * 2**0.5)


@dataclass(frozen=True)
class NoiseModel:
    """How the image's values came about.

    Args:
        magnitude: they are magnitudes of complex numbers (MR): noise in air is Rayleigh distributed.
    """

    magnitude: bool

    @classmethod
    def of(cls, units: str, modality: str | None) -> NoiseModel:
        """CT adds noise of both signs; everything else in arbitrary units is taken for magnitude MR."""
        return cls(units != HOUNSFIELD_UNITS and modality not in ("CT", "PT"))


class NoiseMeasurement:
    """Second pass over the slabs.

    Args:
        blocks: of the first pass.
        tissue: found on them.
        model: how values came about.
    """

    def __init__(self, blocks: BlockStatistics, tissue: Tissue, model: NoiseModel) -> None:
        self._grid = blocks.grid
        self._tissue = tissue
        self._model = model
        air = tissue.air
        self._lowest = float(blocks.low[air].min()) if air.any() else np.nan
        self._origin = float(np.median(blocks.mean[air])) if air.any() else np.nan
        self._air = np.zeros(4)
        self._laplacian = np.zeros(2)
        self._details: list[npt.NDArray[np.float32]] = []

    def add(self, layer: int, slab: npt.NDArray[np.float32]) -> None:
        """Measure one layer of blocks, (slices, rows, columns)."""
        edges = self._grid.voxels[1:]
        tissue = self._tissue
        if tissue.air[layer].any():
            air_sums(slab, edges, tissue.air[layer], self._lowest, self._origin, self._air)
        if tissue.soft[layer].any():
            laplacian_difference_sums(slab, edges, tissue.soft[layer], self._laplacian)
        if tissue.body[layer].any():
            room = np.empty((slab.shape[1] // 2) * (slab.shape[2] // 2), np.float32)
            for plane in slab:
                count = diagonal_details(plane, edges, tissue.body[layer], _HIGH_PASS.astype(np.float32), room)
                self._details.append(room[:count].copy())

    def result(self) -> dict[str, NoiseEstimate]:
        """By estimator."""
        return {"air": self._air_estimate(), "parenchyma": self._parenchyma(), "wavelet": self._wavelet()}

    def _air_estimate(self) -> NoiseEstimate:
        clipped, count, total, squares = (float(value) for value in self._air)
        voxels = int(count)
        if clipped + count == 0:
            return NoiseEstimate(None, 0, "no air outside the body that is not constant")
        share = clipped / (clipped + count)
        if share > (LARGEST_SHARE_AT_ZERO if self._model.magnitude else LARGEST_CLIPPED_SHARE):
            return NoiseEstimate(
                None, voxels, f"{share:.0%} of the air has the lowest value, {self._lowest:g}: clipped"
            )
        if voxels < FEWEST_VOXELS:
            return NoiseEstimate(None, voxels, _too_few(voxels, "voxels of air"))
        offset = total / count
        std = float(np.sqrt(max(0.0, squares / count - offset**2)))
        if std == 0:
            return NoiseEstimate(None, voxels, "the air is constant")
        if not self._model.magnitude:
            return NoiseEstimate(std, voxels)
        ratio = (self._origin + offset) / std
        if abs(ratio / RAYLEIGH_MEAN_TO_STD - 1) > RAYLEIGH_TOLERANCE:
            return NoiseEstimate(
                None,
                voxels,
                f"the air's mean is {ratio:.2f} times its standard deviation, and in magnitude noise "
                f"{RAYLEIGH_MEAN_TO_STD:.2f} times: filtered, or of several coils",
            )
        return NoiseEstimate(std / RAYLEIGH_STD, voxels)

    def _parenchyma(self) -> NoiseEstimate:
        voxels = int(self._laplacian[0])
        if voxels < FEWEST_VOXELS:
            return NoiseEstimate(None, voxels, _too_few(voxels, "voxels of soft tissue"))
        std = float(np.sqrt(np.pi / 2) / 6 * self._laplacian[1] / voxels)
        return NoiseEstimate(std, voxels) if std > 0 else NoiseEstimate(None, voxels, "the soft tissue is constant")

    def _wavelet(self) -> NoiseEstimate:
        details = np.concatenate([np.empty(0, np.float32), *self._details])
        if details.size < FEWEST_VOXELS:
            return NoiseEstimate(None, details.size, _too_few(details.size, "wavelet coefficients in the body"))
        std = float(np.median(details)) / _MAD_TO_STD
        if std > 0:
            return NoiseEstimate(std, details.size)
        return NoiseEstimate(None, details.size, "half of the wavelet coefficients are 0")


def _too_few(count: int, what: str) -> str:
    return f"{count} {what}; {FEWEST_VOXELS} are needed"
