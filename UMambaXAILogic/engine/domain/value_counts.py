"""Moments, histogram and exact percentiles of tens of millions of values, without keeping or sorting them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .bins import Bins
from .histogram import Histogram
from .kernels import FIRST_WHOLE, count_values, count_within, sort_keys, window_sums
from .moments import Moments

_LEADING = 1 << 16
#: Whole numbers up to beyond the last CT bin.
_WHOLE_NUMBERS = 4112


class ValueCounts:
    """First pass: moments, a window's moments, and counts by the leading bits.

    Args:
        window: lowest and highest value of the window, or None.
    """

    def __init__(self, window: tuple[float, float] | None) -> None:
        self._window = window
        self._window_sums = np.zeros(3)
        self._parts: list[Moments] = []
        self._by_key = np.zeros(_LEADING, np.int64)
        self._by_whole = np.zeros(_WHOLE_NUMBERS, np.int64)
        self._low, self._high = np.inf, -np.inf

    def add(self, values: npt.NDArray[np.float32]) -> None:
        """Count more values, (n,)."""
        if values.size == 0:
            return
        self._low = min(self._low, float(values.min()))
        self._high = max(self._high, float(values.max()))
        self._parts.append(_moments(values))
        count_values(values, sortable(values), self._by_key, self._by_whole)
        if self._window is not None:
            window_sums(values, *self._window, self._window_sums)

    @property
    def moments(self) -> Moments:
        """Of all values."""
        return Moments.merged(self._parts)

    @property
    def extremes(self) -> tuple[float, float]:
        """Lowest and highest value."""
        return self._low, self._high

    @property
    def by_key(self) -> npt.NDArray[np.int64]:
        """Number of values by the leading 16 bits of their key."""
        return self._by_key

    @property
    def in_window(self) -> Moments | None:
        """Of the values inside the window; None without one."""
        if self._window is None:
            return None
        count, total, squares = self._window_sums
        return Moments.from_sums(int(count), float(total), float(squares), sum(self._window) / 2)

    def histogram(self, bins: Bins) -> Histogram:
        """Over bins whose edges are whole numbers and a half (CT), or cut from the leading bits (octaves)."""
        whole = bins.unit == "HU"
        counts = self._by_whole if whole else self._by_key
        filled = np.flatnonzero(counts)
        if whole:
            starts = filled + (FIRST_WHOLE - 0.5)
        else:
            starts = from_sortable(filled.astype(np.uint32) << np.uint32(16)).astype(np.float64)
        index = np.searchsorted(bins.edges, starts, side="right")
        found = np.zeros(len(bins) + 2, np.int64)
        np.add.at(found, index, counts[filled])
        return Histogram(bins, found[1:-1], int(found[0]), int(found[-1]), self._low, self._high)


class Percentiles:
    """Second pass: the order statistics that percentiles interpolate between, as ``numpy.percentile`` does.

    Args:
        by_key: counts of the first pass.
        shares: percentages.
    """

    def __init__(self, by_key: npt.NDArray[np.int64], shares: Sequence[float]) -> None:
        self._shares = shares
        self._cumulative = np.cumsum(by_key)
        last = int(self._cumulative[-1]) - 1
        self._positions = [last * share / 100 for share in shares]
        ranks = {rank for place in self._positions for rank in (math.floor(place), math.ceil(place))}
        self._leading = {rank: int(np.searchsorted(self._cumulative, rank, side="right")) for rank in ranks}
        leading = sorted(set(self._leading.values()))
        self._slots = np.full(_LEADING, -1, np.int16)
        self._slots[leading] = np.arange(len(leading))
        self._fine = np.zeros((len(leading), _LEADING), np.int64)

    def add(self, values: npt.NDArray[np.float32]) -> None:
        """Look at the same values again, (n,)."""
        count_within(sortable(values), self._slots, self._fine)

    def result(self) -> dict[float, float]:
        """Percentile by percentage."""
        result = {}
        for share, place in zip(self._shares, self._positions, strict=True):
            low, high = self._ranked(math.floor(place)), self._ranked(math.ceil(place))
            result[share] = low + (high - low) * (place - math.floor(place))
        return result

    def _ranked(self, rank: int) -> float:
        """The value with ``rank`` values before it."""
        leading = self._leading[rank]
        before = int(self._cumulative[leading - 1]) if leading else 0
        within = np.cumsum(self._fine[self._slots[leading]])
        trailing = int(np.searchsorted(within, rank - before, side="right"))
        return float(from_sortable(np.array([leading << 16 | trailing], np.uint32))[0])


def sortable(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint32]:
    """Keys that sort as the values do."""
    keys = np.empty(values.size, np.uint32)
    sort_keys(values.view(np.uint32), keys)
    return keys


def from_sortable(keys: npt.NDArray[np.uint32]) -> npt.NDArray[np.float32]:
    """The values of ``sortable`` keys."""
    one, sign, everything = np.uint32(1), np.uint32(0x80000000), np.uint32(0xFFFFFFFF)
    negative = (keys - one) ^ everything
    return np.where(keys < sign, negative, keys ^ sign).view(np.float32)


def _moments(values: npt.NDArray[np.float32]) -> Moments:
    mean = float(values.mean(dtype=np.float64))
    squares = values.astype(np.float64)
    squares -= mean
    return Moments(values.size, mean, float(np.sqrt(np.mean(np.square(squares, out=squares)))))
