"""Excess alignment of cohorts: the mean of its logarithm over cases, and how many cases are significant.

Excess alignment (``alignment.excess``) is a ratio, so it is averaged on the logarithmic scale: exp(mean log) is the
geometric mean. A case where no voxel of attention is true has an excess of 0, and leaving it out would hide the worst
cases: it counts with half a voxel, the least that can be told from none.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..alignment.overlap import ratio
from ..alignment.verdict import SIGNIFICANCE
from ..statistics import Interval, mean_interval

HALF_A_VOXEL = 0.5

Case = Mapping[str, Any]


@dataclass(frozen=True)
class ExcessSummary:
    """Excess alignment of a cohort at its reporting threshold.

    Args:
        log_excess: mean over cases of log(P(truth | attention) / expected from the segmentation), natural logarithm.
        log_in_pm_excess: the same inside the prediction.
        halved: cases with no true attention, which count with half a voxel; in all attention, and in the prediction.
        tested: cases with enough vessel segments for the permutation test of the in-PM excess.
        under_one: of these, cases whose in-PM excess is significantly under 1.
    """

    log_excess: Interval
    log_in_pm_excess: Interval
    halved: tuple[int, int]
    tested: int
    under_one: int

    def to_json(self) -> dict[str, Any]:
        """For report.json."""
        return {
            "log_excess": self.log_excess.to_json(),
            "log_in_pm_excess": self.log_in_pm_excess.to_json(),
            "excess_geometric_mean": exponential(self.log_excess).to_json(),
            "in_pm_excess_geometric_mean": exponential(self.log_in_pm_excess).to_json(),
            "cases_counted_with_half_a_voxel": {"excess": self.halved[0], "in_pm_excess": self.halved[1]},
            "tested": self.tested,
            "significantly_under_one": self.under_one,
            "significant_share": ratio(self.under_one, self.tested),
            "significance": SIGNIFICANCE,
        }


def summarise_excess(cases: Sequence[Case], seed: int) -> ExcessSummary:
    """Excess alignment of the cases that have it (ground truth, prediction and attention)."""
    tested = [case for case in cases if case["p_value"] is not None]
    return ExcessSummary(
        log_excess=mean_interval([log_excess(case) for case in cases], seed),
        log_in_pm_excess=mean_interval([log_in_pm_excess(case) for case in cases], seed),
        halved=(sum(case["excess"] == 0 for case in cases), sum(case["in_pm_excess"] == 0 for case in cases)),
        tested=len(tested),
        under_one=sum(is_significantly_under_one(case) for case in tested),
    )


def log_excess(case: Case) -> float | None:
    """Natural logarithm of a case's excess alignment; None where that cannot be computed."""
    return _log(case["excess"], case["attention_voxels"], case["excess_expected"])


def log_in_pm_excess(case: Case) -> float | None:
    """Natural logarithm of a case's in-PM excess alignment; None where that cannot be computed."""
    return _log(case["in_pm_excess"], case["xai_pm_overlap_voxels"], case["excess_p"])


def is_significantly_under_one(case: Case) -> bool:
    """The permutation test says that attention avoids the true part of the prediction."""
    p_value, excess = case["p_value"], case["in_pm_excess"]
    return p_value is not None and excess is not None and p_value <= SIGNIFICANCE and excess < 1


def exponential(interval: Interval) -> Interval:
    """The geometric mean, of the interval of a mean logarithm."""

    def back(value: float | None) -> float | None:
        return None if value is None else math.exp(value)

    return dataclasses.replace(
        interval,
        estimate=back(interval.estimate),
        low=back(interval.low),
        high=back(interval.high),
        values=tuple(math.exp(value) for value in interval.values),
    )


def _log(excess: float | None, attended: int | None, expected: float | None) -> float | None:
    if excess is None:
        return None
    if excess > 0:
        return math.log(excess)
    if not attended or not expected:
        return None
    return math.log(HALF_A_VOXEL / attended / expected)
