"""One quantity of two cohorts: both sides, their difference, and how much that is for such a quantity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..statistics import Interval, compare_groups
from .quantities import Quantity
from .row import DomainRow

#: How a cohort's figure was made from its cases.
Averaged = Literal["case_mean", "pooled"]


@dataclass(frozen=True)
class ComparedQuantity:
    """A line of tables 1 to 4.

    Args:
        quantity: which.
        averaged: ``case_mean`` is the mean of one figure a case; ``pooled`` is a figure of all voxels of all cases.
        source, target: each cohort's figure, with its interval over cases if it is a case mean.
        difference: target - source.
        relative_difference: (target - source) / source; None where zero is a convention, or the source's figure is 0.
        ratio: target / source; None likewise.
        spread: pooled standard deviation of the cases within the cohorts; None for a pooled figure.
        floor: smallest spread that is taken for this quantity; None for a pooled figure.
        standardised_difference: difference / sqrt(spread^2 + floor^2); None for a pooled figure.
        test: name of the test behind ``p_value``.
        p_value: not corrected for the number of quantities; None where there is none.
        p_value_missing_because: why.
        not_compared_because: why there is no difference; None where there is one.
    """

    quantity: Quantity
    averaged: Averaged
    source: Interval
    target: Interval
    difference: Interval
    relative_difference: float | None = None
    ratio: float | None = None
    spread: float | None = None
    floor: float | None = None
    standardised_difference: float | None = None
    test: str | None = None
    p_value: float | None = None
    p_value_missing_because: str | None = None
    not_compared_because: str | None = None

    def to_json(self) -> dict[str, Any]:
        """A row of a table."""
        return {
            "key": self.quantity.key,
            "title": self.quantity.title,
            "unit": self.quantity.unit,
            "averaged": self.averaged,
            "source": self.source.to_json(),
            "target": self.target.to_json(),
            "difference": self.difference.to_json(),
            "relative_difference": self.relative_difference,
            "ratio": self.ratio,
            "spread": self.spread,
            "floor": self.floor,
            "standardised_difference": self.standardised_difference,
            "test": self.test,
            "p_value": self.p_value,
            "p_value_missing_because": self.p_value_missing_because,
            "not_compared_because": self.not_compared_because,
        }


def compare_case_means(
    quantity: Quantity,
    source: Sequence[DomainRow],
    target: Sequence[DomainRow],
    seed: int,
    not_compared_because: str | None = None,
) -> ComparedQuantity:
    """Compare the means over cases.

    Args:
        quantity: which.
        source, target: the cohorts' rows.
        seed: of bootstrap and test.
        not_compared_because: show both sides only.
    """
    values = [[quantity.value(row) for row in rows] for rows in (source, target)]
    groups = compare_groups(values[0], values[1], seed=seed)
    known = [[value for value in side if value is not None] for side in values]
    reason = not_compared_because
    if reason is None and not all(known):
        sides = [side for side, there in zip(("source", "target"), known, strict=True) if not there]
        reason = f"No case of the {' or the '.join(sides)} has it."
    if reason is not None:
        return ComparedQuantity(
            quantity,
            "case_mean",
            groups.source,
            groups.target,
            _nothing(),
            p_value_missing_because=reason,
            not_compared_because=reason,
        )
    first, second, difference = groups.source.estimate, groups.target.estimate, groups.difference.estimate
    assert first is not None and second is not None and difference is not None
    spread = _pooled_std(*known)
    floor = quantity.floor_at((abs(first) + abs(second)) / 2)
    scale = math.hypot(spread, floor)
    return ComparedQuantity(
        quantity,
        "case_mean",
        groups.source,
        groups.target,
        groups.difference,
        relative_difference=_relative(quantity, difference, first),
        ratio=_relative(quantity, second, first),
        spread=spread,
        floor=floor,
        standardised_difference=difference / scale if scale > 0 else 0.0,  # both cohorts are 0 in every case
        test=groups.test,
        p_value=groups.p_value,
        p_value_missing_because=groups.p_value_missing_because,
    )


def compare_pooled(
    quantity: Quantity, source: float | None, target: float | None, counts: tuple[int, int]
) -> ComparedQuantity:
    """Compare figures of all voxels of a cohort; they have no interval, for voxels of a case resemble each other.

    Args:
        quantity: which.
        source, target: None where the cohort has none.
        counts: of the cases that the figures are made of, source and target.
    """
    reason = None
    if source is None or target is None:
        sides = [side for side, value in (("source", source), ("target", target)) if value is None]
        reason = f"No case of the {' or the '.join(sides)} has it."
    difference = None if source is None or target is None else target - source
    return ComparedQuantity(
        quantity,
        "pooled",
        _without_interval(source, counts[0]),
        _without_interval(target, counts[1]),
        _without_interval(difference, min(counts)),
        relative_difference=_relative(quantity, difference, source),
        ratio=_relative(quantity, target, source),
        p_value_missing_because=reason or "Pooled figures are not tested: voxels of a case resemble each other.",
        not_compared_because=reason,
    )


def _relative(quantity: Quantity, value: float | None, source: float | None) -> float | None:
    if not quantity.has_true_zero or value is None or not source:
        return None
    relative = value / source
    return relative if math.isfinite(relative) else None


def _pooled_std(first: Sequence[float], second: Sequence[float]) -> float:
    """Standard deviation within the cohorts; 0 where neither has two cases."""
    freedom = len(first) + len(second) - 2
    if freedom == 0:
        return 0.0
    squares = [
        np.square(np.subtract(side, side[0]) - np.mean(np.subtract(side, side[0]))).sum() for side in (first, second)
    ]
    return math.sqrt(float(sum(squares)) / freedom)


def _without_interval(estimate: float | None, count: int) -> Interval:
    return Interval(estimate, None, None, "none", False, count)


def _nothing() -> Interval:
    return Interval(None, None, None, "none", True, 0)
