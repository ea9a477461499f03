"""95 % intervals over cases, by the rule for few cases.

Intervals are over cases, never over slices or voxels: those of one case resemble each other, and counting them as
independent would make every interval far too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import stats

from .bootstrap import FloatArray, acceleration, bca_limits, mean_of, resampled_means

CONFIDENCE = 0.95
#: Fewer cases than this: no interval, the values are listed.
CASES_FOR_INTERVAL = 6
#: Fewer cases than this: a t interval, flagged "few cases". From here on: BCa bootstrap.
CASES_FOR_BOOTSTRAP = 12

Method = Literal["none", "t", "bca"]


@dataclass(frozen=True)
class Interval:
    """An estimate and its 95 % interval over cases.

    Args:
        estimate: None without a case.
        low: lower limit; None where ``method`` is "none".
        high: upper limit; None where ``method`` is "none".
        method: "none" (fewer than 6 cases), "t" (6 to 11; Welch's for a difference), "bca" (12 or more).
        few_cases: fewer than 12 cases.
        count: number of cases that have the value; of a difference between two groups, of the smaller group.
        values: the cases' values where there are fewer than 6; otherwise empty.
    """

    estimate: float | None
    low: float | None
    high: float | None
    method: Method
    few_cases: bool
    count: int
    values: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The same, for a JSON file."""
        return {
            "estimate": self.estimate,
            "low": self.low,
            "high": self.high,
            "confidence": CONFIDENCE,
            "method": self.method,
            "few_cases": self.few_cases,
            "count": self.count,
            "values": list(self.values),
        }


def mean_interval(values: Sequence[float | None], seed: int = 0) -> Interval:
    """Mean over cases with its 95 % interval.

    Args:
        values: one a case; None where a case has none, which is left out.
        seed: of the bootstrap.

    Raises:
        ValueError: a value is NaN or infinite.
    """
    known = known_values(values)
    count = known.size
    few_cases = count < CASES_FOR_BOOTSTRAP
    estimate = mean_of(known) if count else None
    method = interval_method(count)
    if estimate is None or method == "none":
        return Interval(estimate, None, None, "none", few_cases, count, tuple(known.tolist()))
    if method == "t":
        error = float((known - known[0]).std(ddof=1)) / math.sqrt(count)
        return t_interval(estimate, error, count - 1, count)
    limits = bca_limits(estimate, resampled_means(known, np.random.default_rng(seed)), acceleration(known), CONFIDENCE)
    return Interval(estimate, *limits, method, few_cases, count)


def interval_method(count: int) -> Method:
    """Which interval the rule for few cases gives ``count`` cases."""
    if count < CASES_FOR_INTERVAL:
        return "none"
    return "t" if count < CASES_FOR_BOOTSTRAP else "bca"


def t_interval(estimate: float, standard_error: float, degrees_of_freedom: float, count: int) -> Interval:
    """The estimate with Student's t limits."""
    half = float(stats.t.ppf((1 + CONFIDENCE) / 2, degrees_of_freedom)) * standard_error
    return Interval(estimate, estimate - half, estimate + half, "t", count < CASES_FOR_BOOTSTRAP, count)


def known_values(values: Sequence[float | None]) -> FloatArray:
    """The values without None, float64.

    Raises:
        ValueError: a value is NaN or infinite.
    """
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    if not np.isfinite(known).all():
        raise ValueError("a value is NaN or infinite; a case without a value has None")
    return known
