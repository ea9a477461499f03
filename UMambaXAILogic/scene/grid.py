"""Where the voxels of a node lie: its local grid, its parent transform, and whether two grids share their lattice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import slicer
import vtk
from vtk.util.numpy_support import get_vtk_array_type, vtk_to_numpy

from UMambaXAILogic.engine.errors import InputError

#: Two grids share a lattice if no voxel centre is further off than this share of a voxel. Files keep float32
#: positions, which are good to about a thousandth; a real misfit is a tenth or more.
LATTICE_TOLERANCE_VOXELS = 0.02

Matrix = npt.NDArray[np.float64]
#: Slices along k, j, i of a part of a grid.
Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Grid:
    """A regular grid of voxels.

    Args:
        size: voxels along i, j, k.
        ijk_to_ras: 4 x 4, voxel indices to RAS mm.
    """

    size: tuple[int, int, int]
    ijk_to_ras: Matrix

    def __str__(self) -> str:
        spacing = np.linalg.norm(self.ijk_to_ras[:3, :3], axis=0)
        directions = self.ijk_to_ras[:3, :3] / spacing
        return (
            f"size {'x'.join(map(str, self.size))}, spacing {_numbers(spacing)} mm, "
            f"origin {_numbers(self.ijk_to_ras[:3, 3])} mm RAS, directions {_numbers(directions.ravel())}"
        )

    def moved(self, matrix: Matrix) -> Grid:
        """The grid after a linear transform."""
        return Grid(self.size, matrix @ self.ijk_to_ras)

    def part(self, box: Box) -> Grid:
        """The grid of a part of the voxels."""
        k, j, i = (one.start for one in box)
        matrix = self.ijk_to_ras.copy()
        matrix[:3, 3] = (self.ijk_to_ras @ [i, j, k, 1.0])[:3]
        slices, rows, columns = (one.stop - one.start for one in box)
        return Grid((columns, rows, slices), matrix)


def local_grid(volume_node: Any) -> Grid:
    """The node's own grid; its parent transform is not applied."""
    matrix = vtk.vtkMatrix4x4()
    volume_node.GetIJKToRASMatrix(matrix)
    return Grid(image_size(volume_node.GetImageData()), numpy_matrix(matrix))


def parent_to_world(node: Any) -> Matrix:
    """4 x 4 matrix of the node's parent transforms; the identity where there are none.

    Raises:
        InputError: a parent transform is not linear.
    """
    transform = node.GetParentTransformNode()
    if transform is None:
        return np.eye(4)
    if not transform.IsTransformToWorldLinear():
        raise InputError(
            f"'{node.GetName()}' lies under the non-linear transform '{transform.GetName()}', so its voxels form no"
            " regular grid in patient space.",
            "Harden the transform on it first (Data module, right click on the transform, Harden).",
        )
    matrix = vtk.vtkMatrix4x4()
    transform.GetMatrixTransformToWorld(matrix)
    return numpy_matrix(matrix)


def world_to_local(node: Any) -> Matrix:
    """4 x 4 matrix from world RAS to the node's local RAS. Raises ``InputError`` as ``parent_to_world`` does."""
    return np.asarray(np.linalg.inv(parent_to_world(node)), dtype=np.float64)


def same_grid(first: Grid, second: Grid) -> bool:
    """Same size, and every voxel centre at the same place."""
    return first.size == second.size and _largest_shift_voxels(_index_map(first, second), np.eye(4), first.size) <= (
        LATTICE_TOLERANCE_VOXELS
    )


