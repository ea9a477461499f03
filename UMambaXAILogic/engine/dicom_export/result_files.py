"""A result folder, read back and laid onto the grid of its source series."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import grids
from ..errors import InputError
from ..page.case_files import SUFFIXES, read_metrics
from ..volume_io import read_volume
from ..voxel_identity import voxels_sha256
from .source_series import SourceSeries

_RUN_AGAIN = "Explain the series itself, as it was loaded, or name the series that was explained."
_INCOMPLETE = "Run it again."


@dataclass(frozen=True)
class ResultFiles:
    """What is exported, all arrays (z, y, x) on the grid of the source series.

    Args:
        metrics: contents of metrics.json.
        labels: label values.
        attention: float32 in [0, 1]; None where the result has no map.
    """

    metrics: dict[str, Any]
    labels: npt.NDArray[np.integer]
    attention: npt.NDArray[np.float32] | None


def read_result(folder: Path, source: SourceSeries) -> ResultFiles:
    """Read a result, and make sure that it was computed from the voxels of ``source``.

    That is seen from the voxels alone, so results of a file that was made of the series without changing a voxel (by
    3D Slicer, dcm2niix) count too, whatever the order in which it stores them.

    Args:
        folder: written by ``explain`` or ``sam``.
        source: the series it is said to be about.

    Raises:
        InputError: no result, a damaged one, or one of other voxels.
    """
    path = folder / "metrics.json"
    if not path.is_file():
        raise InputError(f"{folder} holds no metrics.json.", "Name a folder that 'explain' wrote.")
    metrics = read_metrics(path)
    expected = _text(metrics, "input", "voxels_sha256")
    if expected is None:
        raise InputError(
            f"The result in {folder} does not say which voxels it was computed from: another version wrote it.",
            _RUN_AGAIN,
        )
    segmentation = _find(folder, "segmentation")
    if segmentation is None:
        raise InputError(f"{folder} holds no segmentation.", _INCOMPLETE)
    labels, order = _read_onto(segmentation, source)
    _check_same_voxels(source, order, expected, folder)
    attention = None
    if metrics.get("attribution"):
        attention = _read_attention(folder, source)
    return ResultFiles(metrics, labels, attention)


def _read_attention(folder: Path, source: SourceSeries) -> npt.NDArray[np.float32]:
    path = _find(folder, "attention")
    if path is None:
        raise InputError(f"{folder} holds no attention map, and its metrics.json names one.", _INCOMPLETE)
    array, _ = _read_onto(path, source)
    attention = np.asarray(array, dtype=np.float32)
    low, high = float(attention.min()), float(attention.max())
    if low < 0 or high > 1:
        raise InputError(
            f"{path} holds values from {low:g} to {high:g}; attention lies in [0, 1].",
            _INCOMPLETE,
        )
    return attention


def _read_onto(path: Path, source: SourceSeries) -> tuple[npt.NDArray, grids.AxisOrder]:
    volume, _ = read_volume(path)
    order = grids.order_onto(volume.geometry, source.geometry)
    if order is None:
        raise InputError(
            f"{path} and the DICOM series {source.uid} do not have the same voxels:\n"
            + grids.side_by_side("result", volume.geometry, "series", source.geometry),
            _RUN_AGAIN,
        )
    return order.apply(volume.array), order


def _check_same_voxels(source: SourceSeries, order: grids.AxisOrder, expected: str, folder: Path) -> None:
    image, _ = read_volume(source.folder, series_uid=source.uid)
    if voxels_sha256(order.inverse.apply(image.array)) != expected:
        raise InputError(
            f"The result in {folder} lies on the grid of the DICOM series {source.uid}, but was computed from other "
            "voxel values.",
            _RUN_AGAIN,
        )


def _find(folder: Path, name: str) -> Path | None:
    return next((path for suffix in SUFFIXES if (path := folder / f"{name}.{suffix}").is_file()), None)


def _text(metrics: dict[str, Any], *keys: str) -> str | None:
    value: Any = metrics
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None
