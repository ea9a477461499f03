"""Another number of slices over the same extent: thicker slices average, thinner ones interpolate."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt


def slice_weights(old: int, new: int) -> list[tuple[int, npt.NDArray[np.float64]]]:
    """What each new slice is made of, for grids that share their outer faces.

    Fewer slices: the mean over the thickness of the new slice, each old slice weighted with the part of it that lies
    inside, as a scanner's thicker slice averages over what it covers. More slices: linear between the centres of the
    two nearest; the outermost slices go on beyond their centres.

    Args:
        old: number of slices there are.
        new: number of slices wanted, at least 1.

    Returns:
        For every new slice the first old slice it draws on and the weights of that and the following ones; they sum
        to 1.
    """
    ratio = old / new
    parts: list[tuple[int, npt.NDArray[np.float64]]] = []
    for index in range(new):
        if new < old:
            low, high = index * ratio, (index + 1) * ratio
            first, last = math.floor(low + 1e-9), min(math.ceil(high - 1e-9), old)
            edges = np.clip(np.arange(first, last + 1, dtype=np.float64), low, high)
            overlap = np.diff(edges)
            parts.append((first, overlap / overlap.sum()))
        else:
            position = min(max((index + 0.5) * ratio - 0.5, 0.0), old - 1.0)
            first = min(math.floor(position), max(old - 2, 0))
            share = position - first
            parts.append((first, np.array([1.0 - share, share] if old > 1 else [1.0])))
    return parts


def resample_slices(array: npt.NDArray[np.float32], axis: int, slices: int) -> npt.NDArray[np.float32]:
    """``array`` with another number of slices along ``axis``; the same array where the number is the same.

    A stretch of equal values keeps its value to the last bit.

    Args:
        array: (z, y, x), float32.
        axis: along which slices are counted.
        slices: wanted number, at least 1.
    """
    old = array.shape[axis]
    if slices == old:
        return array
    shape = list(array.shape)
    shape[axis] = slices
    result = np.empty(shape, dtype=np.float32)
    source, filled = np.moveaxis(array, axis, 0), np.moveaxis(result, axis, 0)
    for index, (first, weights) in enumerate(slice_weights(old, slices)):
        base = source[first]
        total = base.astype(np.float64)
        for offset in range(1, len(weights)):
            total += weights[offset] * (source[first + offset].astype(np.float64) - base)
        filled[index] = total
    return result
