"""Rows of tables: one for every way of averaging, under its name.

``pooled``: counts summed over the voxels of all cases, then the ratio. It has no interval: its voxels are no
independent observations, and large vessels outweigh small ones. ``case_mean``: the mean of the cases' own ratios, with
an interval over cases. ``slice_mean``: the mean of the slices' own ratios, without an interval, for slices of one case
resemble each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..statistics import Interval
from .alignment_groups import RATIOS, AlignmentGroup
from .cohort_measures import CohortMeasures
from .table import Cell

POOLED, CASE_MEAN, SLICE_MEAN = "pooled", "case_mean", "slice_mean"
COHORTS = ("source", "target")

Measures = Mapping[str, CohortMeasures]


def interval_cell(interval: Interval) -> Cell:
    """An interval as a cell; None where no case has the value."""
    return None if interval.estimate is None else interval.to_json()


def ratio_rows(
    group: AlignmentGroup, head: Mapping[str, Cell], seed: int, slice_means: Mapping[str, float | None] | None = None
) -> Iterator[dict[str, Cell]]:
    """Pooled and case-mean rows of one group of alignment rows, and a slice-mean row where these are known.

    Args:
        group: of alignment rows.
        head: cells that all of them share.
        seed: of bootstraps.
        slice_means: of ``RATIOS``.
    """
    pooled = group.pooled
    head = {**head, "cases": group.count}
    yield {**head, "averaging": POOLED, **{ratio: getattr(pooled, ratio) for ratio in RATIOS}}
    yield {
        **head,
        "averaging": CASE_MEAN,
        **{ratio: interval_cell(group.case_mean(ratio, seed)) for ratio in RATIOS},
    }
    if slice_means is not None:
        yield {**head, "averaging": SLICE_MEAN, **{ratio: slice_means[ratio] for ratio in RATIOS}}


def missing_notes(measures: Measures, needs_truth: bool) -> list[str]:
    """Why a cohort is not in a table about attention, a sentence each."""
    notes = []
    for cohort in COHORTS:
        one = measures[cohort]
        if needs_truth and not one.has_ground_truth:
            notes.append(f"The {cohort} has no ground truth: n/a.")
        elif one.method is None:
            notes.append(f"The {cohort} has no attention map: n/a.")
    return notes


def left_out_notes(measures: Measures) -> list[str]:
    """Which finished cases of a cohort are not in its tables, a sentence each."""
    notes = []
    for cohort in COHORTS:
        one = measures[cohort]
        total = len(one.results.cases)
        without = total - len(one.cases)
        if without:
            notes.append(f"{without} of {total} cases of the {cohort} have no ground truth and are left out.")
        silent = sum(case["attention_voxels"] is None for case in one.cases)
        if silent and one.method is not None:
            notes.append(
                f"{silent} of {len(one.cases)} cases of the {cohort} have no attention map, mostly because nothing was "
                "predicted, and are left out."
            )
    return notes


def shown(
    paper: Sequence[Mapping[str, Any]], columns: Sequence[str], wanted: bool
) -> tuple[dict[str, Any], ...] | None:
    """Published rows cut down to a table's columns; None where they are not wanted or there are none."""
    if not wanted or not paper:
        return None
    return tuple({key: cell for key, cell in row.items() if key in columns} for row in paper)
