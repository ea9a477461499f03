"""From which voxels nnU-Net's resampling makes each voxel of one resampled axis, with weights rounded as scipy's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Taps:
    """The two input voxels of one axis from which each output voxel is made, and their weights.

    Args:
        lower, upper: indices (outputs,) intp.
        lower_weight, upper_weight: float64 (outputs,); they sum to 1.
    """

    lower: npt.NDArray[np.intp]
    upper: npt.NDArray[np.intp]
    lower_weight: npt.NDArray[np.float64]
    upper_weight: npt.NDArray[np.float64]

    def of(self, outputs: slice) -> Taps:
        """Those of some of the outputs."""
        return Taps(self.lower[outputs], self.upper[outputs], self.lower_weight[outputs], self.upper_weight[outputs])

    def shifted(self, voxels: int) -> Taps:
        """The same for an input that lacks its first ``voxels``."""
        return Taps(self.lower - voxels, self.upper - voxels, self.lower_weight, self.upper_weight)


def linear_taps(voxels: int, outputs: int) -> Taps:
    """Of an axis that is interpolated."""
    position = (np.arange(outputs, dtype=np.float64) + 0.5) * (voxels / outputs) - 0.5
    below = np.floor(position)
    lower_weight = 1.0 - (position - below)
    lower = below.astype(np.intp)
    # Beyond the outermost voxels both taps are the same one, and the second weight is what the first leaves, not the
    # fraction: scipy rounds so.
    return Taps(_inside(lower, voxels), _inside(lower + 1, voxels), lower_weight, 1.0 - lower_weight)


def nearest_taps(voxels: int, outputs: int) -> Taps:
    """Of the axis along which whole slices are taken."""
    position = (voxels / outputs) * (np.arange(outputs, dtype=np.float64) + 0.5) - 0.5
    index = _inside(np.floor(position + 0.5).astype(np.intp), voxels)
    return Taps(index, index, np.ones(outputs), np.zeros(outputs))


def _inside(index: npt.NDArray[np.intp], voxels: int) -> npt.NDArray[np.intp]:
    return np.clip(index, 0, voxels - 1)
