"""Count, mean and standard deviation that merge exactly."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Moments:
    """Of a population: the standard deviation divides by the count, not by one less.

    Args:
        count: of values.
        mean, std: in the values' units; None without a value.
    """

    count: int
    mean: float | None
    std: float | None

    @classmethod
    def of(cls, values: npt.ArrayLike) -> Moments:
        """Of finite values of any shape."""
        array = np.asarray(values, dtype=np.float64)
        if array.size == 0:
            return NOTHING
        return cls(array.size, float(array.mean()), float(array.std()))

    @classmethod
    def from_sums(cls, count: int, total: float, squares: float, origin: float = 0.0) -> Moments:
        """From the sums of (value - origin) and of its square; an origin near the mean keeps the digits."""
        if count == 0:
            return NOTHING
        offset = total / count
        return cls(count, origin + offset, math.sqrt(max(0.0, squares / count - offset * offset)))

    @classmethod
    def merged(cls, parts: Iterable[Moments]) -> Moments:
        """Of all values of the parts together (Chan, Golub and LeVeque, Am. Stat. 37:242, 1983)."""
        known = [(part.count, part.mean, part.std) for part in parts if part.mean is not None and part.std is not None]
        count = sum(size for size, _, _ in known)
        if count == 0:
            return NOTHING
        mean = sum(size * mean for size, mean, _ in known) / count
        variance = sum(size * (std**2 + (part_mean - mean) ** 2) for size, part_mean, std in known) / count
        return cls(count, mean, math.sqrt(variance))


NOTHING = Moments(0, None, None)
