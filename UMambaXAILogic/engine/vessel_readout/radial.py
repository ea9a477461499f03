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
    flat = attention.reshape(-1)
    mm, radii = _Bins(EDGES_MM), _Bins(EDGES_RADII)
    for part in near.chunks():
        values = flat[part.voxels].astype(np.float64)
        mm.add(part.distance_mm, values)
        radii.add(part.radii, values)
    return {"mm": mm.fields(*totals), "radii": radii.fields(*totals)}


class _Bins:
    """Voxels and attention by distance.

    Args:
        edges: of the bins, ascending; a bin holds its lower edge.
    """

    def __init__(self, edges: npt.NDArray[np.float64]) -> None:
        self._edges = edges
        self._voxels = np.zeros(len(edges) - 1, np.int64)
        self._sums = np.zeros(len(edges) - 1)

    def add(self, distances: npt.NDArray[np.float64], values: npt.NDArray[np.float64]) -> None:
        """Count more voxels, (n,)."""
        # A distance of 2 x 0.25 mm summed in floating point must not fall short of the edge 0.5.
        bins = np.searchsorted(self._edges, distances + 1e-9, side="right") - 1
        inside = bins < len(self._voxels)
        self._voxels += np.bincount(bins[inside], minlength=len(self._voxels))
        self._sums += np.bincount(bins[inside], values[inside], minlength=len(self._voxels))

    def fields(self, all_voxels: int, mass: float) -> dict[str, Any]:
        """See ``attention_by_distance``; ``all_voxels`` and ``mass`` are those of everything."""
        voxels_beyond = all_voxels - int(self._voxels.sum())
        mass_beyond = max(0.0, mass - float(self._sums.sum())) if voxels_beyond else 0.0
        return {
            "edges": self._edges.tolist(),
            "voxels": self._voxels.tolist(),
            "mean_attention": [ratio(*each) for each in zip(self._sums.tolist(), self._voxels.tolist(), strict=True)],
            "share": [ratio(total, mass) for total in self._sums.tolist()],
            "beyond": {
                "voxels": voxels_beyond,
                "mean_attention": ratio(mass_beyond, voxels_beyond),
                "share": ratio(mass_beyond, mass),
            },
        }