@dataclass(frozen=True)
class Overlap:
    """Where the voxels of a source lie on a target with the same lattice, found by ``overlap``.

    Args:
        box: the part of the target that the source reaches; without voxels where it reaches nothing.
        is_whole: no voxel of the source lies beyond the target.
        source_axes: the source's axis along each of the target's; axes are i, j, k.
        flipped: axes of the target along which the source runs backwards.
        taken: the part of the source, along the target's axes.
    """

    box: Box
    is_whole: bool
    source_axes: tuple[int, int, int]
    flipped: tuple[int, ...]
    taken: tuple[slice, slice, slice]

    def seen(self, values: npt.NDArray) -> npt.NDArray:
        """A view of the source's values (k, j, i) as they lie in ``box``."""
        aligned = values.transpose(2, 1, 0).transpose(self.source_axes)
        return np.flip(aligned, self.flipped)[self.taken].transpose(2, 1, 0)


def overlap(source: Grid, target: Grid) -> Overlap | None:
    """How a source lies on a target, whose voxels can be copied without interpolation; None where lattices differ.

    The target may be larger, smaller, shifted by whole voxels, or store its axes in another order or direction.
    """
    to_target = _index_map(target, source)
    rounded = np.round(to_target)
    axes = np.abs(rounded[:3, :3])
    if not (np.array_equal(axes.sum(0), [1, 1, 1]) and np.array_equal(axes.sum(1), [1, 1, 1])):
        return None
    if _largest_shift_voxels(to_target, rounded, source.size) > LATTICE_TOLERANCE_VOXELS:
        return None
    first_axis, second_axis, third_axis = (int(np.argmax(axes[axis])) for axis in range(3))
    source_axes = first_axis, second_axis, third_axis
    flipped = tuple(axis for axis in range(3) if rounded[axis, source_axes[axis]] < 0)
    put, taken = [], []
    for axis in range(3):
        count = source.size[source_axes[axis]]
        first = int(rounded[axis, 3]) - (count - 1 if axis in flipped else 0)
        begin = min(max(first, 0), target.size[axis])
        end = max(begin, min(first + count, target.size[axis]))
        put.append(slice(begin, end))
        taken.append(slice(begin - first, end - first) if end > begin else slice(0, 0))
    is_whole = [one.stop - one.start for one in taken] == [source.size[axis] for axis in source_axes]
    i, j, k = put
    return Overlap((k, j, i), is_whole, source_axes, flipped, (taken[0], taken[1], taken[2]))


def covers(source: Grid, target: Grid) -> bool:
    """Whether every voxel centre of ``target`` lies inside ``source``'s voxels."""
    indices = _corners(target.size) @ _index_map(source, target).T
    slack = 0.5 + LATTICE_TOLERANCE_VOXELS
    upper = np.asarray(source.size) - 1 + slack
    return bool((indices[:, :3] >= -slack).all() and (indices[:, :3] <= upper).all())


def bounding_box(values: npt.NDArray, margin: int, at_least: float = 1) -> Box:
    """Where values are ``at_least`` so large, and ``margin`` voxels more where there are; one voxel where none is.

    Args:
        values: (k, j, i), a mask, labels from 0 upwards, or a map.
    """
    # Maxima, because numpy finds them many times faster than it compares and looks for any: it keeps no mask.
    k = _found(values.max(axis=(1, 2)) >= at_least, margin)
    seen_along_k = values[k].max(axis=0) >= at_least
    return k, _found(seen_along_k.any(axis=1), margin), _found(seen_along_k.any(axis=0), margin)


def _found(line: npt.NDArray[np.bool_], margin: int) -> slice:
    found = np.flatnonzero(line)
    first, last = (int(found[0]), int(found[-1])) if found.size else (0, 0)
    return slice(max(first - margin, 0), min(last + 1 + margin, len(line)))


def union(first: Box, second: Box) -> Box:
    """The smallest box around two."""
    k, j, i = (
        slice(min(one.start, other.start), max(one.stop, other.stop)) for one, other in zip(first, second, strict=True)
    )
    return k, j, i


