"""The few numbers of a readout that are compared between cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..alignment.overlap import ratio

#: Vessels below this local diameter count as thin; one of the edges of ``by_diameter``.
THIN_MM = 2.0


def readout_summary(radial: Mapping[str, Any] | None, rows: Iterable[Mapping[str, Any]]) -> dict[str, float | None]:
    """``summary`` of the vessel readout.

    Args:
        radial: as ``attention_by_distance`` gives it; None without a map.
        rows: as ``by_diameter`` gives them.

    Returns:
        ``attention_share_within_radius``: share of all attention at less than one radius from the centreline, and
        ``attention_thin``, ``attention_wide``, ``recall_thin``, ``recall_wide``: mean attention and recall of vessel
        voxels of less than ``THIN_MM``, and of the others. None where they cannot be computed.
    """
    rows = list(rows)
    thin = [row for row in rows if row["to_mm"] is not None and row["to_mm"] <= THIN_MM]
    wide = [row for row in rows if row["from_mm"] >= THIN_MM]
    return {
        "attention_share_within_radius": None if radial is None else _share_within_radius(radial["radii"]),
        "attention_thin": _mean(thin, "mean_attention"),
        "attention_wide": _mean(wide, "mean_attention"),
        "recall_thin": _mean(thin, "recall"),
        "recall_wide": _mean(wide, "recall"),
    }


def _share_within_radius(bins: Mapping[str, Any]) -> float | None:
    shares = [share for share, upper in zip(bins["share"], bins["edges"][1:], strict=True) if upper <= 1]
    return None if None in shares else sum(shares)


def _mean(rows: list[Mapping[str, Any]], name: str) -> float | None:
    known = [row for row in rows if row[name] is not None]
    return ratio(sum(row[name] * row["voxels"] for row in known), sum(row["voxels"] for row in known))
