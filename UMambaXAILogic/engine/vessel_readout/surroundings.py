"""Which centreline point every voxel near the vessels belongs to, and how far away it is."""

from __future__ import annotations

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


@dataclass(frozen=True)
class Surroundings:
    """Voxels of the mask, and those that a centreline point reaches.

    Args:
        voxels: (n,) flat indices in the volume, ascending.
        nearest: (n,) index of the centreline point they belong to.
        distance_mm: (n,) from centre to centre.
        radii: (n,) the same in units of that point's radius.
    """

    voxels: npt.NDArray[np.intp]
    nearest: npt.NDArray[np.intp]
    distance_mm: npt.NDArray[np.float64]
    radii: npt.NDArray[np.float64]


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
    unreached = np.setdiff1d(np.flatnonzero(mask), voxels, assume_unique=True)
    if unreached.size:
        places = np.column_stack(np.unravel_index(unreached, mask.shape)) * spacing
        _, owner = cKDTree(centreline.points * spacing).query(places)
        order = np.argsort(np.concatenate([voxels, unreached]))
        voxels, nearest = (np.concatenate(both)[order] for both in ((voxels, unreached), (nearest, owner)))
    if region is not None:
        counted = region.reshape(-1)[voxels]
        voxels, nearest = voxels[counted], nearest[counted]
    square = np.zeros(len(voxels))
    for axis, index in enumerate(np.unravel_index(voxels, mask.shape)):
        square += ((index - centreline.points[nearest, axis]) * spacing[axis]) ** 2
    distance_mm = np.sqrt(square)
    return Surroundings(voxels, nearest, distance_mm, distance_mm / (centreline.diameters_mm[nearest] / 2))


def _reached(
    centreline: Centreline, shape: tuple[int, ...], spacing: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
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
    found = np.flatnonzero(owner >= 0)
    places_in_volume = np.column_stack(np.unravel_index(found, box)) + first
    there = ((places_in_volume >= 0) & (places_in_volume < shape)).all(axis=1)
    voxels = np.ravel_multi_index(tuple(places_in_volume[there].T), shape)
    return voxels, owner[found[there]].astype(np.intp)


def _steps_from_near_to_far(
    pad: npt.NDArray[np.int_], spacing: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int_], npt.NDArray[np.float64]]:
    steps = np.stack(np.meshgrid(*(np.arange(-size, size + 1) for size in pad), indexing="ij"), axis=-1).reshape(-1, 3)
    distances_mm = np.linalg.norm(steps * spacing, axis=1)
    order = np.argsort(distances_mm, kind="stable")
    return steps[order], distances_mm[order]
