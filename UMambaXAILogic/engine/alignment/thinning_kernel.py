"""The compiled loop of ``skeleton``: thinning that looks at the voxels of the mask only, not at the box around them."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from ..model.cpu_kernels.compilation import exact_kernel

_STEPS = [step for step in itertools.product((-1, 0, 1), repeat=3) if any(step)]
#: (z, y, x) of the 26 neighbours, in raster order; bit k of a neighbourhood is the k-th of them.
NEIGHBOURS = np.array(_STEPS, np.int64)
#: The neighbours that voxels are taken away from, in the order of skimage's passes: -y, +y, +x, -x, +z, -z.
SIDES = np.array([(0, -1, 0), (0, 1, 0), (0, 0, 1), (0, 0, -1), (1, 0, 0), (-1, 0, 0)], np.int64)


def _bits(steps: list[tuple[int, ...]]) -> int:
    return sum(1 << _STEPS.index(step) for step in steps)


def _touching() -> npt.NDArray[np.uint32]:
    """Of each neighbour, which other neighbours it touches by a face, an edge or a corner."""
    return np.array(
        [
            _bits([other for other in _STEPS if max(abs(a - b) for a, b in zip(step, other, strict=True)) == 1])
            for step in _STEPS
        ],
        np.uint32,
    )


def _cells() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """Faces, edges and corners of a voxel: which neighbours share them, and their sign in the Euler characteristic."""
    sharing, signs = [], []
    for step in _STEPS:  # a face, edge or corner lies in the direction of the neighbour that meets the voxel just there
        sharing.append(_bits([other for other in _STEPS if all(b in (0, a) for a, b in zip(step, other, strict=True))]))
        signs.append((-1) ** (3 - sum(map(abs, step))))
    return np.array(sharing, np.uint32), np.array(signs, np.int64)


TOUCHING = _touching()
CELLS, CELL_SIGNS = _cells()


@exact_kernel
def _neighbourhood(flat, voxel, around):  # pragma: no cover
    bits = np.uint32(0)
    for k in range(26):
        if flat[voxel + around[k]]:
            bits |= np.uint32(1) << np.uint32(k)
    return bits


@exact_kernel
def _stays_whole(bits, touching):  # pragma: no cover
    """Whether the neighbours hang together without the voxel."""
    seen = bits & (~bits + np.uint32(1))
    new = seen
    while new:
        grown = seen
        for k in range(26):
            if (new >> np.uint32(k)) & np.uint32(1):
                grown |= touching[k] & bits
        new = grown & ~seen
        seen = grown
    return seen == bits


@exact_kernel
def _keeps_euler_characteristic(bits, cells, signs):  # pragma: no cover
    change = -1  # the voxel itself
    for k in range(26):
        if not bits & cells[k]:
            change += signs[k]
    return change == 0


@exact_kernel
def thin(flat, voxels, around, sides, touching, cells, signs):  # pragma: no cover
    """Take voxels away from ``flat``, and from ``voxels`` (ascending); returns how many are left at its front."""
    count = voxels.size
    candidates = np.empty_like(voxels)
    unchanged = 0
    while unchanged < sides.size:
        unchanged = 0
        for side in sides:
            found = 0
            for i in range(count):
                voxel = voxels[i]
                if flat[voxel + side]:
                    continue
                bits = _neighbourhood(flat, voxel, around)
                one_neighbour = bits and not bits & (bits - np.uint32(1))
                if one_neighbour or not _keeps_euler_characteristic(bits, cells, signs):
                    continue
                if _stays_whole(bits, touching):
                    candidates[found] = voxel
                    found += 1
            taken = 0
            for i in range(found):  # one after the other: a neighbour may have gone
                if _stays_whole(_neighbourhood(flat, candidates[i], around), touching):
                    flat[candidates[i]] = 0
                    taken += 1
            if taken == 0:
                unchanged += 1
                continue
            left = 0
            for i in range(count):
                if flat[voxels[i]]:
                    voxels[left] = voxels[i]
                    left += 1
            count = left
    return count


@exact_kernel
def take_connected(flat, queue, filled, around):  # pragma: no cover
    """Clear in ``flat`` all that hangs together with the first voxels of ``queue``, and line it up there.

    Returns how many voxels are in the queue then. It must have room for all of ``flat``'s.
    """
    for i in range(filled):
        flat[queue[i]] = 0
    done = 0
    while done < filled:
        for k in range(26):
            voxel = queue[done] + around[k]
            if flat[voxel]:
                flat[voxel] = 0
                queue[filled] = voxel
                filled += 1
        done += 1
    return filled
