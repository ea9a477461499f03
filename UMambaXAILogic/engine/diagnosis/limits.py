"""What the numbers of a diagnosis cannot say, in sentences."""

from __future__ import annotations

from collections.abc import Iterator

from ..statistics.intervals import CASES_FOR_BOOTSTRAP, CASES_FOR_INTERVAL
from .averages import COHORTS, Measures
from .cohort_verdict import counted
from .options import DiagnosisOptions


def limits(measures: Measures, options: DiagnosisOptions) -> Iterator[str]:
    """Sentences for ``limits`` in report.json, those of these cohorts first."""
    phantoms = [cohort for cohort in COHORTS if measures[cohort].results.is_phantom]
    if phantoms:
        where = " and the ".join(phantoms)
        yield f"There are phantoms among the cases of the {where}: nothing here is about patients."
    for cohort in COHORTS:
        count = sum(value is not None for value in measures[cohort].values("xai_gt_iou"))
        there = f"The {cohort} has {counted(count, 'case')} with alignment"
        if 0 < count < CASES_FOR_INTERVAL:
            yield f"{there}: too few for an interval, values are listed."
        elif 0 < count < CASES_FOR_BOOTSTRAP:
            yield f"{there}: intervals are rough (few cases)."
    partial = [
        cohort
        for cohort in COHORTS
        if any("prediction_outside_annotation" in (case["warnings"] or ()) for case in measures[cohort].results.cases)
    ]
    if partial:
        yield (
            f"In the {' and the '.join(partial)} vessels are predicted beyond the annotated part of the image. Where "
            "the ground truth covers only some vessels, Dice and XAI-GT are too low, unless a region was evaluated."
        )
    if options.threshold is not None and not all(measures[cohort].own_threshold for cohort in COHORTS):
        yield "Excess alignment, slice means and table 11 exist only at the threshold that the cohorts were run with."
    yield (
        "Low XAI-GT partly restates low Dice. Excess alignment divides that out, but where nearly all of a prediction "
        "is true it cannot be much above 1, and where little is true it can: cohorts differ in the room they have."
    )
    yield (
        "A difference that is not shown is not shown to be absent: an interval that includes 0 may come from few cases."
    )
    yield "Cut-offs of the verdict (and of table 11) are settings of this software: the paper does not print its own."
    yield "Attention maps are one method's reading of the network; alignment with vessels does not prove their use."
    yield "P-values are not corrected for the number of comparisons."
    yield "For research use only: nothing here may guide the care of a patient."
