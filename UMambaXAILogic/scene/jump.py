"""Moving the slice views to a slice of a result, wherever its volume lies."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import vtk

from UMambaXAILogic.engine.errors import UsageError

from .grid import Grid, image_array, local_grid, parent_to_world

#: A view is turned into the slice's plane only from this near: the one that shows such slices anyway.
_NEAREST_COSINE = np.cos(np.pi / 4)
_PARALLEL = 1 - 1e-9


def slice_axis(grid: Grid) -> int:
    """Index axis (0 = i, 1 = j, 2 = k) nearest to superior-inferior: the one that ``slices.csv`` counts along."""
    directions = grid.ijk_to_ras[:3, :3] / np.linalg.norm(grid.ijk_to_ras[:3, :3], axis=0)
    return int(np.argmax(np.abs(directions[2])))


def slice_point(volume_node: Any, index: int, attention_node: Any = None) -> npt.NDArray[np.float64]:
    """A point of a slice, world RAS mm: where attention is strongest there, its centre where there is none.

    Args:
        index: as in ``slices.csv``: along ``slice_axis``, from 0, in storage order.
        attention_node: a map on the volume's grid, or None.

    Raises:
        UsageError: there is no such slice.
    """
    grid = local_grid(volume_node)
    axis = slice_axis(grid)
    if not 0 <= index < grid.size[axis]:
        raise UsageError(
            f"There is no slice {index} in '{volume_node.GetName()}'.",
            f"Its slices are numbered 0 to {grid.size[axis] - 1}.",
        )
    ijk = (np.asarray(grid.size) - 1) / 2
    if attention_node is not None:
        plane = np.take(image_array(attention_node.GetImageData()), index, axis=2 - axis)
        if plane.max() > 0:
            row, column = np.unravel_index(int(plane.argmax()), plane.shape)
            first, second = (other for other in (0, 1, 2) if other != axis)
            ijk[first], ijk[second] = column, row
    ijk[axis] = index
    return (parent_to_world(volume_node) @ grid.ijk_to_ras @ [*ijk, 1.0])[:3]


def jump_to_slice(scene: Any, volume_node: Any, index: int, attention_node: Any = None) -> npt.NDArray[np.float64]:
    """Show a slice of a volume: every slice view moves to ``slice_point``.

    The view that shows such slices is turned into the slice's plane where the volume is oblique, so that what is seen
    is what was counted; the others keep their orientation.

    Returns:
        The point, world RAS mm.

    Raises:
        UsageError: there is no such slice.
        InputError: the volume lies under a transform that is not linear.
    """
    point = slice_point(volume_node, index, attention_node)
    normal = slice_normal(volume_node)
    facing = facing_view(scene, normal)
    if facing is not None:
        _turn(facing, normal)
    for view in slice_views(scene):
        view.JumpSliceByOffsetting(*point)
    return point


def facing_view(scene: Any, normal: npt.NDArray[np.float64]) -> Any:
    """The slice view that looks along ``normal`` more or less; None where none does."""
    nearest = max(slice_views(scene), key=lambda view: abs(_normal(view) @ normal), default=None)
    return nearest if nearest is not None and abs(_normal(nearest) @ normal) >= _NEAREST_COSINE else None


def shown_slice(scene: Any, volume_node: Any) -> int | None:
    """The slice of a volume that lies in the middle of the view that shows its slices, as in ``slices.csv``.

    Returns:
        None where no view shows such slices, or the one that does shows what lies beside the volume.

    Raises:
        InputError: the volume lies under a transform that is not linear.
    """
    view = facing_view(scene, slice_normal(volume_node))
    if view is None:
        return None
    grid = local_grid(volume_node)
    to_ijk = np.linalg.inv(parent_to_world(volume_node) @ grid.ijk_to_ras)
    middle = [view.GetSliceToRAS().GetElement(row, 3) for row in range(3)]
    axis = slice_axis(grid)
    index = round(float((to_ijk @ [*middle, 1.0])[axis]))
    return index if 0 <= index < grid.size[axis] else None


def slice_normal(volume_node: Any) -> npt.NDArray[np.float64]:
    """Unit vector perpendicular to the slices, world; under shear not the axis along which they follow each other.

    Raises:
        InputError: the volume lies under a transform that is not linear.
    """
    grid = local_grid(volume_node)
    to_world = parent_to_world(volume_node) @ grid.ijk_to_ras
    first, second = (to_world[:3, other] for other in (0, 1, 2) if other != slice_axis(grid))
    normal = np.cross(first, second)
    return normal / np.linalg.norm(normal)


def slice_views(scene: Any) -> list[Any]:
    """All slice views of the scene."""
    count = scene.GetNumberOfNodesByClass("vtkMRMLSliceNode")
    return [scene.GetNthNodeByClass(index, "vtkMRMLSliceNode") for index in range(count)]


def _turn(view: Any, normal: npt.NDArray[np.float64]) -> None:
    """Turn a view by the smallest angle that makes it parallel to the slices."""
    current = _normal(view)
    target = normal if current @ normal > 0 else -normal
    cosine = float(np.clip(current @ target, -1, 1))
    if cosine > _PARALLEL:
        return
    turn = vtk.vtkTransform()
    turn.RotateWXYZ(float(np.degrees(np.arccos(cosine))), *np.cross(current, target))
    to_ras = view.GetSliceToRAS()
    for column in range(3):
        turned = turn.TransformVector([to_ras.GetElement(row, column) for row in range(3)])
        for row in range(3):
            to_ras.SetElement(row, column, turned[row])
    view.UpdateMatrices()


def _normal(view: Any) -> npt.NDArray[np.float64]:
    return np.array([view.GetSliceToRAS().GetElement(row, 2) for row in range(3)])
