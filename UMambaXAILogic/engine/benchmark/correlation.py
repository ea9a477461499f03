"""Pearson's r of two maps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def pearson(first: npt.NDArray[np.floating] | None, second: npt.NDArray[np.floating] | None) -> float | None:
    """Correlation over all voxels, in float64; None where a map is missing or constant."""
    if first is None or second is None:
        return None
    one = first.reshape(-1).astype(np.float64)
    other = second.reshape(-1).astype(np.float64)
    one -= one.mean()
    other -= other.mean()
    spread = np.sqrt((one @ one) * (other @ other))
    return float(np.clip((one @ other) / spread, -1, 1)) if spread > 0 else None