def reach(source: Grid, target: Grid) -> Box:
    """The part of ``target`` around the voxels of ``source``, at least one voxel."""
    indices = (_corners(source.size) @ _index_map(target, source).T)[:, :3]
    slack = 0.5 + LATTICE_TOLERANCE_VOXELS
    low, high = np.floor(indices.min(0) - slack).astype(int), np.ceil(indices.max(0) + slack).astype(int)
    last = np.asarray(target.size) - 1
    low, high = np.clip(low, 0, last), np.clip(high, 0, last)
    i, j, k = (slice(int(first), int(end) + 1) for first, end in zip(low, high, strict=True))
    return k, j, i


def image_size(image: Any) -> tuple[int, int, int]:
    """Voxels along i, j, k of a vtkImageData."""
    i, j, k = image.GetDimensions()
    return i, j, k


def image_array(image: Any) -> npt.NDArray:
    """(k, j, i) view of a one-component vtkImageData's voxels; keep the image alive while it is used."""
    return vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image_size(image)[::-1])


def numpy_matrix(matrix: Any) -> Matrix:
    """A vtkMatrix4x4 as a 4 x 4 array."""
    return np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])


def vtk_matrix(matrix: Matrix) -> Any:
    """A 4 x 4 array as a vtkMatrix4x4."""
    result = vtk.vtkMatrix4x4()
    result.DeepCopy(np.asarray(matrix, dtype=float).ravel().tolist())
    return result


def oriented_image_grid(image: Any) -> Grid:
    """The grid of a vtkOrientedImageData; index 0 is its first stored voxel, wherever its extent begins."""
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    to_world = numpy_matrix(matrix)
    extent = image.GetExtent()
    to_world[:3, 3] = (to_world @ [extent[0], extent[2], extent[4], 1.0])[:3]
    return Grid(image_size(image), to_world)


def oriented_image(array: npt.NDArray, grid: Grid, first_kji: tuple[int, int, int] = (0, 0, 0)) -> Any:
    """A vtkOrientedImageData that holds a copy of ``array`` (k, j, i), a part of ``grid``.

    Args:
        first_kji: index on ``grid`` of the array's first voxel.
    """
    image = slicer.vtkOrientedImageData()
    image.ShallowCopy(image_data(array))
    (k, j, i), (slices, rows, columns) = first_kji, array.shape
    image.SetExtent(i, i + columns - 1, j, j + rows - 1, k, k + slices - 1)
    image.SetImageToWorldMatrix(vtk_matrix(grid.ijk_to_ras))
    return image


def empty_image(grid: Grid) -> Any:
    """A vtkOrientedImageData that says where voxels lie and holds none."""
    image = slicer.vtkOrientedImageData()
    columns, rows, slices = grid.size
    image.SetExtent(0, columns - 1, 0, rows - 1, 0, slices - 1)
    image.SetImageToWorldMatrix(vtk_matrix(grid.ijk_to_ras))
    return image


def image_data(array: npt.NDArray) -> Any:
    """A vtkImageData with unit spacing that holds a copy of ``array`` (k, j, i)."""
    image = vtk.vtkImageData()
    image.SetDimensions(array.shape[::-1])
    image.AllocateScalars(get_vtk_array_type(array.dtype.type), 1)
    image_array(image)[...] = array
    return image


def _index_map(to: Grid, of: Grid) -> Matrix:
    return np.linalg.inv(to.ijk_to_ras) @ of.ijk_to_ras


def _largest_shift_voxels(first: Matrix, second: Matrix, size: tuple[int, int, int]) -> float:
    return float(np.abs(_corners(size) @ (first - second).T).max())


def _corners(size: tuple[int, int, int]) -> Matrix:
    last = np.asarray(size) - 1
    corners = np.array(np.meshgrid(*((0, end) for end in last))).reshape(3, -1).T
    return np.column_stack([corners, np.ones(len(corners))]).astype(float)


def _numbers(values: npt.ArrayLike) -> str:
    return "(" + ", ".join(f"{value:.5g}" for value in np.asarray(values) + 0.0) + ")"
