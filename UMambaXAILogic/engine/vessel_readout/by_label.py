"""Attention and segmentation by the label that the ground truth gives a vessel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from .centreline import Centreline
from .vessel_voxels import BoolArray, VesselVoxels


@dataclass(frozen=True)
class VesselLabels:
    """The labels of a ground truth that tells vessels apart.

    Args:
        values: (z, y, x), 0 outside the target.
        names: of those values whose name is known.
    """

    values: npt.NDArray[np.integer]
    names: Mapping[int, str]

    @classmethod
    def of(
        cls,
        values: npt.NDArray[np.integer],
        target: BoolArray,
        path: Path,
        model_labels: Mapping[str, Any],
        given: Mapping[int, str] = MappingProxyType({}),
    ) -> VesselLabels | None:
        """The labels inside the target; None where they are all the same.

        Args:
            values: of the ground truth's file.
            target: which of its voxels count as target.
            path: of that file. A ``dataset.json`` in its folder, or the folder above, names its values, as in
                nnU-Net's raw data sets.
            model_labels: name -> value; they name the values where no such file does, and the model has several.
            given: value -> name, where whoever made the file knows it; takes the place of all these.
        """
        found = np.unique(values[target])
        if found.size < 2:
            return None
        kept = np.where(target, values, values.dtype.type(0))
        for names in (given, _names_beside(path), _by_value(model_labels)):
            if len(names) > 1 and set(found.tolist()) <= set(names):
                return cls(kept, names)
        return cls(kept, {})


def by_label(
    labels: VesselLabels, vessel: VesselVoxels, centreline: Centreline, pm: BoolArray, region: BoolArray | None
) -> list[dict[str, Any]]:
    """``by_label``: a row a label with a voxel in the evaluation region.

    Returns:
        ``label``, ``name`` (None where it is not known), ``voxels``, ``mean_attention``, ``recall``,
        ``centreline_recall`` and median ``diameter_mm`` (None where no centreline point lies in it).
    """
    values, groups = np.unique(labels.values.reshape(-1)[vessel.voxels], return_inverse=True)
    at_points = labels.values[tuple(centreline.points.T)]
    if region is not None:
        at_points = np.where(centreline.inside(region), at_points, 0)
    found = centreline.inside(pm)
    return [
        {
            "label": int(value),
            "name": labels.names.get(int(value)),
            **row,
            "centreline_recall": float(found[at_points == value].mean()) if (at_points == value).any() else None,
            "diameter_mm": (
                float(np.median(centreline.diameters_mm[at_points == value])) if (at_points == value).any() else None
            ),
        }
        for value, row in zip(values, vessel.by_group(groups, len(values)), strict=True)
    ]


def _names_beside(path: Path) -> dict[int, str]:
    for folder in (path.parent, path.parent.parent):
        try:
            labels = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))["labels"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if isinstance(labels, Mapping):
            return _by_value(labels)
    return {}


def _by_value(labels: Mapping[str, Any]) -> dict[int, str]:
    return {value: str(name) for name, value in labels.items() if isinstance(value, int) and value > 0}
