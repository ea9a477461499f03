"""The skeleton of a mask, voxel for voxel scikit-image's, without its passes over the whole box around the mask.

T. C. Lee et al., CVGIP 56:462 (1994), as ``skimage.morphology.skeletonize(method="lee")`` has it: from one side after
the other, voxels are taken away that are not the end of a line, whose neighbours hang together without them, and
without which the Euler characteristic stays what it is, until no side has any left.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
Points = npt.NDArray[np.intp]


def thinned(mask: BoolArray) -> Points:
    """Voxels of the skeleton.

    Args:
        mask: (z, y, x).

    Returns:
        (n, 3) indices (z, y, x), in the order of ``np.argwhere``.
    """
    from .thinning_kernel import CELL_SIGNS, CELLS, NEIGHBOURS, SIDES, TOUCHING, thin  # brings numba in

    padded = np.pad(mask.view(np.uint8), 1)
    strides = _strides(padded.shape)
    flat = padded.reshape(-1)
    voxels = np.flatnonzero(flat)
    sides = SIDES if len(mask) > 1 else SIDES[:4]  # of a single slice, scikit-image leaves out those along z
    left = thin(flat, voxels, NEIGHBOURS @ strides, sides @ strides, TOUCHING, CELLS, CELL_SIGNS)
    return _points(voxels[:left], padded.shape)


def parts_without(mask: BoolArray, points: Points) -> list[Points]:
    """The 26-connected parts of a mask in which none of the points lies.

    Args:
        mask: (z, y, x).
        points: (n, 3) indices of voxels of the mask.

    Returns:
        For each part the indices of its voxels, (n, 3).
    """
    from .thinning_kernel import NEIGHBOURS, take_connected

    padded = np.pad(mask.view(np.uint8), 1)
    strides = _strides(padded.shape)
    flat, around = padded.reshape(-1), NEIGHBOURS @ strides
    queue = np.empty(np.count_nonzero(flat), np.intp)
    queue[: len(points)] = (points + 1) @ strides
    take_connected(flat, queue, len(points), around)
    parts = []
    for voxel in np.flatnonzero(flat):
        if flat[voxel]:
            queue[0] = voxel
            parts.append(_points(queue[: take_connected(flat, queue, 1, around)], padded.shape))
    return parts


def _strides(shape: tuple[int, ...]) -> Points:
    return np.array([shape[1] * shape[2], shape[2], 1])


def _points(voxels: Points, padded: tuple[int, ...]) -> Points:
    return np.column_stack(np.unravel_index(voxels, padded)) - 1
