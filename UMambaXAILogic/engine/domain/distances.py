"""How far apart two distributions are, from their histograms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .histogram import Histogram


def wasserstein(first: Histogram, second: Histogram) -> float | None:
    """Wasserstein-1 distance (area between the cumulative distributions), in the bins' unit.

    Values are taken to spread evenly over their bin. None of them lies further from its true place than its bin is
    wide, so the result is off by less than the mean bin width over the values of both.

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
    """Common points and both cumulative distributions there, each from 0 to 1."""
    if first.bins.name != second.bins.name:
        raise ValueError(f"histograms over {first.bins.name} and {second.bins.name} cannot be compared")
    if first.minimum is None or second.minimum is None:
        return None
    lines = [histogram.distribution() for histogram in (first, second)]
    points = np.union1d(lines[0][0], lines[1][0])
    one, other = (np.interp(points, edges, counts / counts[-1]) for edges, counts in lines)
    return points, one, other
