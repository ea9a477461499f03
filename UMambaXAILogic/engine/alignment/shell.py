"""The shell around a mask: what lies close to it but outside."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt


def shell_around(
    mask: npt.NDArray[np.bool_], spacing_mm: tuple[float, float, float], width_mm: float
) -> npt.NDArray[np.bool_]:
    """Voxels outside ``mask`` whose centre lies within ``width_mm`` of the centre of a voxel in it.

    Exact, and sparse: every surface voxel marks its ball. A distance transform of a whole head would need gigabytes
    for a result that only matters within millimetres of thin vessels.

    Args:
        mask: (z, y, x).
        spacing_mm: of the array axes, (z, y, x).
        width_mm: at least 0.

    Returns:
        bool array of the mask's shape; all False for an empty mask.
    """
    shell = np.zeros(mask.shape, bool)
    extent = bounding_box(mask)
    if extent is None:
        return shell
    reach = [int(np.floor(width_mm / spacing + 1e-9)) for spacing in spacing_mm]
    # One voxel of padding more than a ball reaches, so that neighbours of surface voxels need no bounds check.
    inside = np.pad(mask[extent], [(pad + 1, pad + 1) for pad in reach])
    strides = [inside.shape[1] * inside.shape[2], inside.shape[2], 1]
    flat = inside.reshape(-1)
    voxels = np.flatnonzero(flat)
    buried = np.ones(voxels.size, bool)
    for stride in strides:
        buried &= flat[voxels - stride] & flat[voxels + stride]
    surface = voxels[~buried]
    marked = np.zeros(flat.size, bool)
    for steps in itertools.product(*(range(-pad, pad + 1) for pad in reach)):
        distance_mm = np.sqrt(sum((step * spacing) ** 2 for step, spacing in zip(steps, spacing_mm, strict=True)))
        if distance_mm <= width_mm * (1 + 1e-9):
            marked[surface + sum(step * stride for step, stride in zip(steps, strides, strict=True))] = True
    marked &= ~flat
    target, source = [], []
    for part, pad, size in zip(extent, reach, mask.shape, strict=True):
        start, stop = max(0, part.start - pad), min(size, part.stop + pad)
        target.append(slice(start, stop))
        source.append(slice(start - part.start + pad + 1, stop - part.start + pad + 1))
    shell[tuple(target)] = marked.reshape(inside.shape)[tuple(source)]
    return shell


def bounding_box(mask: npt.NDArray[np.bool_]) -> tuple[slice, ...] | None:
    """Smallest box of slices that holds every True voxel; None where there is none."""
    box = []
    for axis in range(mask.ndim):
        others = tuple(other for other in range(mask.ndim) if other != axis)
        present = np.flatnonzero(mask.any(axis=others))
        if not present.size:
            return None
        box.append(slice(int(present[0]), int(present[-1]) + 1))
    return tuple(box)
