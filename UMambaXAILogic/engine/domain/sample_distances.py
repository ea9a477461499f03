"""How far apart two distributions are, from their values: one number a case, say.

Both distances follow from the difference of the cumulative distributions F and G: Wasserstein-1 is the integral of
|F - G|, Kolmogorov-Smirnov its maximum.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def sample_wasserstein(first: Sequence[float], second: Sequence[float]) -> float:
    """Wasserstein-1 distance of two samples, at least one value each, in the values' unit."""
    values, difference = _difference(first, second)
    return float(np.sum(difference[:-1] * np.diff(values)))


def sample_kolmogorov_smirnov(first: Sequence[float], second: Sequence[float]) -> float:
    """Kolmogorov-Smirnov distance of two samples, at least one value each, in [0, 1]."""
    return float(_difference(first, second)[1].max())


def _difference(
    first: Sequence[float], second: Sequence[float]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """All values, ascending, and |F - G| from each of them to the next."""
    one, other = np.sort(np.asarray(first, dtype=np.float64)), np.sort(np.asarray(second, dtype=np.float64))
    values = np.unique(np.concatenate([one, other]))
    shares = [np.searchsorted(sample, values, side="right") / sample.size for sample in (one, other)]
    return values, np.abs(shares[0] - shares[1])
