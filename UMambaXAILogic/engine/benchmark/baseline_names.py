"""The baselines there are, for doors that only name them: the standard library alone is imported here."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import UsageError

#: Titles by name. How each is made is in ``baselines``.
BASELINE_TITLES: Mapping[str, str] = {
    "random": "Random",
    "intensity": "Intensity",
    "frangi": "Vesselness (Frangi)",
    "prediction": "The prediction itself",
}


def check_baselines(names: tuple[str, ...]) -> None:
    """Raise ``UsageError`` for a name that is none of ``BASELINE_TITLES``, or that comes twice."""
    for name in names:
        if name not in BASELINE_TITLES:
            raise UsageError(f"The baseline {name!r} is not known.", f"Choose among {', '.join(BASELINE_TITLES)}.")
    if len(set(names)) < len(names):
        raise UsageError(f"A baseline is named twice: {', '.join(names)}.", "Name each once.")
