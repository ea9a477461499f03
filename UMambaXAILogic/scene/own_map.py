"""Attribution maps that users bring along as volumes of the scene: may they be judged on a volume?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from UMambaXAILogic.engine.errors import InputError

from .export_volume import check_volume_node
from .grid import Grid, local_grid, overlap, parent_to_world


def check_own_map(map_node: Any, volume_node: Any) -> None:
    """Raise where a map does not lie voxel on voxel over a volume.

    Its axes may be stored in another order or direction. Both are written without their parent transforms, so these
    have to be the same.

    Args:
        map_node: a scalar volume.
        volume_node: a scalar volume that ``check_volume_node`` accepts.

    Raises:
        InputError: no scalar volume with voxels, another grid, or another parent transform.
    """
    check_volume_node(map_node)
    names = f"The map '{map_node.GetName()}' lies"
    over = f"the volume '{volume_node.GetName()}'"
    grid, volume_grid = local_grid(map_node), local_grid(volume_node)
    difference = _difference(grid, volume_grid)
    if difference:
        raise InputError(
            f"{names} on another grid than {over}: {difference}.",
            "Resample it onto the volume (module Resample Scalar/Vector/DWI Volume), or leave it out.",
        )
    lies = overlap(grid.moved(parent_to_world(map_node)), volume_grid.moved(parent_to_world(volume_node)))
    if lies is None or not lies.is_whole:
        raise InputError(
            f"{names} under another transform than {over}, so somewhere else.",
            "Put both under the same transform (module Data), or leave the map out.",
        )


def _difference(grid: Grid, volume_grid: Grid) -> str:
    """What a map's grid has that the volume's has not, the most telling alone; empty where both are the same."""
    common = overlap(grid, volume_grid)
    if common is not None and common.is_whole and np.prod(grid.size) == np.prod(volume_grid.size):
        return ""
    if sorted(grid.size) != sorted(volume_grid.size):
        return f"it has {_by(grid.size)} voxels, not {_by(volume_grid.size)}"
    spacing, volume_spacing = (np.linalg.norm(one.ijk_to_ras[:3, :3], axis=0) for one in (grid, volume_grid))
    if not np.allclose(np.sort(spacing), np.sort(volume_spacing), rtol=1e-3):
        return f"its voxels measure {_in_mm(spacing)}, not {_in_mm(volume_spacing)}"
    return "it is shifted or turned against it"


def _in_mm(spacing: npt.NDArray[np.float64]) -> str:
    return f"{_by([f'{value:.4g}' for value in spacing])} mm"


def _by(values: Iterable[Any]) -> str:
    return " x ".join(map(str, values))
