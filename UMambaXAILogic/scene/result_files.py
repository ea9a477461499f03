"""A result folder's files -> voxels on the volume's grid and tables, checked before anything touches the scene."""

from __future__ import annotations

import csv
import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
import vtk

from UMambaXAILogic.engine.errors import InputError

from .grid import Grid, image_array, same_grid
from .voxel_file import file_grid, read_voxels, voxels_in_pieces


@dataclass(frozen=True)
class ResultTables:
    """What a run measured.

    Args:
        metrics: the content of metrics.json.
        slices: the rows of slices.csv, as text.
    """

    metrics: dict[str, Any]
    slices: list[dict[str, str]]


def read_tables(files: Mapping[str, Path | None]) -> ResultTables:
    """Read a finished run's numbers.

    Args:
        files: paths of ``metrics`` and ``slices``.

    Raises:
        InputError: one is missing.
    """
    metrics = json.loads(needed_file(files, "metrics").read_text(encoding="utf-8"))
    with needed_file(files, "slices").open(newline="", encoding="utf-8") as lines:
        return ResultTables(metrics, list(csv.DictReader(lines)))


def needed_file(files: Mapping[str, Path | None], name: str) -> Path:
    """The path of a file that every run writes; raises ``InputError`` where it is not there."""
    path = files.get(name)
    if path is None or not path.is_file():
        raise InputError(f"The result has no {name} file ({path}).", "Run it again.")
    return path


def check_grid(path: Path, grid: Grid) -> None:
    """Raise ``InputError`` where a file does not lie on ``grid``, or is unreadable; looks at its header only."""
    found = file_grid(path)
    if not same_grid(found, grid):
        raise InputError(
            f"{path.name} does not lie on the volume's grid. File: {found}. Volume: {grid}.",
            "The volume was changed meanwhile: run it again.",
        )


def read_labels(path: Path, grid: Grid) -> npt.NDArray:
    """Labels (k, j, i) of a file that must lie on ``grid``. Raises as ``check_grid`` does."""
    check_grid(path, grid)
    return image_array(read_voxels(path))


def map_in_pieces(path: Path, grid: Grid) -> Generator[None, None, Any]:
    """An attention map in steps of a fraction of a second; the file must lie on ``grid``.

    Returns:
        A vtkImageData with unit spacing, float32.

    Raises:
        InputError: as ``check_grid``, or the map's values are no float32.
    """
    check_grid(path, grid)
    image = yield from voxels_in_pieces(path)
    if image.GetScalarType() != vtk.VTK_FLOAT:
        raise InputError(f"{path.name} is no attention map: its voxels are not float32.", "Run it again.")
    return image


def result_folder_files(folder: Path) -> dict[str, Path | None]:
    """The files of a folder that ``explain`` wrote, in either format."""
    files: dict[str, Path | None] = {"metrics": folder / "metrics.json", "slices": folder / "slices.csv"}
    for name in ("segmentation", "attention"):
        candidates = (folder / f"{name}{ending}" for ending in (".nii.gz", ".nrrd"))
        files[name] = next((path for path in candidates if path.is_file()), None)
    return files
