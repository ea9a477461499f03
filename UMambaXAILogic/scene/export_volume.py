"""A volume node -> an uncompressed NRRD file on the node's own grid, for the worker."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy.typing as npt

from UMambaXAILogic.engine.errors import InputError
from UMambaXAILogic.engine.volume import PHANTOM_DESCRIPTION

from .grid import Grid, image_array, local_grid, parent_to_world
from .in_pieces import Pieces
from .nrrd_output import write_in_pieces
from .stepwise import do_all

#: Attribute of a volume node that shows a phantom: its results must say so.
PHANTOM_ATTRIBUTE = "UMambaXAI.phantom"
#: Of a volume's name in that of its file, at most: file systems have limits.
_NAME_LENGTH = 60


def export_volume(volume_node: Any, path: Path) -> Grid:
    """Write the voxels at once; see ``volume_in_pieces``."""
    return do_all(volume_in_pieces(volume_node, path))


def volume_in_pieces(volume_node: Any, path: Path) -> Pieces[Grid]:
    """Write the voxels on the node's local grid; the parent transform is not applied.

    Results come back on this grid and are placed under the same parent transform, so they lie where the volume does.

    Args:
        volume_node: a scalar volume.
        path: ends in ``.nrrd``.

    Returns:
        The grid that was written.

    Raises:
        InputError: no scalar volume, no voxels or voxels without size, several components, or a non-linear parent
            transform.
    """
    check_volume_node(volume_node)
    grid = local_grid(volume_node)
    yield from write_in_pieces(image_array(volume_node.GetImageData()), grid, path, is_phantom(volume_node))
    return grid


def volume_file(folder: Path, name: str) -> Path:
    """Where a volume of this name is written: messages about the file say which volume they are about.

    Letters that some file system may refuse are replaced.
    """
    return folder / f"volume {re.sub(r'[^A-Za-z0-9 ._()-]+', '_', name)[:_NAME_LENGTH].strip()}.nrrd"


def is_phantom(volume_node: Any) -> bool:
    """Whether the node is known to show a phantom, not a patient."""
    return volume_node.GetAttribute(PHANTOM_ATTRIBUTE) is not None


def mark_phantom(volume_node: Any) -> None:
    """Note on the node that it shows a phantom; kept when the scene is saved."""
    volume_node.SetAttribute(PHANTOM_ATTRIBUTE, PHANTOM_DESCRIPTION)


def check_volume_node(volume_node: Any) -> None:
    """Raise ``InputError`` where the node cannot be segmented."""
    if volume_node is None:
        raise InputError("No volume was given.", "Pass a scalar volume node.")
    name, kind = volume_node.GetName(), volume_node.GetClassName()
    if not volume_node.IsA("vtkMRMLScalarVolumeNode") or volume_node.IsA("vtkMRMLLabelMapVolumeNode"):
        raise InputError(
            f"'{name}' is a {kind.removeprefix('vtkMRML')}, not an image that could be segmented.",
            "Choose a scalar volume (a CT or MR angiogram).",
        )
    image = volume_node.GetImageData()
    if image is None or image.GetNumberOfPoints() == 0:
        raise InputError(f"The volume '{name}' has no voxels.", "Load the image again.")
    components = image.GetNumberOfScalarComponents()
    if components != 1:
        raise InputError(
            f"The volume '{name}' has {components} values a voxel; one is needed.",
            "Extract one component (Vector to Scalar Volume module).",
        )
    spacing = volume_node.GetSpacing()
    if not all(0 < distance < math.inf for distance in spacing):
        raise InputError(
            f"The voxels of the volume '{name}' have no size: its spacing is {spacing[0]:g} x {spacing[1]:g} x "
            f"{spacing[2]:g} mm.",
            "Load the image again, or enter its true spacing in the Volumes module.",
        )
    parent_to_world(volume_node)


def write_array(array: npt.NDArray, grid: Grid, path: Path, phantom: bool = False) -> None:
    """Write (k, j, i) on ``grid`` at once; see ``write_in_pieces``."""
    do_all(write_in_pieces(array, grid, path, phantom))
