"""Comparing grids: the same voxels, the same voxels stored in another order, or another grid."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .volume import Geometry

#: Two grids are the same if no voxel centre lies further apart than this share of a voxel. Files keep positions as
#: float32 or as text with six digits, which is good to about a thousandth; a real misfit is a tenth or more.
SAME_GRID_TOLERANCE_VOXELS = 0.02
#: Largest cosine between two axes, and deviation of a direction's length from 1: 0.06 degrees.
ORTHONORMAL_TOLERANCE = 1e-3

_TOWARDS = ("LR", "PA", "SI")  # per LPS axis, the letter of its positive and of its negative end


@dataclass(frozen=True)
class AxisOrder:
    """Another order of the same voxels: axes permuted, then some of them reversed.

    Args:
        axes: for each new axis (z, y, x), the old one.
        reversed_axes: for each new axis, whether it runs backwards.
    """

    axes: tuple[int, int, int]
    reversed_axes: tuple[bool, bool, bool]

    def apply(self, array: npt.NDArray) -> npt.NDArray:
        """A view of ``array`` (..., z, y, x) in the new order."""
        leading = array.ndim - 3
        permuted = array.transpose(*range(leading), *(leading + axis for axis in self.axes))
        z, y, x = (slice(None, None, -1 if back else 1) for back in self.reversed_axes)
        return permuted[..., z, y, x]

    @property
    def inverse(self) -> AxisOrder:
        """The order that undoes this one."""
        axes = [self.axes.index(old) for old in range(3)]
        return AxisOrder((axes[0], axes[1], axes[2]), _three_bools(self.reversed_axes[new] for new in axes))


def orientation_code(geometry: Geometry) -> str:
    """Where the axes x, y, z point, such as ``LPS`` or ``RAS``: three letters of L/R, P/A, S/I, each pair once.

    An oblique axis is named by the patient axis it lies nearest to; the axis that fits best is named first, so that
    no pair is used twice.
    """
    direction = np.reshape(geometry.direction, (3, 3))
    letters = ["", "", ""]
    left = np.abs(direction)
    for _ in range(3):
        # Of equal cosines (45 degrees) the last counts, as in ITK, so that models see what nnU-Net would show them.
        patient_axis, array_axis = np.argwhere(left == left.max())[-1]
        letters[array_axis] = _TOWARDS[patient_axis][int(direction[patient_axis, array_axis] < 0)]
        left[patient_axis, :] = left[:, array_axis] = -1
    return "".join(letters)


def order_towards(orientation: str, wanted: str) -> AxisOrder:
    """How to store voxels whose axes point to ``orientation`` so that they point to ``wanted``.

    Args:
        orientation: such as ``LPS``, for x, y, z.
        wanted: likewise.
    """
    pairs = [next(pair for pair in _TOWARDS if letter in pair) for letter in orientation]
    axes, reversed_axes = [], []
    for letter in reversed(wanted):
        source = next(axis for axis in range(3) if letter in pairs[axis])
        axes.append(2 - source)
        reversed_axes.append(orientation[source] != letter)
    return AxisOrder((axes[0], axes[1], axes[2]), _three_bools(reversed_axes))


def reordered(geometry: Geometry, order: AxisOrder) -> Geometry:
    """The grid of an array after ``order.apply``; every voxel stays where it is in the patient."""
    from_new = np.zeros((3, 3))
    first_voxel = np.zeros(3)
    for new in range(3):
        old_axis, new_axis = 2 - order.axes[new], 2 - new
        from_new[old_axis, new_axis] = -1 if order.reversed_axes[new] else 1
        if order.reversed_axes[new]:
            first_voxel[old_axis] = geometry.size[old_axis] - 1
    direction = np.reshape(geometry.direction, (3, 3)) @ from_new
    swap = np.abs(from_new).T
    size = (swap @ geometry.size).astype(int)
    spacing = swap @ geometry.spacing_mm
    origin = geometry.affine_lps @ np.append(first_voxel, 1)
    return Geometry(
        (int(size[0]), int(size[1]), int(size[2])),
        (float(spacing[0]), float(spacing[1]), float(spacing[2])),
        (float(origin[0]), float(origin[1]), float(origin[2])),
        tuple(float(value) for value in direction.ravel()),
    )


def is_same_grid(first: Geometry, second: Geometry) -> bool:
    """Same size, and every voxel centre within ``SAME_GRID_TOLERANCE_VOXELS`` of its namesake."""
    return first.size == second.size and _largest_offset_voxels(first, second) <= SAME_GRID_TOLERANCE_VOXELS


def order_onto(geometry: Geometry, wanted: Geometry) -> AxisOrder | None:
    """How to store an array on ``geometry`` so that it lies on ``wanted``; None where the voxels are not the same."""
    order = order_towards(orientation_code(geometry), orientation_code(wanted))
    return order if is_same_grid(reordered(geometry, order), wanted) else None


def check_geometry(geometry: Geometry, name: str) -> None:
    """Refuse a grid on which positions have no meaning.

    Args:
        geometry: as read.
        name: of the file, for the message.

    Raises:
        InputError: no voxels; spacing not positive; a number that is not finite; axes that are not orthonormal.
    """
    if min(geometry.size) < 1:
        raise InputError(f"{name} has no voxels: its size is {_times(geometry.size)}.", "Export the image again.")
    numbers = (*geometry.spacing_mm, *geometry.origin_mm, *geometry.direction)
    if not np.isfinite(numbers).all():
        raise InputError(f"{name} has a position that is not finite: {describe(geometry)}.", "Export the image again.")
    if min(geometry.spacing_mm) <= 0:
        raise InputError(
            f"{name} has the spacing {_numbers(geometry.spacing_mm)} mm, which is not positive.",
            "Export the image again with its true voxel spacing.",
        )
    direction = np.reshape(geometry.direction, (3, 3))
    if np.abs(direction.T @ direction - np.eye(3)).max() > ORTHONORMAL_TOLERANCE:
        raise sheared(name, direction)


def sheared(name: str, axes: npt.NDArray[np.float64]) -> InputError:
    """The error for a grid whose axes (columns) are not perpendicular unit directions."""
    with np.errstate(all="ignore"):
        unit = axes / np.linalg.norm(axes, axis=0)
    cosines = [abs(float(unit[:, i] @ unit[:, j])) for i, j in ((0, 1), (0, 2), (1, 2))]
    angle = np.degrees(np.arccos(np.clip(max(cosines), 0, 1))) if np.isfinite(cosines).all() else float("nan")
    return InputError(
        f"{name} is sheared or its axes are degenerate: its axes are {', '.join(_numbers(axis) for axis in axes.T)}, "
        + (f"the closest two {angle:.4g} degrees apart." if np.isfinite(angle) else "which span no volume."),
        "Resample it onto a grid with perpendicular axes, for example with 3D Slicer's "
        "'Resample Scalar/Vector/DWI Volume' module.",
    )


def describe(geometry: Geometry) -> str:
    """Size, spacing, origin and direction in one line."""
    return ", ".join(f"{what} {value}" for what, value in _properties(geometry).items())


def side_by_side(first_name: str, first: Geometry, second_name: str, second: Geometry) -> str:
    """Two grids as a table of four rows; rows that differ are marked with ``!``."""
    names = (first_name, second_name)
    left, right = _properties(first), _properties(second)
    width = max(len(text) for text in (names[0], *left.values()))
    lines = [f"    {'':11}{names[0]:<{width}}  {names[1]}"]
    for what in left:
        mark = " " if _agrees(what, first, second) else "!"
        lines.append(f"  {mark} {what:<11}{left[what]:<{width}}  {right[what]}")
    return "\n".join(lines)


def corners_mm(geometry: Geometry) -> npt.NDArray[np.float64]:
    """LPS positions of the eight corner voxels' centres, 8 x 3."""
    indices = np.array(list(product(*((0, count - 1) for count in geometry.size))), dtype=float)
    return indices @ geometry.affine_lps[:3, :3].T + geometry.affine_lps[:3, 3]


