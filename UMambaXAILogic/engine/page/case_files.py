"""A case folder read back: what a page shows."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..volume import Geometry, Volume
from ..volume_io import is_same_grid, read_volume, side_by_side

BoolArray = npt.NDArray[np.bool_]
SUFFIXES = ("nii.gz", "nrrd")


@dataclass(frozen=True)
class CaseFiles:
    """The files of one case, all arrays (z, y, x) on the input's grid.

    Args:
        folder: where they are.
        metrics: contents of metrics.json.
        slices: rows of slices.csv, texts; an empty text is a value that cannot be computed.
        geometry: the grid.
        pm: prediction of the target label.
        attention: float32 in [0, 1]; None without a map.
        image: the input volume; None where it is not at hand.
        gt: ground truth of the target; None without one.
        views: rendered pictures (``view_*.png``), the 3-D ones first.
    """

    folder: Path
    metrics: dict[str, Any]
    slices: list[dict[str, str]]
    geometry: Geometry
    pm: BoolArray
    attention: npt.NDArray[np.float32] | None
    image: npt.NDArray | None
    gt: BoolArray | None
    views: list[Path]

    @property
    def name(self) -> str:
        """The case's name."""
        return str(self.metrics["case"])

    @property
    def is_phantom(self) -> bool:
        """The input is synthetic, and everything made from it says so."""
        return bool(self.metrics.get("phantom"))

    @property
    def threshold(self) -> float:
        """The reporting threshold of attention."""
        return float(self.metrics["verdict"]["cutoffs"]["threshold"])


def read_case_files(
    folder: Path,
    volume: Path | None = None,
    ground_truth: Path | None = None,
    ground_truth_labels: tuple[int, ...] | None = None,
    series_uid: str | None = None,
) -> CaseFiles:
    """Read a folder that ``explain`` wrote.

    Args:
        volume: the explained volume, for the grey background.
        ground_truth: label file on the volume's grid.
        ground_truth_labels: its values that count as target; None: every value > 0.
        series_uid: which DICOM series of ``volume``.

    Raises:
        InputError: a file is missing or damaged, or lies on another grid than the results.
    """
    metrics = read_metrics(folder / "metrics.json")
    labels = _read_result(folder, "segmentation")
    if labels is None:
        raise InputError(f"{folder} holds no segmentation.", "Name a folder that 'umamba-xai explain --out' wrote.")
    attention = _read_result(folder, "attention")
    image = None if volume is None else _on_grid(read_volume(volume, series_uid=series_uid)[0], labels, str(volume))
    gt = None
    if ground_truth is not None:
        truth = _on_grid(read_volume(ground_truth)[0], labels, str(ground_truth))
        gt = truth > 0 if ground_truth_labels is None else np.isin(truth, ground_truth_labels)
    return CaseFiles(
        folder=folder,
        metrics=metrics,
        slices=_read_slices(folder / "slices.csv"),
        geometry=labels.geometry,
        pm=np.isin(labels.array, np.atleast_1d(metrics["target"]["label"])),
        attention=None if attention is None else _on_grid(attention, labels, "attention").astype(np.float32),
        image=image,
        gt=gt,
        views=sorted(folder.glob("view_*.png"), key=lambda path: (not path.name.startswith("view_3d"), path.name)),
    )


def read_metrics(path: Path) -> dict[str, Any]:
    """The contents of a case's metrics.json.

    Raises:
        InputError: it is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read: {error}.", "Name a folder that 'umamba-xai explain --out' wrote."
        ) from error


def _read_slices(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _read_result(folder: Path, name: str) -> Volume | None:
    for suffix in SUFFIXES:
        path = folder / f"{name}.{suffix}"
        if path.is_file():
            return read_volume(path)[0]
    return None


def _on_grid(volume: Volume, labels: Volume, name: str) -> npt.NDArray:
    if not is_same_grid(volume.geometry, labels.geometry):
        grids = side_by_side(name, volume.geometry, "segmentation", labels.geometry)
        raise InputError(
            f"{name} does not lie on the grid of the results.\n{grids}\n", "Give the very file that was explained."
        )
    return volume.array
