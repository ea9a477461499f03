"""Histograms over fixed bins: they merge by addition, and give quantiles and distances of known resolution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from .bins import BINS, Bins


@dataclass(frozen=True)
class Histogram:
    """Counts of values.

    Args:
        bins: the fixed bins.
        counts: (len(bins),) int64.
        below, above: values outside all bins.
        minimum, maximum: of all values; None without a value.
    """

    bins: Bins
    counts: npt.NDArray[np.int64] = field(repr=False)
    below: int = 0
    above: int = 0
    minimum: float | None = None
    maximum: float | None = None

    @classmethod
    def of(cls, values: npt.ArrayLike, bins: Bins) -> Histogram:
        """Of finite values of any shape, in the bins' unit."""
        array = np.asarray(values, dtype=np.float64).ravel()
        if array.size == 0:
            return cls.empty(bins)
        index = np.searchsorted(bins.edges, array, side="right")  # 0 is below all bins, len(bins) + 1 above
        found = np.bincount(index, minlength=len(bins) + 2)
        return cls(
            bins, found[1:-1].astype(np.int64), int(found[0]), int(found[-1]), float(array.min()), float(array.max())
        )

    @classmethod
    def empty(cls, bins: Bins) -> Histogram:
        """Of no value."""
        return cls(bins, np.zeros(len(bins), np.int64))

    @classmethod
    def merged(cls, parts: Iterable[Histogram]) -> Histogram:
        """Of all values of the parts together.

        Raises:
            ValueError: no part, or parts over different bins.
        """
        histograms = list(parts)
        names = {part.bins.name for part in histograms}
        if len(names) != 1:
            raise ValueError(f"histograms over {len(names)} kinds of bins do not merge: {sorted(names)}")
        minima = [part.minimum for part in histograms if part.minimum is not None]
        maxima = [part.maximum for part in histograms if part.maximum is not None]
        return cls(
            histograms[0].bins,
            np.sum([part.counts for part in histograms], axis=0, dtype=np.int64),
            sum(part.below for part in histograms),
            sum(part.above for part in histograms),
            min(minima, default=None),
            max(maxima, default=None),
        )

    @property
    def total(self) -> int:
        """Number of values."""
        return int(self.counts.sum()) + self.below + self.above

    def within(self, low: float, high: float) -> Histogram:
        """The bins whose middle lies in [low, high], for instance those of a window."""
        middles = (self.bins.edges[:-1] + self.bins.edges[1:]) / 2
        counts = np.where((middles >= low) & (middles <= high), self.counts, 0)
        if self.minimum is None or self.maximum is None or not counts.any():
            return Histogram.empty(self.bins)
        filled = np.flatnonzero(counts)
        first, last = self.bins.edges[filled[0]], self.bins.edges[filled[-1] + 1]
        return Histogram(self.bins, counts, 0, 0, max(self.minimum, float(first)), min(self.maximum, float(last)))

    def quantile(self, share: float) -> float | None:
        """The value below which ``share`` of all values lie, good to the width of its bin; None without a value.

        Values are taken to spread evenly over their bin, and those outside all bins between the outermost edge and
        the extreme.

        Args:
            share: in [0, 1].
        """
        if self.minimum is None or self.maximum is None:
            return None
        edges, cumulative = self.distribution()
        value = float(np.interp(share * cumulative[-1], cumulative, edges))
        return min(max(value, self.minimum), self.maximum)

    def distribution(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """Points (k,) and the number of values below each (k,), increasing, from 0 to ``total``.

        Raises:
            ValueError: there is no value.
        """
        if self.minimum is None or self.maximum is None:
            raise ValueError("a histogram without a value has no distribution")
        edges = [self.bins.edges]
        counts = [self.counts]
        if self.below:
            edges.insert(0, np.array([self.minimum]))
            counts.insert(0, np.array([self.below]))
        if self.above:
            beyond = np.nextafter(self.bins.edges[-1], np.inf)  # points must increase
            edges.append(np.array([max(self.maximum, beyond)]))
            counts.append(np.array([self.above]))
        points, number = np.concatenate(edges), np.concatenate(counts)
        filled = np.flatnonzero(number)
        first, last = int(filled[0]), int(filled[-1])
        cumulative = np.concatenate([[0], np.cumsum(number[first : last + 1])]).astype(np.int64)
        return points[first : last + 2], cumulative

    def to_json(self) -> dict[str, Any]:
        """The bins by name, and the counts from the first to the last bin that holds a value."""
        filled = np.flatnonzero(self.counts)
        first, stop = (int(filled[0]), int(filled[-1]) + 1) if filled.size else (0, 0)
        return {
            "bins": self.bins.name,
            "first": first,
            "counts": self.counts[first:stop].tolist(),
            "below": self.below,
            "above": self.above,
            "minimum": self.minimum,
            "maximum": self.maximum,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Histogram:
        """Read ``to_json``'s result.

        Raises:
            InputError: bins that this version does not know, or counts that do not fit them.
        """
        bins = BINS.get(body["bins"])
        if bins is None:
            raise InputError(
                f"The histogram bins {body['bins']!r} are not known; this package knows {', '.join(BINS)}.",
                "Compute the statistics again with this version.",
            )
        counts = np.zeros(len(bins), np.int64)
        part = np.asarray(body["counts"], dtype=np.int64)
        first = int(body["first"])
        if first < 0 or part.ndim != 1 or first + part.size > len(bins) or (part < 0).any():
            raise InputError(
                f"A histogram has {part.size} counts from bin {first} on, which do not fit the {len(bins)} bins of "
                f"{bins.name}.",
                "Compute the statistics again.",
            )
        counts[first : first + part.size] = part
        return cls(bins, counts, int(body["below"]), int(body["above"]), body["minimum"], body["maximum"])
