"""Attention and segmentation by the local diameter of the vessel."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..alignment.overlap import Overlap
from .centreline import Centreline
from .surroundings import Surroundings
from .vessel_voxels import BoolArray, VesselVoxels

#: Lower edges; the last bin is open. Perforating and distal arteries, then the Circle of Willis, then the ICA.
EDGES_MM = (0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)


def by_diameter(
    centreline: Centreline,
    vessel: VesselVoxels,
    near: Surroundings,
    region: BoolArray | None,
    attended: BoolArray | None,
) -> list[dict[str, Any]]:
    """``by_diameter``: a row a bin.

    A voxel has the diameter at the centreline point it belongs to. Attention outside the vessel counts for the
    diameter of the point that reaches it; attention that no point reaches counts for none.

    Args:
        attended: (z, y, x), whether attention reaches the threshold; None without a map.

    Returns:
        ``from_mm``, ``to_mm`` (None: open), ``centreline_voxels``, ``voxels``, ``mean_attention``, ``recall`` and
        ``attention_iou``.
    """
    bins = np.searchsorted(EDGES_MM, centreline.diameters_mm + 1e-9, side="right") - 1
    count = len(EDGES_MM)
    counted = np.ones(len(bins), bool) if region is None else centreline.inside(region)
    points = np.bincount(bins[counted], minlength=count)
    rows = vessel.by_group(bins[vessel.nearest], count)
    ious = [None] * count if attended is None else _ious(bins, vessel, near, attended)
    return [
        {
            "from_mm": EDGES_MM[number],
            "to_mm": EDGES_MM[number + 1] if number + 1 < count else None,
            "centreline_voxels": int(points[number]),
            **rows[number],
            "attention_iou": ious[number],
        }
        for number in range(count)
    ]


def _ious(
    bins: npt.NDArray[np.intp], vessel: VesselVoxels, near: Surroundings, attended: BoolArray
) -> list[float | None]:
    flat = attended.reshape(-1)
    sizes = [
        np.bincount(bins[nearest], minlength=len(EDGES_MM))
        for nearest in (
            near.nearest[flat[near.voxels]],
            vessel.nearest,
            vessel.nearest[flat[vessel.voxels]],
        )
    ]
    return [Overlap(*map(int, counts)).iou for counts in zip(*sizes, strict=True)]
