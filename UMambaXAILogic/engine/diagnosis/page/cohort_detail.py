"""What the charts of phase 2 show beyond report.json: every case's values, and every slice's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow.parquet as pq

from ...alignment import MEAN_LAYER
from ...alignment.categories import FALSE_POSITIVE
from ..alignment_groups import AlignmentKey, read_alignment
from ..cohort_results import CohortResults
from .joint_chart import bin_of


@dataclass(frozen=True)
class CaseValues:
    """Measures of one case; None where it has none.

    Args:
        case: its name as the report gives it.
        dice: prediction against ground truth.
        xai_gt_iou, xai_pm_iou: of the layer mean at the reported threshold.
        in_pm_excess: in-PM excess alignment.
    """

    case: str
    dice: float | None
    xai_gt_iou: float | None
    xai_pm_iou: float | None
    in_pm_excess: float | None

    @property
    def gap(self) -> float | None:
        """XAI-PM IoU minus XAI-GT IoU."""
        if self.xai_gt_iou is None or self.xai_pm_iou is None:
            return None
        return self.xai_pm_iou - self.xai_gt_iou


@dataclass(frozen=True)
class CohortDetail:
    """One cohort as the charts need it.

    Args:
        label: its name in the report.
        cases: those that the tables are made of.
        slices: how many slices lie in every pair of ``joint_chart`` steps (of Dice, of XAI-GT F1).
    """

    label: str
    cases: Sequence[CaseValues]
    slices: Mapping[tuple[int, int], int]


def read_detail(
    results: CohortResults, threshold: float, name_of: Callable[[str], str], exclude_false_positive: bool
) -> CohortDetail:
    """Read what the charts show; memory does not grow with the number of slices.

    Args:
        results: the cohort.
        threshold: that is reported. Excess alignment and slices were measured at the cohort's own one only.
        name_of: the report's name of a case.
        exclude_false_positive: leave out slices with prediction but no truth, as table 11 does on request.
    """
    scored = results.scored
    groups, method = read_alignment(results.alignment_file, [row["case"] for row in scored], threshold)

    def alignment(reference: str) -> Sequence[float | None]:
        group = groups.get(AlignmentKey(method or "", MEAN_LAYER, reference, threshold))
        return [None] * len(scored) if group is None else group.values("iou")

    own = threshold == results.threshold
    cases = [
        CaseValues(name_of(row["case"]), row["dice"], true, inside, row["in_pm_excess"] if own else None)
        for row, true, inside in zip(scored, alignment("gt"), alignment("pm"), strict=True)
    ]
    slices = _count_slices(results, exclude_false_positive) if own else {}
    return CohortDetail(results.name, cases, slices)


def _count_slices(results: CohortResults, exclude_false_positive: bool) -> Counter[tuple[int, int]]:
    counted = {row["case"] for row in results.scored}
    found: Counter[tuple[int, int]] = Counter()
    with pq.ParquetFile(results.slices_file) as file:
        for batch in file.iter_batches(columns=["case", "category", "dice", "xai_gt_f1"]):
            for row in batch.to_pylist():
                excluded = exclude_false_positive and row["category"] == FALSE_POSITIVE
                if row["case"] in counted and not excluded and None not in (row["dice"], row["xai_gt_f1"]):
                    found[bin_of(row["dice"]), bin_of(row["xai_gt_f1"])] += 1
    return found
