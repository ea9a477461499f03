"""Pictures of a result folder, drawn by Slicer's own display code without a window.

    python -m UMambaXAILogic.scene.pictures RESULT_DIR --volume FILE [--gt FILE]

writes into RESULT_DIR: ``view_3d.png`` (the prediction coloured by attention, with the vessels it missed),
``view_3d_errors.png`` (with a ground truth: found, false and missed vessels) and ``view_slices.png`` (three planes with
attention, prediction and ground truth).
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import vtk
from vtk.util.numpy_support import numpy_to_vtk

from UMambaXAILogic.engine.errors import UMambaXAIError
from UMambaXAILogic.engine.failure import describe_failure

from .picture_3d import draw_attention, draw_errors
from .picture_scene import build_picture_scene
from .picture_slices import draw_slices
from .views import check_rendering


def write_pictures(folder: Path, volume: Path, ground_truth: Path | None = None) -> list[Path]:
    """Draw a result folder's pictures into it.

    Args:
        folder: what ``explain`` wrote.
        volume: the very file (or DICOM folder) that was explained.
        ground_truth: label file on its grid.

    Returns:
        The files that were written.

    Raises:
        NotInstalledError: this machine cannot draw; the remedy names the package.
        InputError: a file is missing, unreadable or on another grid.
    """
    check_rendering()
    scene = build_picture_scene(folder, volume, ground_truth)
    pictures = {"view_3d.png": draw_attention}
    if scene.truth_node is not None:
        pictures["view_3d_errors.png"] = draw_errors
    pictures["view_slices.png"] = draw_slices  # last: it recolours the prediction
    written = []
    for name, draw in pictures.items():
        write_png(folder / name, draw(scene))
        written.append(folder / name)
    scene.application.close()
    return written


def write_png(path: Path, picture: npt.NDArray[np.uint8]) -> None:
    """Write (height, width, 3) sRGB, first row on top; nothing half-written is left under ``path``."""
    height, width, _ = picture.shape
    image = vtk.vtkImageData()
    image.SetDimensions(width, height, 1)
    pixels = numpy_to_vtk(np.ascontiguousarray(picture[::-1]).reshape(-1, 3), deep=True)
    image.GetPointData().SetScalars(pixels)
    unfinished = path.with_name(f".{path.name}.unfinished.png")
    writer = vtk.vtkPNGWriter()
    writer.SetFileName(str(unfinished))
    writer.SetInputData(image)
    writer.Write()
    os.replace(unfinished, path)


def main(arguments: list[str] | None = None) -> int:
    """Draw; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m UMambaXAILogic.scene.pictures", description=__doc__.splitlines()[0]
    )
    parser.add_argument("folder", metavar="RESULT_DIR", type=Path, help="folder that 'umamba-xai explain' wrote")
    parser.add_argument("--volume", type=Path, required=True, help="the volume that was explained")
    parser.add_argument("--gt", metavar="MASK", type=Path, help="ground truth on its grid")
    options = parser.parse_args(arguments)
    try:
        for path in write_pictures(options.folder, options.volume, options.gt):
            print(path)
    except UMambaXAIError as error:
        failure = describe_failure(error)
        print(failure.text, file=sys.stderr)
        return failure.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
