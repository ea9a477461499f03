"""One part of the explained voxels: the connected component, or the vessel segment, that lies at a point."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
from skimage.segmentation import flood

from .alignment.segments import SEGMENT_MM, UNASSIGNED, vessel_segments
from .alignment.shell import bounding_box
from .errors import InputError
from .request import TargetPart
from .volume import Geometry

BoolArray = npt.NDArray[np.bool_]

#: A point belongs to a voxel whose centre is no further off than this along any axis. A surface, which is what is
#: clicked in 3-D, lies half a voxel outside the outermost centres.
REACH_VOXELS = 1.0


def target_part(target: BoolArray, geometry: Geometry, part: TargetPart, what: str) -> BoolArray:
    """The voxels of a target's part at a point.

    Args:
        target: (z, y, x), not empty.
        geometry: its grid.
        part: the point, and whether its component or its vessel segment is wanted.
        what: the target is, for messages, such as "prediction of vessel".

    Returns:
        (z, y, x).

    Raises:
        InputError: the point lies outside the volume, or beside the target; the component has no centre line of the
            length of a segment.
    """
    seed = _voxel_at(target, geometry, part, what)
    extent = bounding_box(target)
    assert extent is not None  # there is a voxel at the point
    inside = flood(target[extent].view(np.uint8), _relative(seed, extent))
    found = np.zeros_like(target)
    found[extent] = inside
    return found if part.unit == "component" else _segment_at(found, geometry, seed, part, what)


def index_of(part: TargetPart, geometry: Geometry) -> npt.NDArray[np.float64]:
    """The point as voxel indices (x, y, z), not rounded.

    Raises:
        InputError: it lies outside the volume.
    """
    to_ras = geometry.affine_ras
    point = np.asarray(part.point_mm_ras)
    index = (np.linalg.inv(to_ras) @ np.append(point, 1.0))[:3]  # x, y, z
    last = np.asarray(geometry.size) - 1
    beyond = np.maximum(np.maximum(-index, index - last), 0.0)
    if (beyond > REACH_VOXELS).any():
        outside_mm = float(np.linalg.norm(to_ras[:3, :3] @ (np.clip(index, 0, last) - index)))
        raise InputError(
            f"The point {_in_words(point)} lies {outside_mm:.1f} mm outside the volume.",
            "Give one inside it, in mm of patient space (RAS).",
        )
    return np.asarray(index, dtype=np.float64)


def _voxel_at(target: BoolArray, geometry: Geometry, part: TargetPart, what: str) -> tuple[int, int, int]:
    """(z, y, x) of the target's voxel at the point."""
    to_ras = geometry.affine_ras
    index, last = index_of(part, geometry), np.asarray(geometry.size) - 1
    ranges = [
        range(max(0, int(np.ceil(at - REACH_VOXELS))), min(int(end), int(np.floor(at + REACH_VOXELS))) + 1)
        for at, end in zip(index, last, strict=True)
    ]
    near = np.array([xyz for xyz in itertools.product(*ranges) if target[xyz[::-1]]], dtype=int).reshape(-1, 3)
    if len(near):
        x, y, z = near[np.argmin(_distances_mm(near, index, to_ras))].tolist()
        return z, y, x
    voxels = np.argwhere(target)[:, ::-1]
    distances_mm = _distances_mm(voxels, index, to_ras)
    nearest = int(np.argmin(distances_mm))
    there = (to_ras @ np.append(voxels[nearest], 1.0))[:3]
    raise InputError(
        f"The point {_in_words(np.asarray(part.point_mm_ras))} is not in the {what}: the nearest voxel is "
        f"{distances_mm[nearest]:.1f} mm away.",
        f"It lies at {_in_words(there)}.",
    )


def _segment_at(
    component: BoolArray, geometry: Geometry, seed: tuple[int, int, int], part: TargetPart, what: str
) -> BoolArray:
    """The voxels of the component that belong to the same vessel segment as ``seed``."""
    x, y, z = geometry.spacing_mm
    voxels, numbers = vessel_segments(component, (z, y, x))
    number = numbers[np.flatnonzero((np.column_stack(voxels) == seed).all(axis=1))[0]]
    if number == UNASSIGNED:
        where = _in_words(np.asarray(part.point_mm_ras))
        raise InputError(
            f"The part of the {what} at {where} has no centre line of {SEGMENT_MM:g} mm: it is too short to have "
            "vessel segments.",
            "Explain its connected component instead.",
        )
    segment = np.zeros_like(component)
    segment[tuple(axis[numbers == number] for axis in voxels)] = True
    return segment


def _relative(seed: tuple[int, int, int], extent: tuple[slice, ...]) -> tuple[int, ...]:
    return tuple(at - box.start for at, box in zip(seed, extent, strict=True))


def _distances_mm(
    voxels: npt.NDArray[np.integer], index: npt.NDArray[np.float64], to_ras: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """From a point to voxel centres, both as indices (x, y, z)."""
    return np.asarray(np.linalg.norm((voxels - index) @ to_ras[:3, :3].T, axis=1), dtype=np.float64)


def _in_words(point_mm: npt.NDArray[np.float64]) -> str:
    """``R 1.0, A -2.5, S 3.0 mm``."""
    return ", ".join(f"{axis} {value + 0.0:.1f}" for axis, value in zip("RAS", point_mm, strict=True)) + " mm"
