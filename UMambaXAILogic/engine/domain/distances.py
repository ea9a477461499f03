"""How far apart two distributions are, from their histograms.

Values outside the bins count as lying at the outermost edge. They are padding of -3024 HU, or a voxel of -32768, and
a histogram knows no more of them than their number and the most extreme one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .histogram import Histogram


def wasserstein(first: Histogram, second: Histogram) -> float | None:
    """Wasserstein-1 distance (area between the cumulative distributions), in the bins' unit.

    Values are taken to spread evenly over their bin. None inside the bins lies further from its true place than its
    bin is wide, so the result is off by less than the mean bin width over the values of both, where those outside are
    taken to lie at the outermost edge.

    Returns:
        None where one has no value.

    Raises:
        ValueError: over different bins.
    """
    if (lines := _cumulative(first, second)) is None:
        return None
    points, gap = lines[0], lines[1] - lines[2]
    widths, left, right = np.diff(points), gap[:-1], gap[1:]
    size = np.abs(left) + np.abs(right)
    # Where the lines cross inside an interval, the area is that of two triangles.
    crossed = left * right < 0
    area = np.where(crossed, (left**2 + right**2) / np.where(size > 0, size, 1) / 2, size / 2)
    return float(np.sum(widths * area))


def kolmogorov_smirnov(first: Histogram, second: Histogram) -> float | None:
    """Largest difference of the cumulative distributions at the bins' edges, in [0, 1].

    Differences inside a bin cannot be seen: the true value is larger by at most the share of values in one bin.

    Returns:
        None where one has no value.

    Raises:
        ValueError: over different bins.
    """
    if (lines := _cumulative(first, second)) is None:
        return None
    return float(np.abs(lines[1] - lines[2]).max())


def _cumulative(
    first: Histogram, second: Histogram
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]] | None:
    """The bins' edges and the share of values below them (below or at the first one), of both."""
    if first.bins.name != second.bins.name:
        raise ValueError(f"histograms over {first.bins.name} and {second.bins.name} cannot be compared")
    if first.minimum is None or second.minimum is None:
        return None
    shares = [
        (histogram.below + np.concatenate([[0], np.cumsum(histogram.counts)])) / histogram.total
        for histogram in (first, second)
    ]
    return first.bins.edges, shares[0], shares[1]
