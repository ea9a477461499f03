"""How much of each voxel lies inside a set of tubes, by counting sub-voxel points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from .vessel_tree import Tube

#: Sub-voxel points along x, y, z; their product must not exceed 64, the bits of one word.
SUBDIVISION = (3, 3, 5)
#: Distances are only known this close to a tube; elsewhere they are this value, in mm.
FAR_MM = 4.0


@dataclass(frozen=True)
class TubeCoverage:
    """Tubes on a grid; every array has shape (z, y, x).

    Args:
        fraction: float32 in [0, 1], share of the voxel inside any tube.
        distance_mm: float32, from the voxel's centre to the nearest wall, negative inside, at most ``FAR_MM``.
        on_centreline: bool, a centreline runs through the voxel.
    """

    fraction: npt.NDArray[np.float32]
    distance_mm: npt.NDArray[np.float32]
    on_centreline: npt.NDArray[np.bool_]


def tube_coverage(
    tubes: Sequence[Tube],
    shape: tuple[int, int, int],
    spacing_mm: tuple[float, float, float],
    origin_mm: tuple[float, float, float],
) -> TubeCoverage:
    """Rasterise tubes on an axis-aligned grid.

    Args:
        tubes: vessels; parts outside the grid are ignored.
        shape: (z, y, x).
        spacing_mm: (x, y, z).
        origin_mm: LPS of the first voxel's centre.
    """
    cones = [_cones(tube) for tube in tubes]
    segments = np.concatenate(cones) if cones else np.zeros((0, 8))
    words = np.zeros(shape, np.uint64)
    distance = np.full(shape, FAR_MM, np.float32)
    on_centreline = np.zeros(shape, np.bool_)
    _rasterise(segments, np.array(spacing_mm), np.array(origin_mm), words, distance, on_centreline)
    fraction = np.bitwise_count(words).astype(np.float32) / np.float32(np.prod(SUBDIVISION))
    return TubeCoverage(fraction, distance, on_centreline)


def _cones(tube: Tube) -> npt.NDArray[np.float64]:
    """Segments as rows (x0, y0, z0, r0, x1, y1, z1, r1)."""
    nodes = np.column_stack([tube.points_mm, tube.diameters_mm / 2.0])
    return np.concatenate([nodes[:-1], nodes[1:]], axis=1)


@numba.njit(cache=True)
def _wall_distance(px, py, pz, segment):
    """Distance from a point to a cone's wall, negative inside (radius interpolated at the nearest axis point)."""
    ax, ay, az, radius0 = segment[0], segment[1], segment[2], segment[3]
    dx, dy, dz = segment[4] - ax, segment[5] - ay, segment[6] - az
    length2 = dx * dx + dy * dy + dz * dz
    along = 0.0
    if length2 > 0.0:
        along = min(1.0, max(0.0, ((px - ax) * dx + (py - ay) * dy + (pz - az) * dz) / length2))
    qx, qy, qz = px - ax - along * dx, py - ay - along * dy, pz - az - along * dz
    return np.sqrt(qx * qx + qy * qy + qz * qz) - (radius0 + along * (segment[7] - radius0))


@numba.njit(cache=True)
def _rasterise(segments, spacing, origin, words, distance, on_centreline):
    size = (words.shape[2], words.shape[1], words.shape[0])
    half_diagonal = 0.5 * np.sqrt((spacing * spacing).sum())
    lower = np.zeros(3, np.int64)
    upper = np.zeros(3, np.int64)
    for row in range(segments.shape[0]):
        segment = segments[row]
        reach = max(segment[3], segment[7]) + FAR_MM
        outside = False
        for axis in range(3):
            low = min(segment[axis], segment[axis + 4]) - reach
            high = max(segment[axis], segment[axis + 4]) + reach
            lower[axis] = max(0, int(np.ceil((low - origin[axis]) / spacing[axis])))
            upper[axis] = min(size[axis] - 1, int(np.floor((high - origin[axis]) / spacing[axis])))
            outside = outside or lower[axis] > upper[axis]
        if outside:
            continue
        _mark_centreline(segment, spacing, origin, size, on_centreline)
        for k in range(lower[2], upper[2] + 1):
            z = origin[2] + k * spacing[2]
            for j in range(lower[1], upper[1] + 1):
                y = origin[1] + j * spacing[1]
                for i in range(lower[0], upper[0] + 1):
                    x = origin[0] + i * spacing[0]
                    wall = _wall_distance(x, y, z, segment)
                    if wall < distance[k, j, i]:
                        distance[k, j, i] = wall
                    if wall < half_diagonal:
                        words[k, j, i] |= _points_inside(x, y, z, spacing, segment)


@numba.njit(cache=True)
def _points_inside(x, y, z, spacing, segment):
    word = np.uint64(0)
    bit = np.uint64(1)
    for c in range(SUBDIVISION[2]):
        pz = z + ((c + 0.5) / SUBDIVISION[2] - 0.5) * spacing[2]
        for b in range(SUBDIVISION[1]):
            py = y + ((b + 0.5) / SUBDIVISION[1] - 0.5) * spacing[1]
            for a in range(SUBDIVISION[0]):
                px = x + ((a + 0.5) / SUBDIVISION[0] - 0.5) * spacing[0]
                if _wall_distance(px, py, pz, segment) <= 0.0:
                    word |= bit
                bit <<= np.uint64(1)
    return word


@numba.njit(cache=True)
def _mark_centreline(segment, spacing, origin, size, on_centreline):
    for half in range(2):
        i = int(np.rint((segment[4 * half] - origin[0]) / spacing[0]))
        j = int(np.rint((segment[4 * half + 1] - origin[1]) / spacing[1]))
        k = int(np.rint((segment[4 * half + 2] - origin[2]) / spacing[2]))
        if 0 <= i < size[0] and 0 <= j < size[1] and 0 <= k < size[2]:
            on_centreline[k, j, i] = True
