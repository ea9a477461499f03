"""A result folder's files -> arrays on the volume's grid, checked before anything touches the scene."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from UMambaXAILogic.engine.errors import InputError

from .grid import Grid, same_grid

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class ResultFiles:
    """What a run wrote.

    Args:
        segmentation: (k, j, i) labels.
        attention: (k, j, i) float32 in [0, 1]; None where nothing was predicted.
        metrics: the content of metrics.json.
        slices: the rows of slices.csv, as text.
    """

    segmentation: npt.NDArray
    attention: npt.NDArray[np.float32] | None
    metrics: dict[str, Any]
    slices: list[dict[str, str]]


def read_result(files: Mapping[str, Path | None], grid: Grid) -> ResultFiles:
    """Read a finished run.

    Args:
        files: paths of ``segmentation``, ``attention`` (or None), ``metrics`` and ``slices``.
        grid: the volume's local grid.

    Raises:
        InputError: a file is missing or lies on another grid.
    """
    segmentation_file = _needed(files, "segmentation")
    attention_file = files.get("attention")
    metrics = json.loads(_needed(files, "metrics").read_text(encoding="utf-8"))
    with _needed(files, "slices").open(newline="", encoding="utf-8") as lines:
        slices = list(csv.DictReader(lines))
    return ResultFiles(
        segmentation=read_labels(segmentation_file, grid),
        attention=None if attention_file is None else read_map(attention_file, grid),
        metrics=metrics,
        slices=slices,
    )


def read_labels(path: Path, grid: Grid) -> npt.NDArray:
    """Labels (k, j, i) of a file that must lie on ``grid``."""
    return _read_on_grid(path, grid)


def read_map(path: Path, grid: Grid) -> npt.NDArray[np.float32]:
    """An attention map (k, j, i) of a file that must lie on ``grid``."""
    return _read_on_grid(path, grid).astype(np.float32, copy=False)


def image_grid(image: sitk.Image) -> Grid:
    """The grid of a SimpleITK image."""
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    columns, rows, slices = image.GetSize()
    return Grid((columns, rows, slices), _LPS_TO_RAS @ affine)


def result_folder_files(folder: Path) -> dict[str, Path | None]:
    """The files of a folder that ``explain`` wrote, in either format."""
    files: dict[str, Path | None] = {"metrics": folder / "metrics.json", "slices": folder / "slices.csv"}
    for name in ("segmentation", "attention"):
        candidates = (folder / f"{name}{ending}" for ending in (".nii.gz", ".nrrd"))
        files[name] = next((path for path in candidates if path.is_file()), None)
    return files


def _needed(files: Mapping[str, Path | None], name: str) -> Path:
    path = files.get(name)
    if path is None or not path.is_file():
        raise InputError(f"The result has no {name} file ({path}).", "Run it again.")
    return path


def _read_on_grid(path: Path, grid: Grid) -> npt.NDArray:
    image = sitk.ReadImage(str(path))
    found = image_grid(image)
    if not same_grid(found, grid):
        raise InputError(
            f"{path.name} does not lie on the volume's grid. File: {found}. Volume: {grid}.",
            "The volume was changed meanwhile: run it again.",
        )
    return sitk.GetArrayFromImage(image)
