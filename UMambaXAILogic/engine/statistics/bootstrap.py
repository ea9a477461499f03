"""Bias-corrected and accelerated (BCa) bootstrap limits of means and of differences of means.

B. Efron, "Better bootstrap confidence intervals", J. Am. Stat. Assoc. 82 (1987) 171-185; for several samples the
acceleration adds up over them (B. Efron and R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 14).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

FloatArray = npt.NDArray[np.float64]

RESAMPLES = 2000
#: Drawn at a time, so that memory does not grow with the number of cases.
_BLOCK_ELEMENTS = 1_000_000


def mean_of(values: FloatArray) -> float:
    """Mean of ``values``, shape (n,), n > 0; exact where all are equal (a plain sum of equal values rounds)."""
    return float(values[0] + (values - values[0]).mean())


def resampled_means(values: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Means of ``RESAMPLES`` samples drawn from ``values``, shape (n,), with replacement; shape (RESAMPLES,)."""
    block = max(1, _BLOCK_ELEMENTS // values.size)
    centred = values - values[0]  # equal values then give equal means, to the last bit
    means = np.empty(RESAMPLES)
    for start in range(0, RESAMPLES, block):
        stop = min(start + block, RESAMPLES)
        means[start:stop] = centred[rng.integers(0, values.size, (stop - start, values.size))].mean(axis=1)
    return values[0] + means


def acceleration(*samples: FloatArray) -> float:
    """Acceleration of the sum of the samples' means, from the influence (x - mean) / n of every value.

    A sample whose mean is subtracted is passed negated.
    """
    influence = np.concatenate([(sample - mean_of(sample)) / sample.size for sample in samples])
    square = float(np.sum(influence**2))
    return float(np.sum(influence**3)) / (6 * square**1.5) if square > 0 else 0.0


def bca_limits(estimate: float, resampled: FloatArray, accelerated: float, confidence: float) -> tuple[float, float]:
    """Lower and upper limit of the BCa interval.

    Args:
        estimate: from the sample itself.
        resampled: the same quantity of every resample.
        accelerated: see ``acceleration``.
        confidence: 0.95 gives a 95 % interval.
    """
    if resampled.min() == resampled.max():  # no distribution to take limits from
        return estimate, estimate
    below = (float(np.mean(resampled < estimate)) + float(np.mean(resampled <= estimate))) / 2
    bias = ndtri(np.clip(below, 0.5 / resampled.size, 1 - 0.5 / resampled.size))
    shift = bias + ndtri(np.array([(1 - confidence) / 2, (1 + confidence) / 2]))
    low, high = np.quantile(resampled, ndtr(bias + shift / (1 - accelerated * shift)))
    return float(low), float(high)
