"""Which centreline point every voxel near the vessels belongs to, and how far away it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from .centreline import Centreline

BoolArray = npt.NDArray[np.bool_]

#: A centreline point reaches this far, or ``REACH_RADII`` of its radii if that is more, ``FARTHEST_MM`` at most.
REACH_MM = 5.0
REACH_RADII = 2.0
FARTHEST_MM = 10.0
_CHUNK = 2**20


@dataclass(frozen=True)
class Surroundings:
    """Voxels of the mask, and those that a centreline point reaches.

    Args:
        voxels: (n,) flat indices in the volume, ascending.
        nearest: (n,) index of the centreline point they belong to.
        distance_mm: (n,) from centre to centre.
        radius_mm: of the centreline points.
    """

    voxels: npt.NDArray[np.intp]
    nearest: npt.NDArray[np.int32]
    distance_mm: npt.NDArray[np.float64]
    radius_mm: npt.NDArray[np.float64]

    @property
    def radii(self) -> npt.NDArray[np.float64]:
        """(n,) distances in units of the radius at the point that the voxel belongs to."""
        return self.distance_mm / self.radius_mm[self.nearest]

    def chunks(self) -> Iterator[Surroundings]:
        """The same voxels a million at a time, for what is computed of all of them."""
        for start in range(0, len(self.voxels), _CHUNK):
            part = slice(start, start + _CHUNK)
            yield Surroundings(self.voxels[part], self.nearest[part], self.distance_mm[part], self.radius_mm)


def surroundings_of(
    centreline: Centreline, mask: BoolArray, region: BoolArray | None, spacing_mm: tuple[float, float, float]
) -> Surroundings:
    """Assign voxels to the nearest of the centreline points that reach them; of the mask, every voxel to the nearest.

    Args:
        centreline: of ``mask``, with at least one point.
        mask: (z, y, x).
        region: only its voxels; None takes all.
        spacing_mm: of the array axes, (z, y, x).
    """
    spacing = np.asarray(spacing_mm)
    voxels, nearest = _reached(centreline, mask.shape, spacing)
    left = mask.flatten()
    left[voxels] = False
    unreached = np.flatnonzero(left)
    del left
    if unreached.size:
        places = np.column_stack(np.unravel_index(unreached, mask.shape)) * spacing
        _, owner = cKDTree(centreline.points * spacing).query(places)
        order = np.argsort(np.concatenate([voxels, unreached]))
        voxels = np.concatenate([voxels, unreached])[order]
        nearest = np.concatenate([nearest, owner.astype(np.int32)])[order]
    if region is not None:
        counted = region.reshape(-1)[voxels]
        voxels, nearest = voxels[counted], nearest[counted]
    near = Surroundings(voxels, nearest, np.empty(len(voxels)), centreline.diameters_mm / 2)
    for part in near.chunks():
        square = np.zeros(len(part.voxels))
        for axis, index in enumerate(np.unravel_index(part.voxels, mask.shape)):
            square += ((index - centreline.points[part.nearest, axis]) * spacing[axis]) ** 2
        np.sqrt(square, out=part.distance_mm)
    return near


def _reached(
    centreline: Centreline, shape: tuple[int, ...], spacing: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int32]]:
    """Voxels that a point reaches, and the nearest such point: exact, and without a search.

    Offsets are walked from near to far, at each of them all points at once; who comes to a voxel first is nearest.
    """
    reach_mm = np.clip(REACH_RADII * centreline.diameters_mm / 2, REACH_MM, FARTHEST_MM)
    farthest_first = np.argsort(-reach_mm, kind="stable")
    pad = np.floor(reach_mm.max() / spacing + 1e-9).astype(int)
    first = centreline.points.min(axis=0) - pad
    box = centreline.points.max(axis=0) + pad + 1 - first
    strides = np.array([box[1] * box[2], box[2], 1])
    starts = (centreline.points[farthest_first] - first) @ strides
    owner = np.full(int(box.prod()), -1, np.int32)
    steps, distances_mm = _steps_from_near_to_far(pad, spacing)
    # How many points, those of the largest reach first, come as far as this step.
    reaching = np.searchsorted(-reach_mm[farthest_first], -distances_mm * (1 - 1e-9), side="right")
    for step, count in zip(steps @ strides, reaching, strict=True):
        if count == 0:
            break
        places = starts[:count] + step
        free = np.flatnonzero(owner[places] < 0)
        owner[places[free]] = farthest_first[free]
    return _inside(owner.reshape(box), first, shape)


def _inside(
    owner: npt.NDArray[np.int32], first: npt.NDArray[np.intp], shape: tuple[int, ...]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int32]]:
    """Voxels of the volume, and their owners, of what has one in a box that begins at ``first`` and may stick out."""
    low = np.maximum(first, 0)
    there = owner[
        tuple(slice(start - begin, size - begin) for start, begin, size in zip(low, first, shape, strict=True))
    ]
    voxels, owners = [], []
    for z, plane in enumerate(there, low[0]):
        rows, columns = np.nonzero(plane >= 0)
        voxels.append((z * shape[1] + rows + low[1]) * shape[2] + columns + low[2])
        owners.append(plane[rows, columns])
    return np.concatenate(voxels), np.concatenate(owners)


def _steps_from_near_to_far(
    pad: npt.NDArray[np.int_], spacing: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int_], npt.NDArray[np.float64]]:
    steps = np.stack(np.meshgrid(*(np.arange(-size, size + 1) for size in pad), indexing="ij"), axis=-1).reshape(-1, 3)
    distances_mm = np.linalg.norm(steps * spacing, axis=1)
    order = np.argsort(distances_mm, kind="stable")
    return steps[order], distances_mm[order]
