"""The evaluation region as voxels of the volume's grid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .. import grids
from ..errors import InputError
from ..request import Region
from ..volume import Geometry
from .ground_truth import read_ground_truth

#: What to do about a region mask on another grid than the volume.
REGION_REMEDY = "Resample it onto the volume's grid in the program it was made with, or give a box in mm."

#: A bound that was copied from a voxel's position includes that voxel although both were rounded.
BOUND_TOLERANCE_MM = 1e-3


def region_mask(region: Region, geometry: Geometry) -> npt.NDArray[np.bool_]:
    """Voxels of a region: those above 0 in its mask file, or those whose centre lies in its box.

    Args:
        region: a mask file or a box.
        geometry: the volume's grid; a mask must lie on it.

    Returns:
        (z, y, x).

    Raises:
        InputError: the mask is unreadable or on another grid; no voxel belongs to the region.
    """
    if region.mask is not None:
        mask = read_ground_truth(region.mask, geometry, other_grid_remedy=REGION_REMEDY) > 0
        if not mask.any():
            raise InputError(f"The region mask {region.mask} has no voxel above 0.", "Give one that marks a region.")
        return mask
    assert region.box_mm_ras is not None  # a region is one or the other
    mask = _box_mask(region.box_mm_ras, geometry)
    if not mask.any():
        low, high = bounds_mm_ras(geometry)
        bounds = "; ".join(f"{axis} {a:.6g} to {b:.6g}" for axis, a, b in zip("RAS", low, high, strict=True))
        raise InputError(
            f"The region box {','.join(f'{value:g}' for value in region.box_mm_ras)} (mm RAS: x0,x1,y0,y1,z0,z1) "
            f"holds no voxel centre of the volume, whose voxel centres lie at {bounds} mm.",
            "Give a box inside the volume.",
        )
    return mask


def bounds_mm_ras(geometry: Geometry) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Lowest and highest RAS coordinates of voxel centres."""
    corners = grids.corners_mm(geometry) * (-1, -1, 1)
    return corners.min(axis=0), corners.max(axis=0)


def _box_mask(box_mm_ras: tuple[float, ...], geometry: Geometry) -> npt.NDArray[np.bool_]:
    affine = geometry.affine_ras
    x, y, z = (np.arange(count) for count in geometry.size)
    mask = np.ones(geometry.shape, dtype=bool)
    for axis in range(3):
        low, high = sorted(box_mm_ras[2 * axis : 2 * axis + 2])
        in_plane = (affine[axis, 0] * x)[None, :] + (affine[axis, 1] * y)[:, None]
        for index in range(len(z)):  # a plane at a time: coordinates of all voxels would take 8 bytes each
            position = in_plane + (affine[axis, 2] * z[index] + affine[axis, 3])
            mask[index] &= (position >= low - BOUND_TOLERANCE_MM) & (position <= high + BOUND_TOLERANCE_MM)
    return mask
