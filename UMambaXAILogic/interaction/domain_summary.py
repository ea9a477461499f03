"""One volume's domain statistics in a line or two, as the panel shows them below the button."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AXES = ("right_left", "anterior_posterior", "superior_inferior")


def summarise_statistics(row: Mapping[str, Any], comparison: Mapping[str, Any] | None) -> str:
    """What was measured, and how it lies to the profile.

    Args:
        row: the case's domain statistics, as in metrics.json.
        comparison: with a profile: ``CaseComparison.to_json`` of ``engine.domain.case_range``; None without one.
    """
    spacing = " x ".join(f"{row['resolution']['spacing_mm'][axis]:.3g}" for axis in _AXES)
    found = [f"voxels of {spacing} mm (R-L x A-P x S-I)", _noise(row)]
    diameters = (row["morphology"] or {}).get("diameter_mm") or {}
    if diameters.get("mean") is not None:
        found.append(f"vessels of {diameters['mean']:.2f} mm")
    lines = [f"Measured: {', '.join(found)}."]
    if comparison is not None:
        lines.append(_in_words(comparison))
    return "\n".join(lines)


def _noise(row: Mapping[str, Any]) -> str:
    """The first estimate that is valid, in the order in which a comparison prefers them."""
    unit = "" if row["units"] == "arbitrary" else f" {row['units']}"
    for name, estimate in row["noise"].items():
        if estimate["std"] is not None:
            return f"noise {estimate['std']:.3g}{unit} ({name})"
    return "noise n/a"


def _in_words(comparison: Mapping[str, Any]) -> str:
    cases, positions = comparison["profile_cases"], comparison["positions"]
    name = f"{comparison['profile']} ({cases} case{'' if cases == 1 else 's'})"
    if not positions:
        return f"Nothing of it can be compared with {name}."
    outside = sum(position["is_outside"] for position in positions)
    if not outside:
        return f"Within the range of {name}."
    return f"Outside the range of {name} in {outside} of {len(positions)} quantities."
