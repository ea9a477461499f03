"""Where one case lies among the cases of a profile, and what to warn of before a model sees it.

A case is called out of range in a quantity if it lies outside the smallest and largest value of the profile's cases,
and also further from their mean than sqrt((t s sqrt(1 + 1/n))^2 + (3 f)^2): s is the standard deviation of the n
cases, t Student's quantile for 99.7 % of future cases (a prediction interval, as for a normal distribution), f the
quantity's floor (see ``quantities``). Lying outside the extremes alone says little: of the same population, two in
n + 1 cases do.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from .noise_choice import NoiseChoice, choose_noise_estimator
from .profile import Profile
from .quantities import Quantity, shift_quantities
from .row import HOUNSFIELD_UNITS, DomainRow

#: Of cases like the profile's, this share lies in range, in each quantity: that of three standard deviations.
COVERED = 0.9973
_FLOORS = 3.0

#: Code of a warning, and its first words, by table.
_WARNINGS = {
    1: ("intensity_outside_profile", "Its intensities are"),
    2: ("resolution_outside_profile", "Its grid is"),
    3: ("noise_outside_profile", "Its noise is"),
    4: ("vessels_outside_profile", "Its vessels are"),
}


@dataclass(frozen=True)
class CasePosition:
    """One quantity of a case among those of a profile's cases.

    Args:
        quantity: which.
        value: of the case.
        count: of the profile's cases that have the quantity, at least 1.
        mean, std, minimum, maximum: over these; ``std`` divides by count - 1 and is None with one case.
        percentile: share of these below the value, in percent; equal ones count half.
        z: (value - mean) / std; None where the spread is 0 or unknown.
        is_outside: see the module.
    """

    quantity: Quantity
    value: float
    count: int
    mean: float
    std: float | None
    minimum: float
    maximum: float
    percentile: float
    z: float | None
    is_outside: bool

    def to_json(self) -> dict[str, Any]:
        """The same, for a JSON file."""
        quantity = self.quantity
        head = {"key": quantity.key, "title": quantity.title, "unit": quantity.unit, "table": quantity.table}
        return head | {name: value for name, value in vars(self).items() if name != "quantity"}


@dataclass(frozen=True)
class CaseComparison:
    """One case among a profile's.

    Args:
        case: its name.
        profile: the profile's name.
        profile_cases: how many cases the profile has.
        noise: the estimator that is compared.
        positions: one a quantity, in the order of tables 1 to 4.
        not_compared: titles of quantities that the case or the whole profile lacks, with the reason.
    """

    case: str
    profile: str
    profile_cases: int
    noise: NoiseChoice
    positions: tuple[CasePosition, ...]
    not_compared: tuple[tuple[Quantity, str], ...]

    def to_json(self) -> dict[str, Any]:
        """The same, for a JSON file: numbers, texts, lists and null only."""
        return {
            "case": self.case,
            "profile": self.profile,
            "profile_cases": self.profile_cases,
            "noise_estimator": self.noise.to_json(),
            "positions": [position.to_json() for position in self.positions],
            "not_compared": [
                {"key": quantity.key, "title": quantity.title, "reason": reason}
                for quantity, reason in self.not_compared
            ],
        }


def compare_case_with_profile(row: DomainRow, profile: Profile) -> CaseComparison:
    """Where the case lies among the profile's.

    Args:
        row: of the case, measured with the profile's settings.
        profile: such as a training set's.
    """
    noise = choose_noise_estimator([row, *profile.rows])
    positions, missing = [], []
    for quantity in shift_quantities(profile.settings, noise.estimator):
        value = quantity.value(row)
        known = [one for one in (quantity.value(other) for other in profile.rows) if one is not None]
        if value is None:
            missing.append((quantity, "The case has no value."))
        elif not known:
            missing.append((quantity, "No case of the profile has a value."))
        else:
            positions.append(_position(quantity, value, known))
    return CaseComparison(row.case, profile.name, len(profile.rows), noise, tuple(positions), tuple(missing))


def out_of_range_warnings(row: DomainRow, profile: Profile) -> list[tuple[str, str]]:
    """What to tell the user before a model that was trained on the profile's cases sees this one.

    Args:
        row: of the case, measured with the profile's settings; without a mask, vessels are not looked at.
        profile: of the training set.

    Returns:
        (code, message), at most one a table. Codes: ``units_outside_profile``, ``intensity_outside_profile``,
        ``resolution_outside_profile``, ``noise_outside_profile``, ``vessels_outside_profile``.
    """
    warnings = list(_unit_warnings(row, profile))
    comparison = compare_case_with_profile(row, profile)
    for table, (code, words) in _WARNINGS.items():
        outside = [one for one in comparison.positions if one.is_outside and one.quantity.table == table]
        if outside:
            figures = "; ".join(_text(position) for position in outside)
            message = f"{words} outside what the model was trained on (profile {profile.name}): {figures}."
            warnings.append((code, message))
    return warnings


def _position(quantity: Quantity, value: float, known: Sequence[float]) -> CasePosition:
    values = np.asarray(known, dtype=np.float64)
    count = values.size
    mean, low, high = float(values.mean()), float(values.min()), float(values.max())
    std = float((values - values[0]).std(ddof=1)) if count > 1 else None
    reach = _FLOORS * quantity.floor_at(mean)
    if std is not None:
        quantile = float(stdtrit(count - 1, (1 + COVERED) / 2))
        reach = math.hypot(reach, quantile * std * math.sqrt(1 + 1 / count))
    below = float(np.mean(values < value) + np.mean(values <= value)) / 2
    return CasePosition(
        quantity=quantity,
        value=value,
        count=count,
        mean=mean,
        std=std,
        minimum=low,
        maximum=high,
        percentile=100 * below,
        z=(value - mean) / std if std else None,
        is_outside=not low <= value <= high and abs(value - mean) > reach,
    )


def _unit_warnings(row: DomainRow, profile: Profile) -> Iterator[tuple[str, str]]:
    units = {other.units for other in profile.rows}
    if row.units in units:
        return
    here, there = (
        ("Hounsfield units", "arbitrary units")
        if row.units == HOUNSFIELD_UNITS
        else ("arbitrary units", "Hounsfield units")
    )
    yield (
        "units_outside_profile",
        f"Its intensities are in {here}, and those that the model was trained on (profile {profile.name}) in {there}: "
        "another kind of scan.",
    )


def _text(position: CasePosition) -> str:
    quantity = position.quantity
    unit = f" {quantity.unit}" if quantity.unit else ""
    title = f"{quantity.title[0].lower()}{quantity.title[1:]}"
    if position.count == 1:
        there = f"the one training case {position.mean:.3g}{unit}"
    else:
        there = f"{position.count} training cases {position.minimum:.3g} to {position.maximum:.3g}{unit}"
    return f"{title} {position.value:.3g}{unit} ({there})"
