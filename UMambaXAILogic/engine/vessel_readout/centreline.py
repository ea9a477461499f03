"""The centreline of a mask: its points, its local diameter, its length, and the segments it is cut into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import minimum_spanning_tree
from scipy.spatial import cKDTree

from ..alignment.segments import SEGMENT_MM, cut_skeleton
from ..alignment.shell import bounding_box
from ..alignment.skeleton import parts_without, thinned
from ..domain.diameters import wall_distances_mm

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Centreline:
    """The skeleton of a mask. No points where the mask is empty, or fills the volume so that it has no wall.

    Args:
        points: (n, 3) voxel indices (z, y, x).
        diameters_mm: (n,) twice the distance to the nearest voxel outside the mask.
        lengths_mm: (n,) half of every step to a neighbour in the skeleton's spanning tree: they sum to its length.
        segments: (n,) segment number from 0, as ``cut_skeleton`` gives it; -1 in parts shorter than ``SEGMENT_MM``.
        thinned_again: parts of the mask that had no skeleton and were thinned on a grid of twice the resolution.
    """

    points: npt.NDArray[np.intp]
    diameters_mm: npt.NDArray[np.float64]
    lengths_mm: npt.NDArray[np.float64]
    segments: npt.NDArray[np.int64]
    thinned_again: int

    def inside(self, mask: BoolArray) -> BoolArray:
        """Which points lie in ``mask``."""
        return mask[tuple(self.points.T)]


def centreline_of(mask: BoolArray, spacing_mm: tuple[float, float, float]) -> Centreline:
    """Thin a mask (T. C. Lee et al., CVGIP 56:462, 1994) and measure what is left.

    Args:
        mask: (z, y, x).
        spacing_mm: of the array axes, (z, y, x).
    """
    extent = bounding_box(mask)
    if extent is not None:
        wide = tuple(slice(max(0, part.start - 1), part.stop + 1) for part in extent)
        part = np.ascontiguousarray(mask[wide])
        points, thinned_again = skeleton_points(part)
        distance_mm = wall_distances_mm(part, points, spacing_mm)
        if distance_mm is not None:
            return Centreline(
                points + [box.start for box in wide],
                2 * distance_mm,
                _lengths_mm(points, spacing_mm),
                cut_skeleton(points, spacing_mm, SEGMENT_MM),
                thinned_again,
            )
    return Centreline(np.empty((0, 3), np.intp), np.empty(0), np.empty(0), np.empty(0, np.int64), 0)


def skeleton_points(mask: BoolArray) -> tuple[npt.NDArray[np.intp], int]:
    """Voxels of the skeleton, at least one in every 26-connected part of the mask.

    skimage thins straight rods to nothing whose section is as many voxels high as wide, and that number even: both
    middle voxels are taken off in one pass. On a grid of twice the resolution every width is odd (2 n + 1), so parts
    without a skeleton are thinned there, and their points carried to the nearest voxels of the part. A
    compact part that even there is thinned to nothing is represented by its voxel farthest from the wall.

    Returns:
        (n, 3) voxel indices, and how many parts were thinned again.
    """
    points = thinned(mask)
    missing = parts_without(mask, points)
    if missing:
        found = np.concatenate([points, *(_thinned_at_twice_the_resolution(part) for part in missing)])
        points = np.column_stack(np.unravel_index(np.unique(np.ravel_multi_index(found.T, mask.shape)), mask.shape))
    return points, len(missing)


def _thinned_at_twice_the_resolution(voxels: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Of a part given by its voxels (n, 3); returns some of them."""
    first = voxels.min(axis=0)
    part = np.zeros(voxels.max(axis=0) - first + 1, bool)
    part[tuple((voxels - first).T)] = True
    padded = np.pad(part, 1).astype(np.float32)
    shape = tuple(2 * size - 1 for size in padded.shape)
    fine = ndimage.affine_transform(padded, np.full(3, 0.5), output_shape=shape, order=1) >= 0.5
    found = np.argwhere(part)
    thin = thinned(fine) / 2 - 1
    if not len(thin):
        depth = ndimage.distance_transform_edt(np.pad(part, 1))[1:-1, 1:-1, 1:-1]
        return np.argwhere(part & (depth == depth.max()))[:1] + first
    # Half-way between two voxels always the one of lower index: a line that changed sides would be too long.
    return found[cKDTree(found).query(thin - 0.25)[1]] + first


def _lengths_mm(points: npt.NDArray[np.intp], spacing_mm: tuple[float, float, float]) -> npt.NDArray[np.float64]:
    pairs = cKDTree(points).query_pairs(1.01, p=np.inf, output_type="ndarray")
    steps = np.linalg.norm((points[pairs[:, 0]] - points[pairs[:, 1]]) * np.asarray(spacing_mm), axis=1)
    tree = minimum_spanning_tree(coo_matrix((steps, (pairs[:, 0], pairs[:, 1])), shape=(len(points), len(points))))
    kept = tree.tocoo()
    lengths = np.zeros(len(points))
    for end in (kept.row, kept.col):
        lengths += np.bincount(end, kept.data / 2, minlength=len(points))
    return lengths
