"""One volume's domain statistics in a line or two, as the panel shows them below the button."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .panel.words import Translate, untranslated

_AXES = ("right_left", "anterior_posterior", "superior_inferior")


def summarise_statistics(
    row: Mapping[str, Any], comparison: Mapping[str, Any] | None, _: Translate = untranslated
) -> str:
    """What was measured, and how it lies to the profile.

    Args:
        row: the case's domain statistics, as in metrics.json.
        comparison: with a profile: ``CaseComparison.to_json`` of ``engine.domain.case_range``; None without one.
    """
    spacing = " x ".join(f"{row['resolution']['spacing_mm'][axis]:.3g}" for axis in _AXES)
    found = [_("voxels of {spacing} mm (R-L x A-P x S-I)").format(spacing=spacing), _noise(row, _)]
    diameters = (row["morphology"] or {}).get("diameter_mm") or {}
    if diameters.get("mean") is not None:
        found.append(_("vessels of {diameter:.2f} mm").format(diameter=diameters["mean"]))
    lines = [_("Measured: {values}.").format(values=", ".join(found))]
    if comparison is not None:
        lines.append(_in_words(comparison, _))
    return "\n".join(lines)


def _noise(row: Mapping[str, Any], _: Translate) -> str:
    """The first estimate that is valid, in the order in which a comparison prefers them."""
    unit = "" if row["units"] == "arbitrary" else f" {row['units']}"
    for name, estimate in row["noise"].items():
        if estimate["std"] is not None:
            text = _("noise {value} ({estimator})")
            return text.format(value=f"{estimate['std']:.3g}{unit}", estimator=name)
    return _("noise n/a")


def _in_words(comparison: Mapping[str, Any], _: Translate) -> str:
    cases, positions = comparison["profile_cases"], comparison["positions"]
    count = _("{name} (1 case)") if cases == 1 else _("{name} ({count} cases)")
    profile = count.format(name=comparison["profile"], count=cases)
    if not positions:
        return _("Nothing of it can be compared with {profile}.").format(profile=profile)
    outside = sum(position["is_outside"] for position in positions)
    if not outside:
        return _("Within the range of {profile}.").format(profile=profile)
    text = _("Outside the range of {profile} in {outside} of {count} quantities.")
    return text.format(profile=profile, outside=outside, count=len(positions))
