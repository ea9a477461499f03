"""Vessel diameters: twice the distance to the wall, on the skeleton of a mask."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from ..alignment.shell import bounding_box
from ..alignment.skeleton import thinned

BoolArray = npt.NDArray[np.bool_]


def skeleton_diameters_mm(
    mask: BoolArray, spacing_mm: tuple[float, float, float]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Twice the distance from every voxel of the 3-D skeleton to the nearest voxel outside the mask.

    The same as a Euclidean distance transform of the whole volume, and exact, but only computed where it is read: the
    nearest voxel outside always touches the mask, so a search tree of these few is enough. Beyond the volume's border
    there is no voxel: a vessel that leaves the volume does not end there.

    Args:
        mask: (z, y, x).
        spacing_mm: of the array axes, (z, y, x).

    Returns:
        (n, 3) voxel indices of the skeleton (T. C. Lee et al., CVGIP 56:462, 1994), and (n,) diameters in mm.
    """
    extent = bounding_box(mask)
    if extent is None:
        return np.empty((0, 3), np.intp), np.empty(0)
    wide = tuple(slice(max(0, part.start - 1), part.stop + 1) for part in extent)
    part = np.ascontiguousarray(mask[wide])
    skeleton = thinned(part)
    distance_mm = wall_distances_mm(part, skeleton, spacing_mm)
    if distance_mm is None:
        return np.empty((0, 3), np.intp), np.empty(0)
    return skeleton + [box.start for box in wide], 2 * distance_mm


def wall_distances_mm(
    mask: BoolArray, points: npt.NDArray[np.intp], spacing_mm: tuple[float, float, float]
) -> npt.NDArray[np.float64] | None:
    """Distance from the centres of voxels of a mask to the centre of the nearest voxel outside it.

    Args:
        mask: (z, y, x), with a margin of one voxel wherever the volume has one.
        points: (n, 3) voxel indices.
        spacing_mm: of the array axes, (z, y, x).

    Returns:
        (n,), in mm; None where the mask fills the volume: there is no wall.
    """
    spacing = np.asarray(spacing_mm)
    outside = np.argwhere(_touching(mask))
    if not outside.size:
        return None
    distance_mm, _ = cKDTree(outside * spacing).query(points * spacing)
    return distance_mm


def resampled_to_cubes(
    mask: BoolArray, spacing_mm: tuple[float, float, float], cube_mm: float
) -> tuple[BoolArray, npt.NDArray[np.float64]]:
    """The mask's neighbourhood on a grid of cubes: linear interpolation, at least one half.

    Args:
        mask: (z, y, x).
        spacing_mm: of its axes.
        cube_mm: edge of a cube.

    Returns:
        The resampled part, and the index in ``mask`` of its first voxel. The i-th cube lies at that index +
        i x ``cube_mm`` / spacing.
    """
    extent = bounding_box(mask)
    if extent is None:
        return np.zeros((1, 1, 1), bool), np.zeros(3)
    wide = tuple(slice(max(0, part.start - 2), part.stop + 2) for part in extent)
    part = mask[wide]
    step = cube_mm / np.asarray(spacing_mm)
    shape = tuple(int((size - 1) / along + 1e-9) + 1 for size, along in zip(part.shape, step, strict=True))
    fine = ndimage.affine_transform(
        part.astype(np.float32), step, output_shape=shape, output=np.float32, order=1, mode="nearest"
    )
    return fine >= 0.5, np.array([box.start for box in wide], dtype=float)


def _touching(mask: BoolArray) -> BoolArray:
    """Voxels outside the mask that share a face with one in it."""
    touching = np.zeros_like(mask)
    for axis in range(3):
        low = tuple(slice(None, -1) if other == axis else slice(None) for other in range(3))
        high = tuple(slice(1, None) if other == axis else slice(None) for other in range(3))
        touching[low] |= mask[high]
        touching[high] |= mask[low]
    touching &= ~mask
    return touching
