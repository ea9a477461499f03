"""Attention against the distance from the centreline, in mm and in radii of the vessel."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..alignment.overlap import ratio
from .surroundings import Surroundings

EDGES_MM = np.arange(0.0, 5.01, 0.5)
EDGES_RADII = np.arange(0.0, 2.01, 0.25)


def attention_by_distance(
    attention: npt.NDArray[np.float32], region: npt.NDArray[np.bool_] | None, near: Surroundings
) -> dict[str, Any]:
    """``radial``: for each bin its voxels, their mean attention, and their share of all attention.

    Args:
        attention: at least 0, (z, y, x).
        region: what ``near`` was limited to, and what counts as all attention; None is the volume.
        near: voxels with their distances.

    Returns:
        ``mm`` and ``radii``, each with the bins' ``edges`` (a bin holds its lower edge), one value a bin of
        ``voxels``, ``mean_attention`` (None without voxels) and ``share`` (None without attention), and ``beyond``:
        the same of all other voxels.
    """
    counted = attention if region is None else attention[region]
    totals = (counted.size, float(counted.sum(dtype=np.float64)))
    values = attention.reshape(-1)[near.voxels].astype(np.float64)
    return {
        "mm": _bins(near.distance_mm, EDGES_MM, values, totals),
        "radii": _bins(near.radii, EDGES_RADII, values, totals),
    }


def _bins(
    distances: npt.NDArray[np.float64],
    edges: npt.NDArray[np.float64],
    values: npt.NDArray[np.float64],
    totals: tuple[int, float],
) -> dict[str, Any]:
    # A distance of 2 x 0.25 mm summed in floating point must not fall short of the edge 0.5.
    bins = np.searchsorted(edges, distances + 1e-9, side="right") - 1
    inside = bins < len(edges) - 1
    voxels = np.bincount(bins[inside], minlength=len(edges) - 1)
    sums = np.bincount(bins[inside], values[inside], minlength=len(edges) - 1)
    all_voxels, mass = totals
    voxels_beyond = all_voxels - int(voxels.sum())
    mass_beyond = max(0.0, mass - float(sums.sum())) if voxels_beyond else 0.0
    return {
        "edges": edges.tolist(),
        "voxels": voxels.tolist(),
        "mean_attention": [ratio(total, count) for total, count in zip(sums, voxels, strict=True)],
        "share": [ratio(total, mass) for total in sums],
        "beyond": {
            "voxels": voxels_beyond,
            "mean_attention": ratio(mass_beyond, voxels_beyond),
            "share": ratio(mass_beyond, mass),
        },
    }
