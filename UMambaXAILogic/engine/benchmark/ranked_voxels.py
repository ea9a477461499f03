"""The voxels that a map puts first, in order; equal ones in an order of chance that the seed fixes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def ranked_voxels(values: npt.NDArray[np.floating], count: int, seed: int) -> npt.NDArray[np.intp]:
    """Flat indices of the ``count`` greatest values, the greatest first.

    Args:
        values: a map, any shape.
        count: at most the map's size.
        seed: of the order among equal values.
    """
    flat = values.reshape(-1)
    if count == 0:
        return np.empty(0, np.intp)
    last = np.partition(flat, flat.size - count)[flat.size - count]
    generator = np.random.default_rng(seed)
    above = np.flatnonzero(flat > last)
    equal = generator.permutation(np.flatnonzero(flat == last))[: count - above.size]
    above = above[np.lexsort((generator.random(above.size), -flat[above]))]
    return np.concatenate([above, equal])


def first_of(ranked: npt.NDArray[np.intp], count: int, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """The first ``count`` of ``ranked_voxels`` as a mask."""
    mask = np.zeros(shape, bool)
    mask.reshape(-1)[ranked[:count]] = True
    return mask
