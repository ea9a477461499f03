"""Which noise estimator a comparison uses: one, valid in every case of both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .row import NOISE_ESTIMATORS, DomainRow


@dataclass(frozen=True)
class NoiseChoice:
    """Estimators are not compared with each other: each has a bias of its own.

    Args:
        estimator: the first of air, parenchyma and wavelet that is valid in every case; None where none is.
        reason: why the preferred ones, or all, were passed over; None where the first was taken.
    """

    estimator: str | None
    reason: str | None

    def to_json(self) -> dict[str, Any]:
        """The same, for a JSON file."""
        return dict(vars(self))


def choose_noise_estimator(rows: Sequence[DomainRow]) -> NoiseChoice:
    """Choose for all cases of a comparison."""
    passed_over: list[str] = []
    for name in NOISE_ESTIMATORS:
        invalid = [row for row in rows if not row.noise[name].valid]
        if not invalid:
            return NoiseChoice(name, "; ".join(passed_over) or None)
        first = invalid[0]
        passed_over.append(
            f"{name} is not valid in {len(invalid)} of {len(rows)} cases ({first.case}: {first.noise[name].reason})"
        )
    return NoiseChoice(None, "; ".join(passed_over))
