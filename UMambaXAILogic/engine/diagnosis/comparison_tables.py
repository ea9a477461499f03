"""Tables of what is compared between the cohorts: differences of means over cases, and excess alignment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..alignment.overlap import ratio
from ..errors import UsageError
from ..statistics import GroupComparison, compare_groups
from .averages import COHORTS, Measures, interval_cell
from .cohort_measures import CASE_QUANTITIES
from .excess import exponential
from .options import DiagnosisOptions
from .table import Cell, Column, Table, count_column, text_column


def compare_cohorts(measures: Measures, options: DiagnosisOptions) -> dict[str, GroupComparison]:
    """Target minus source of every quantity that has one number a case.

    Raises:
        UsageError: pairs are asked for, and the cohorts hold other cases.
    """
    source, target = (measures[cohort] for cohort in COHORTS)
    if not options.paired:
        return {
            quantity: compare_groups(source.values(quantity), target.values(quantity), seed=options.seed)
            for quantity in CASE_QUANTITIES
        }
    _refuse_unequal(measures)
    names = [case["case"] for case in source.cases]
    names = [name for name in names if name in {case["case"] for case in target.cases}]

    def in_order(cohort: str, quantity: str) -> list[float | None]:
        one = measures[cohort]
        by_name = dict(zip((case["case"] for case in one.cases), one.values(quantity), strict=True))
        return [by_name[name] for name in names]

    return {
        quantity: compare_groups(
            in_order("source", quantity), in_order("target", quantity), paired=True, seed=options.seed
        )
        for quantity in CASE_QUANTITIES
    }


def difference_table(comparisons: Mapping[str, GroupComparison], options: DiagnosisOptions) -> Table:
    """Means over cases, their difference with its interval, and the test."""
    columns = (
        text_column("measure", "Measure"),
        Column("source", "Source", kind="interval", digits=3),
        Column("target", "Target", kind="interval", digits=3),
        Column("difference", "Target - source", kind="interval", digits=3),
        text_column("test", "Test"),
        Column("p_value", "p", digits=4),
    )
    rows: list[dict[str, Cell]] = [
        {
            "measure": CASE_QUANTITIES[quantity],
            "source": interval_cell(found.source),
            "target": interval_cell(found.target),
            "difference": interval_cell(found.difference),
            "test": found.test if found.p_value is not None else None,
            "p_value": found.p_value,
        }
        for quantity, found in comparisons.items()
    ]
    kind = "the same cases in both cohorts, case by case" if options.paired else "cohorts of different cases"
    reasons = dict.fromkeys(
        found.p_value_missing_because for found in comparisons.values() if found.p_value_missing_because
    )
    notes = [f"Means over cases (case_mean); {kind}. P-values are not corrected for their number.", *reasons]
    return Table("differences", None, "Between the cohorts", columns, tuple(rows), tuple(notes))


def excess_table(measures: Measures) -> Table:
    """Does attention meet the truth more, or less, often than the segmentation alone explains?"""
    columns = (
        text_column("cohort", "Cohort"),
        text_column("measure", "Measure"),
        count_column("cases", "Cases"),
        Column("factor", "Geometric mean", kind="interval", digits=3),
        Column("mean_log", "Mean log", kind="interval", digits=3),
        count_column("tested", "Cases tested"),
        count_column("significant", "Significantly under 1"),
        Column("significant_percent", "Share of those tested", unit="%", digits=0),
    )
    rows: list[dict[str, Cell]] = []
    notes = [
        "1: attention meets the truth as often as the segmentation alone explains; under 1: less often. Excess "
        "compares all attention with what prediction and the 3 mm around it hold of the truth, in-PM excess the "
        "attention inside the prediction with the prediction's true share. The test permutes vessel segments case by "
        "case."
    ]
    for cohort in COHORTS:
        found = measures[cohort].excess
        if found is None:
            reason = "no ground truth" if not measures[cohort].has_ground_truth else "measured at another threshold"
            notes.append(f"The {cohort} is n/a: {reason}.")
            continue
        for name, mean_log, halved, tested in (
            ("excess alignment", found.log_excess, found.halved[0], None),
            ("in-PM excess alignment", found.log_in_pm_excess, found.halved[1], found.tested),
        ):
            rows.append(
                {
                    "cohort": cohort,
                    "measure": name,
                    "cases": mean_log.count,
                    "factor": interval_cell(exponential(mean_log)),
                    "mean_log": interval_cell(mean_log),
                    "tested": tested,
                    "significant": None if tested is None else found.under_one,
                    "significant_percent": None if tested is None else ratio(100 * found.under_one, tested),
                }
            )
            if halved:
                notes.append(
                    f"In {halved} cases of the {cohort} no voxel of the attention is true ({name}); they count with "
                    "half a voxel."
                )
    threshold = measures["source"].results.threshold
    return Table("excess", None, f"Excess alignment at attention >= {threshold:g}", columns, tuple(rows), tuple(notes))


def _refuse_unequal(measures: Measures) -> None:
    def names(cohort: str) -> set[str]:
        results = measures[cohort].results
        return {row["case"] for row in (*results.cases, *results.failed)}

    for one, other in (COHORTS, COHORTS[::-1]):
        only = sorted(names(one) - names(other))
        if only:
            raise UsageError(
                f"Pairs need the same cases in both cohorts; {len(only)} are in the {one} alone: {_few(only)}.",
                "Compare them without pairs, or give both manifests the same case names.",
            )


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
