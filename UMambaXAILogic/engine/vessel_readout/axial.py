"""Attention along the centreline: segment by segment."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..alignment.segments import SEGMENT_MM
from ..volume import Geometry
from .centreline import Centreline
from .vessel_voxels import VesselVoxels

#: A head's vessels have a few hundred; of a mask with more, the longest are written.
MOST_SEGMENTS = 500
_DECIMALS = 3  # of mm; more would only make a long list longer


def attention_by_segment(centreline: Centreline, vessel: VesselVoxels, geometry: Geometry) -> dict[str, Any]:
    """``axial``: the segments of the centreline with a voxel in the evaluation region.

    Returns:
        ``segment_mm``; ``count`` of segments; ``segments``: for each number, ``length_mm``, median ``diameter_mm`` and
        ``centre_mm`` (LPS, of the point nearest to the middle) of all of it, and voxels, mean attention and recall of
        its part in the region; ``unfound``: segments of which less than half was predicted (None without truth).
    """
    labels = centreline.segments
    count = int(labels.max(initial=-1)) + 1
    rows = vessel.by_group(labels[vessel.nearest], count)
    segments = [
        {"number": number, **_place(centreline, labels == number, geometry), **row}
        for number, row in enumerate(rows)
        if row["voxels"]
    ]
    longest = sorted(segments, key=lambda row: (-row["length_mm"], row["number"]))[:MOST_SEGMENTS]
    return {
        "segment_mm": SEGMENT_MM,
        "count": len(segments),
        "unfound": None if vessel.found is None else sum(row["recall"] < 0.5 for row in segments),
        "segments": sorted(longest, key=lambda row: row["number"]),
    }


def _place(centreline: Centreline, member: npt.NDArray[np.bool_], geometry: Geometry) -> dict[str, Any]:
    points = centreline.points[member]
    middle = points[np.argmin(np.linalg.norm((points - points.mean(axis=0)) * geometry.spacing_mm[::-1], axis=1))]
    centre_mm = (geometry.affine_lps @ [*middle[::-1], 1])[:3]
    return {
        "length_mm": round(float(centreline.lengths_mm[member].sum()), _DECIMALS),
        "diameter_mm": round(float(np.median(centreline.diameters_mm[member])), _DECIMALS),
        "centre_mm": [round(float(value), _DECIMALS) for value in centre_mm],
    }
