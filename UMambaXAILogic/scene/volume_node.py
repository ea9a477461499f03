"""An image file -> a volume node on exactly the file's grid, in the application and on the wheel alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import SimpleITK as sitk

from UMambaXAILogic.engine.errors import InputError

from .grid import Grid, image_data, vtk_matrix
from .voxel_file import image_grid

#: What shows contrast-filled vessels and brain in one picture.
CT_WINDOW_HU = (-100.0, 500.0)


def add_volume(scene: Any, name: str, path: Path, is_hounsfield: bool) -> Any:
    """Add a volume with the file's voxels; axes keep their order and direction.

    Args:
        path: a file that SimpleITK reads.
        is_hounsfield: show it in a CT window, not in one that is found from its values.

    Raises:
        InputError: the file cannot be read.
    """
    image = read_image(path)
    node = add_empty_volume(scene, name, image_grid(image), is_hounsfield)
    node.SetAndObserveImageData(image_data(sitk.GetArrayFromImage(image)))
    return node


def add_empty_volume(scene: Any, name: str, grid: Grid, is_hounsfield: bool) -> Any:
    """Add a volume that has no voxels yet; arguments as in ``add_volume``."""
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    node.SetIJKToRASMatrix(vtk_matrix(grid.ijk_to_ras))
    node.CreateDefaultDisplayNodes()
    if is_hounsfield:
        display = node.GetDisplayNode()
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(*CT_WINDOW_HU)
    return node


def read_image(path: Path) -> sitk.Image:
    """A file that SimpleITK reads.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return sitk.ReadImage(str(path))
    except RuntimeError as error:
        raise InputError(f"{path} cannot be read: {str(error).strip().splitlines()[-1]}.", "Load it again.") from error
