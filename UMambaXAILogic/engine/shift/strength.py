"""How strong each factor is: given by the user, estimated from two profiles, or none, and said why."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .blur import Blur
from .factor import Factor
from .field_of_view import FieldOfView
from .intensity_scale import IntensityScale
from .noise import Noise
from .slice_spacing import SliceSpacing

if TYPE_CHECKING:
    from .estimate import Estimate

#: The fixed order in which factors are applied.
ORDER = ("field_of_view", "intensity_scale", "blur", "slice_spacing", "noise")
#: Factors that domain statistics say nothing about: their strength is given, or they have none.
NOT_IN_PROFILES = ("blur",)
#: Factors that do nothing.
OFF: Mapping[str, Factor] = {
    "field_of_view": FieldOfView((None, None, None)),
    "intensity_scale": IntensityScale(1.0, 0.0),
    "blur": Blur(0.0),
    "slice_spacing": SliceSpacing(None),
    "noise": Noise(0.0),
}
GIVEN, ESTIMATED, NO_STRENGTH = "given", "estimated", "none"


@dataclass(frozen=True)
class ChosenFactor:
    """A factor with the reason for its strength.

    Args:
        factor: what is done.
        origin: ``given``, ``estimated`` or ``none``.
        reason: one sentence with the numbers it rests on.
    """

    factor: Factor
    origin: str
    reason: str

    def to_json(self) -> dict[str, Any]:
        """Key, strength, origin and reason, for a JSON file."""
        values = asdict(self.factor).items()
        strength = {name: list(value) if isinstance(value, tuple) else value for name, value in values}
        return {"key": self.factor.key, "strength": strength, "origin": self.origin, "reason": self.reason}


def choose_factors(
    wanted: Sequence[str], given: Mapping[str, Factor], estimates: Mapping[str, Estimate]
) -> tuple[ChosenFactor, ...]:
    """All five factors in their order; those that are not wanted, or of which nothing is known, have no strength.

    Args:
        wanted: keys.
        given: by the user, by key.
        estimates: from profiles, by key; empty where none were needed.
    """
    chosen = []
    for key in ORDER:
        if key not in wanted:
            chosen.append(ChosenFactor(OFF[key], NO_STRENGTH, "Not among the factors asked for."))
        elif key in given:
            chosen.append(ChosenFactor(given[key], GIVEN, f"Given: {describe_strength(given[key])}."))
        elif key in estimates:
            estimate = estimates[key]
            factor = estimate.factor or OFF[key]
            chosen.append(ChosenFactor(factor, ESTIMATED if estimate.factor else NO_STRENGTH, estimate.reason))
        else:
            chosen.append(
                ChosenFactor(
                    OFF[key],
                    NO_STRENGTH,
                    f"Domain statistics do not measure it; give a strength with --strength {key}=... to include it.",
                )
            )
    return tuple(chosen)


def describe_strength(factor: Factor) -> str:
    """What a factor does, in a few words with units."""
    if isinstance(factor, FieldOfView):
        extents = " x ".join("as it is" if extent is None else f"{extent:.4g}" for extent in factor.extent_mm)
        return f"field of view {extents} mm (R-L x A-P x S-I)"
    if isinstance(factor, IntensityScale):
        return f"values times {factor.scale:.4g} {'-' if factor.shift < 0 else '+'} {abs(factor.shift):.4g}"
    if isinstance(factor, Blur):
        what = "added" if factor.fwhm_mm >= 0 else "taken off"
        return f"in-plane blur of {abs(factor.fwhm_mm):.4g} mm FWHM {what} in quadrature"
    if isinstance(factor, SliceSpacing):
        return "slices as they are" if factor.spacing_mm is None else f"slices every {factor.spacing_mm:.4g} mm"
    assert isinstance(factor, Noise)
    return f"noise of std {abs(factor.std):.4g} {'added' if factor.std >= 0 else 'taken off'} in quadrature"


def factor_key(text: str) -> str:
    """``slice-spacing`` -> ``slice_spacing``.

    Raises:
        UsageError: there is no such factor.
    """
    key = text.strip().lower().replace("-", "_")
    if key not in ORDER:
        raise UsageError(f"The factor {text!r} is not known.", f"Choose among: {', '.join(ORDER)}.")
    return key


def parse_strength(text: str) -> Factor:
    """Read ``noise=8``, ``intensity_scale=0.9,12`` and the like; ``none`` is no strength.

    Raises:
        UsageError: not FACTOR=NUMBERS, an unknown factor, or numbers that it cannot have.
    """
    name, equals, numbers = text.partition("=")
    if not equals:
        raise UsageError(f"{text!r} is no strength.", "Write FACTOR=NUMBER, such as noise=8.")
    key = factor_key(name)
    if numbers.strip().lower() == "none":
        return OFF[key]
    try:
        values = tuple(float(part) for part in numbers.split(","))
        if any(math.isnan(value) for value in values):
            raise ValueError
    except ValueError:
        raise UsageError(f"The strength {text!r} holds something that is no number.", _FORMS[key]) from None
    factor = _MAKERS[key](values)
    if factor is None:
        raise UsageError(f"The strength {text!r} is not one that this factor can have.", _FORMS[key])
    return factor


def _field_of_view(values: tuple[float, ...]) -> Factor | None:
    extents = values * 3 if len(values) == 1 else values
    if len(extents) != 3 or min(extents) <= 0:
        return None
    right_left, anterior_posterior, superior_inferior = (None if math.isinf(mm) else mm for mm in extents)
    return FieldOfView((right_left, anterior_posterior, superior_inferior))


def _intensity_scale(values: tuple[float, ...]) -> Factor | None:
    if len(values) not in (1, 2) or not all(map(math.isfinite, values)) or values[0] <= 0:
        return None
    return IntensityScale(values[0], values[1] if len(values) == 2 else 0.0)


def _blur(values: tuple[float, ...]) -> Factor | None:
    return Blur(values[0]) if len(values) == 1 and math.isfinite(values[0]) else None


def _slice_spacing(values: tuple[float, ...]) -> Factor | None:
    return SliceSpacing(values[0]) if len(values) == 1 and 0 < values[0] < math.inf else None


def _noise(values: tuple[float, ...]) -> Factor | None:
    return Noise(values[0]) if len(values) == 1 and math.isfinite(values[0]) else None


_MAKERS: Mapping[str, Callable[[tuple[float, ...]], Factor | None]] = {
    "field_of_view": _field_of_view,
    "intensity_scale": _intensity_scale,
    "blur": _blur,
    "slice_spacing": _slice_spacing,
    "noise": _noise,
}
_FORMS: Mapping[str, str] = {
    "field_of_view": "Write field_of_view=MM or =RL,AP,SI: extents above 0 in mm; inf leaves a direction as it is.",
    "intensity_scale": "Write intensity_scale=SCALE,SHIFT: values become SCALE x value + SHIFT, with SCALE above 0.",
    "blur": "Write blur=MM: full width at half maximum that is added in quadrature; negative sharpens.",
    "slice_spacing": "Write slice_spacing=MM: above 0.",
    "noise": "Write noise=STD: added in quadrature, in the volume's units; negative takes noise off.",
}