def _largest_offset_voxels(first: Geometry, second: Geometry) -> float:
    # Positions are affine in the index, so the largest distance is found at a corner.
    offsets_mm = corners_mm(first) - corners_mm(second)
    offsets = np.linalg.solve(second.affine_lps[:3, :3], offsets_mm.T)
    return float(np.abs(offsets).max())


def _agrees(what: str, first: Geometry, second: Geometry) -> bool:
    voxel = min(second.spacing_mm) * SAME_GRID_TOLERANCE_VOXELS
    if what == "size":
        return first.size == second.size
    if what == "spacing":
        return bool(np.allclose(first.spacing_mm, second.spacing_mm, rtol=0, atol=voxel / max(second.size)))
    if what == "origin":
        return bool(np.allclose(first.origin_mm, second.origin_mm, rtol=0, atol=voxel))
    return bool(np.allclose(first.direction, second.direction, rtol=0, atol=1e-4))


def _properties(geometry: Geometry) -> dict[str, str]:
    return {
        "size": _times(geometry.size),
        "spacing": f"{_numbers(geometry.spacing_mm)} mm",
        "origin": f"{_numbers(geometry.origin_mm)} mm LPS",
        "direction": _numbers(geometry.direction),
    }


def _times(size: Sequence[int]) -> str:
    return "x".join(str(count) for count in size)


def _numbers(values: Sequence[float] | npt.NDArray[np.float64]) -> str:
    return f"({', '.join(f'{float(value) + 0.0:.6g}' for value in values)})"


def _three_bools(values: Iterable[bool]) -> tuple[bool, bool, bool]:
    first, second, third = values
    return bool(first), bool(second), bool(third)
