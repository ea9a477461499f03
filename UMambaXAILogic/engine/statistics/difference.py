"""Two groups of cases compared: means, their difference with its interval, and a named test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .bootstrap import FloatArray, acceleration, bca_limits, mean_of, resampled_means
from .intervals import (
    CASES_FOR_BOOTSTRAP,
    CONFIDENCE,
    Interval,
    interval_method,
    known_values,
    mean_interval,
    t_interval,
)
from .permutation import sign_flip_test, welch_permutation_test

#: Fewer cases than this on a side: no p-value.
CASES_FOR_TEST = 4

UNPAIRED_TEST = "permutation test of Welch's t, two-sided, unpaired"
PAIRED_TEST = "sign-flip permutation test of the mean difference, two-sided, paired"


@dataclass(frozen=True)
class GroupComparison:
    """Target minus source of one quantity.

    Args:
        source: mean over the source's cases, with its interval.
        target: the same of the target.
        difference: of the means, target - source. The smaller group decides which interval; between groups that are
            not paired it is Welch's t or the BCa bootstrap of both groups.
        paired: the groups are the same cases, in the same order.
        test: name of the test.
        p_value: two-sided; None where there are fewer than 4 cases on a side.
        p_value_missing_because: why ``p_value`` is None.
        arrangements: how many arrangements of the cases the test looked at; None without a test.
        exact: these are all there are; None without a test.
    """

    source: Interval
    target: Interval
    difference: Interval
    paired: bool
    test: str
    p_value: float | None
    p_value_missing_because: str | None
    arrangements: int | None
    exact: bool | None

    def to_json(self) -> dict[str, Any]:
        """The same, for a JSON file."""
        return {
            "source": self.source.to_json(),
            "target": self.target.to_json(),
            "difference": self.difference.to_json(),
            "paired": self.paired,
            "test": self.test,
            "p_value": self.p_value,
            "p_value_missing_because": self.p_value_missing_because,
            "arrangements": self.arrangements,
            "exact": self.exact,
        }


def compare_groups(
    source: Sequence[float | None], target: Sequence[float | None], paired: bool = False, seed: int = 0
) -> GroupComparison:
    """Compare one quantity between two groups of cases.

    Args:
        source: one value a case; None where a case has none.
        target: the same; if ``paired``, the same cases in the same order, and a pair counts where both values are
            known.
        paired: the groups are the same cases (before and after, or under two methods).
        seed: of bootstrap and random arrangements.

    Raises:
        ValueError: paired groups of different length, or a value that is NaN or infinite.
    """
    if paired:
        if len(source) != len(target):
            raise ValueError(f"paired groups have {len(source)} and {len(target)} cases")
        pairs = [pair for pair in zip(source, target, strict=True) if None not in pair]
        source, target = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    known_source, known_target = known_values(source), known_values(target)
    if paired:
        difference = mean_interval((known_target - known_source).tolist(), seed)
    else:
        difference = _difference_interval(known_source, known_target, seed)
    sides = {"source": known_source.size, "target": known_target.size}
    too_few = [f"{count} in the {side}" for side, count in sides.items() if count < CASES_FOR_TEST]
    if too_few:
        reason = f"A p-value needs at least {CASES_FOR_TEST} cases on each side; there are {' and '.join(too_few)}."
        result = None
    else:
        reason = None
        result = (
            sign_flip_test(known_target - known_source, seed)
            if paired
            else welch_permutation_test(known_source, known_target, seed)
        )
    return GroupComparison(
        source=mean_interval(source, seed),
        target=mean_interval(target, seed),
        difference=difference,
        paired=paired,
        test=PAIRED_TEST if paired else UNPAIRED_TEST,
        p_value=result.p_value if result else None,
        p_value_missing_because=reason,
        arrangements=result.arrangements if result else None,
        exact=result.exact if result else None,
    )


def _difference_interval(source: FloatArray, target: FloatArray, seed: int) -> Interval:
    count = min(source.size, target.size)
    few_cases = count < CASES_FOR_BOOTSTRAP
    if count == 0:
        return Interval(None, None, None, "none", few_cases, count)
    estimate = mean_of(target) - mean_of(source)
    method = interval_method(count)
    if method == "none":
        return Interval(estimate, None, None, method, few_cases, count)
    if method == "t":
        return t_interval(estimate, *_welch(source, target), count)
    rng = np.random.default_rng(seed)
    resampled = resampled_means(target, rng) - resampled_means(source, rng)
    limits = bca_limits(estimate, resampled, acceleration(target, -source), CONFIDENCE)
    return Interval(estimate, *limits, method, few_cases, count)


def _welch(source: FloatArray, target: FloatArray) -> tuple[float, float]:
    """Standard error of the difference of means, and degrees of freedom after Welch and Satterthwaite."""
    squares = [float((group - group[0]).var(ddof=1)) / group.size for group in (source, target)]
    total = sum(squares)
    if total == 0:
        return 0.0, float(source.size + target.size - 2)
    sizes = (source.size, target.size)
    freedom = total**2 / sum(square**2 / (size - 1) for square, size in zip(squares, sizes, strict=True))
    return math.sqrt(total), freedom
