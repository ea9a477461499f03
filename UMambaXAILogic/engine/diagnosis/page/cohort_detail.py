"""What the charts of phase 2 show beyond report.json: every case's values, and every slice's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow.parquet as pq

from ...alignment.categories import FALSE_POSITIVE
from ..cohort_results import CohortResults
from .joint_chart import bin_of


@dataclass(frozen=True)
class CaseValues:
    """Measures of one case; None where it has none.

    Args:
        case: its name as the report gives it.
        dice: prediction against ground truth.
        xai_gt_iou, xai_pm_iou: of the layer mean at the reporting threshold.
        in_pm_excess: in-PM excess alignment.
    """

    case: str
    dice: float | None
    xai_gt_iou: float | None
    xai_pm_iou: float | None
    in_pm_excess: float | None


@dataclass(frozen=True)
class CohortDetail:
    """One cohort as the charts need it.

    Args:
        label: its name in the report.
        cases: those that were finished.
        slices: how many slices lie in every pair of ``joint_chart`` steps (of Dice, of XAI-GT F1).
    """

    label: str
    cases: Sequence[CaseValues]
    slices: Mapping[tuple[int, int], int]


def read_detail(
    results: CohortResults, label: str, name_of: Callable[[str], str], exclude_false_positive: bool
) -> CohortDetail:
    """Read what the charts show; memory does not grow with the number of slices.

    Args:
        results: the cohort.
        label: its name in the report.
        name_of: the report's name of a case.
        exclude_false_positive: leave out slices with prediction but no truth, as table 11 does on request.
    """
    cases = [
        CaseValues(name_of(row["case"]), *(row[key] for key in ("dice", "xai_gt_iou", "xai_pm_iou", "in_pm_excess")))
        for row in results.cases
    ]
    return CohortDetail(label, cases, _count_slices(results, exclude_false_positive))


def _count_slices(results: CohortResults, exclude_false_positive: bool) -> Counter[tuple[int, int]]:
    done = {row["case"] for row in results.cases}
    found: Counter[tuple[int, int]] = Counter()
    with pq.ParquetFile(results.slices_file) as file:
        for batch in file.iter_batches(columns=["case", "category", "dice", "xai_gt_f1"]):
            for case, category, dice, f1 in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                excluded = exclude_false_positive and category == FALSE_POSITIVE
                if case in done and not excluded and dice is not None and f1 is not None:
                    found[bin_of(dice), bin_of(f1)] += 1
    return found
