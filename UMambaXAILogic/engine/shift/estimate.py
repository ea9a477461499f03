"""How far two cohorts differ in what the factors change, from the rows of their profiles.

Each strength is one for the whole cohort, from the means over its cases: an intervention then moves every case by
the same operation, and what differs between the cases of a cohort stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..domain.noise_choice import choose_noise_estimator
from ..domain.profile import Profile
from ..domain.row import HOUNSFIELD_UNITS, DomainRow
from .factor import Factor
from .field_of_view import FieldOfView
from .intensity_scale import IntensityScale
from .noise import Noise
from .slice_spacing import SliceSpacing

_AXES = {"right_left": "R-L", "anterior_posterior": "A-P", "superior_inferior": "S-I"}


@dataclass(frozen=True)
class Estimate:
    """What two profiles say about one factor.

    Args:
        factor: with its strength; None where the cohorts do not differ in it, or it cannot be done.
        reason: one sentence with the numbers it rests on.
    """

    factor: Factor | None
    reason: str


def estimate_factors(start: Profile, goal: Profile, toward_source: bool) -> Mapping[str, Estimate]:
    """Strengths that move cases of one cohort toward another, by key; blur is in no profile.

    Args:
        start: of the cases that are intervened on.
        goal: of the cohort they are moved to.
        toward_source: the goal is the source: operations that only approximate (less noise) are then taken, too.
    """
    return {
        "field_of_view": _field_of_view(start.rows, goal.rows),
        "intensity_scale": _intensity_scale(start.rows, goal.rows),
        "slice_spacing": _slice_spacing(start.rows, goal.rows),
        "noise": _noise(start.rows, goal.rows, toward_source),
    }


def _field_of_view(start: Sequence[DomainRow], goal: Sequence[DomainRow]) -> Estimate:
    extents: list[float | None] = []
    words = []
    for axis, name in _AXES.items():
        before, after = _known([_mean(rows, _extent(axis)) for rows in (start, goal)])
        extents.append(after if after < before else None)
        words.append(f"{name} {before:.4g} -> {after:.4g} mm{'' if after < before else ' (cannot be enlarged)'}")
    reason = f"Mean field of view {', '.join(words)}."
    if extents == [None] * 3:
        return Estimate(None, reason)
    return Estimate(FieldOfView((extents[0], extents[1], extents[2])), reason)


def _intensity_scale(start: Sequence[DomainRow], goal: Sequence[DomainRow]) -> Estimate:
    if any(row.units != HOUNSFIELD_UNITS for row in (*start, *goal)):
        return Estimate(None, "Intensities in arbitrary units cannot be compared between scans.")
    lumen = [_mean(rows, _lumen) for rows in (start, goal)]
    tissue = [_mean(rows, _background) for rows in (start, goal)]
    if None not in lumen and None not in tissue:
        (lumen_before, lumen_after), (tissue_before, tissue_after) = _known(lumen), _known(tissue)
        means = (
            f"mean of the vessels {lumen_before:.4g} -> {lumen_after:.4g} HU, of the tissue around them "
            f"{tissue_before:.4g} -> {tissue_after:.4g} HU"
        )
        if lumen_before > tissue_before and lumen_after > tissue_after:
            scale = (lumen_after - tissue_after) / (lumen_before - tissue_before)
            factor = IntensityScale(scale, tissue_after - scale * tissue_before)
            return Estimate(factor, f"The map that carries the {means}.")
        return Estimate(None, f"No affine map with a positive scale carries the {means}.")
    window = [_mean(rows, _window) for rows in (start, goal)]
    if None in window:
        return Estimate(None, "Not every cohort has a case with voxels in the intensity window, or with vessels.")
    before, after = _known(window)
    reason = (
        f"Without vessel masks on both sides only a shift is known: mean in the intensity window {before:.4g} -> "
        f"{after:.4g} HU."
    )
    return Estimate(IntensityScale(1.0, after - before), reason)


def _slice_spacing(start: Sequence[DomainRow], goal: Sequence[DomainRow]) -> Estimate:
    before, after = _known([_mean(rows, _spacing) for rows in (start, goal)])
    reason = f"Mean slice spacing {before:.4g} -> {after:.4g} mm"
    reason += "." if after >= before else "; thinner slices are interpolated and show nothing new."
    return Estimate(None if after == before else SliceSpacing(after), reason)


def _noise(start: Sequence[DomainRow], goal: Sequence[DomainRow], toward_source: bool) -> Estimate:
    if any(row.units != HOUNSFIELD_UNITS for row in (*start, *goal)):
        return Estimate(None, "Noise in arbitrary units cannot be compared between scans.")
    choice = choose_noise_estimator((*start, *goal))
    if choice.estimator is None:
        return Estimate(None, f"No noise estimator is valid in every case: {choice.reason}.")
    estimator = choice.estimator
    before, after = _known([_mean(rows, lambda row: row.noise[estimator].std) for rows in (start, goal)])
    words = f"Mean noise ({estimator}) {before:.4g} -> {after:.4g} HU"
    amount = math.sqrt(abs(after**2 - before**2))
    if after > before:
        return Estimate(Noise(amount), f"{words}: sqrt({after:.4g}^2 - {before:.4g}^2) = {amount:.4g} HU is added.")
    if after < before and toward_source:
        return Estimate(Noise(-amount), f"{words}: {amount:.4g} HU is taken off, which is no inverse of adding it.")
    return Estimate(None, f"{words}; taking noise off is no valid operation in this direction.")


def _mean(rows: Sequence[DomainRow], value: Callable[[DomainRow], float | None]) -> float | None:
    known = [found for row in rows if (found := value(row)) is not None]
    return math.fsum(known) / len(known) if known else None


def _known(values: Sequence[float | None]) -> tuple[float, float]:
    before, after = values
    assert before is not None and after is not None
    return before, after


def _extent(axis: str) -> Callable[[DomainRow], float]:
    return lambda row: float(getattr(row.resolution.field_of_view_mm, axis))


def _spacing(row: DomainRow) -> float:
    return row.resolution.spacing_mm.superior_inferior


def _lumen(row: DomainRow) -> float | None:
    return None if row.intensity.vessel is None else row.intensity.vessel.inside.mean


def _background(row: DomainRow) -> float | None:
    return None if row.intensity.vessel is None else row.intensity.vessel.background


def _window(row: DomainRow) -> float | None:
    return None if row.intensity.in_window is None else row.intensity.in_window.mean
