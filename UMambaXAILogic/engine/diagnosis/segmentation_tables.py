"""Tables about the segmentation and its slices: 7 (Dice, IoU), 8 (categories), 11 (joint categories)."""

from __future__ import annotations

from collections.abc import Iterator

from ..alignment.categories import DICE_ABOVE
from ..alignment.overlap import ratio
from .averages import CASE_MEAN, COHORTS, POOLED, SLICE_MEAN, Measures, interval_cell, left_out_notes, shown
from .cohort_measures import CohortMeasures
from .options import DiagnosisOptions
from .paper import paper_rows
from .table import Cell, Column, Table, count_column, ratio_columns, text_column


def segmentation_table(measures: Measures, options: DiagnosisOptions) -> Table:
    """Table 7."""
    columns = (
        text_column("cohort", "Cohort"),
        text_column("averaging", "Averaging"),
        count_column("cases", "Cases"),
        *ratio_columns((("dice", "Dice"), ("iou", "IoU"))),
    )
    rows = [row for cohort in COHORTS for row in _segmentation_rows(cohort, measures[cohort])]
    paper = shown(paper_rows("7"), [column.key for column in columns], options.paper)
    notes = tuple(_truth_notes(measures))
    return Table("7", 7, "Segmentation against the ground truth", columns, tuple(rows), notes, paper)


def category_table(measures: Measures, options: DiagnosisOptions) -> Table:
    """Table 8: slices inside the evaluation region by their Dice."""
    columns = (
        text_column("cohort", "Cohort"),
        text_column("category", "Slices"),
        count_column("slices", "Count"),
        Column("percent", "Share", unit="%", digits=1),
        Column("percent_case_mean", "Share, case mean", kind="interval", unit="%", digits=1),
    )
    rows: list[dict[str, Cell]] = []
    for cohort in COHORTS:
        if not measures[cohort].has_ground_truth:
            continue
        found = measures[cohort].categories(options.fold_false_positive)
        total = sum(count for count, _ in found.values())
        rows += [
            {
                "cohort": cohort,
                "category": name,
                "slices": count,
                "percent": ratio(100 * count, total),
                "percent_case_mean": interval_cell(mean),
            }
            for name, (count, mean) in found.items()
        ]
    bounds = ", ".join(f"{name} Dice > {bound:g}" for name, bound in DICE_ABOVE)
    folded = (
        "slices with prediction but no truth count as worst, as the paper seems to count them"
        if options.fold_false_positive
        else "false positive is prediction without truth, which the paper seems to count as worst"
    )
    notes = [
        f"{bounds}, worst the rest of the slices with truth; true negative is neither; {folded}. Every slice with a "
        "voxel of the evaluation region is in exactly one category.",
        *_truth_notes(measures),
    ]
    paper = shown(paper_rows("8"), [column.key for column in columns], options.paper)
    return Table("8", 8, "Slices by Dice", columns, tuple(rows), tuple(notes), paper)


def joint_table(measures: Measures, options: DiagnosisOptions) -> Table:
    """Table 11: slices that are not true negatives, good or bad by Dice and by XAI-GT F1."""
    columns = (
        text_column("cohort", "Cohort"),
        text_column("category", "Slices"),
        count_column("count", "Count"),
        Column("percent", "Share", unit="%", digits=1),
        Column("mean_dice", "Mean Dice", digits=3),
        Column("mean_f1", "Mean XAI-GT F1", digits=3),
    )
    rows: list[dict[str, Cell]] = []
    for cohort in COHORTS:
        sums = measures[cohort].slices
        if sums is None:
            continue
        rows += [
            {
                "cohort": cohort,
                "category": f"{dice} dice, {xai} xai",
                "count": group.count,
                "percent": ratio(100 * group.count, sums.joint_total),
                "mean_dice": group.dice.mean,
                "mean_f1": group.f1.mean,
            }
            for (dice, xai), group in sums.joint.items()
        ]
    lone = (
        "slices with prediction but no truth are left out"
        if options.exclude_false_positive
        else "slices with prediction but no truth count as bad and bad"
    )
    thresholds = " and ".join(
        f"{value:g}" for value in dict.fromkeys(one.results.threshold for one in measures.values())
    )
    notes = [
        f"Good means Dice >= {options.joint_dice_cutoff:g} and XAI-GT F1 >= {options.joint_f1_cutoff:g} at attention "
        f">= {thresholds}; the paper does not print its cut-offs. True negatives are not counted, {lone}. Means are "
        "over slices; slices of cases without an attention map are left out.",
        *_truth_notes(measures),
    ]
    paper = shown(paper_rows("11"), [column.key for column in columns], options.paper)
    return Table("11", 11, "Slices by Dice and XAI-GT F1", columns, tuple(rows), tuple(notes), paper)


def _segmentation_rows(cohort: str, measures: CohortMeasures) -> Iterator[dict[str, Cell]]:
    pooled = measures.segmentation()
    if pooled is None or measures.slices is None:
        return
    head = {"cohort": cohort, "cases": len(measures.cases)}
    yield {**head, "averaging": POOLED, "dice": pooled.dice, "iou": pooled.iou}
    means = {name: interval_cell(measures.case_mean(name)) for name in ("dice", "iou")}
    yield {**head, "averaging": CASE_MEAN, **means}
    yield {**head, "averaging": SLICE_MEAN, **{name: measures.slices.means[name].mean for name in ("dice", "iou")}}


def _truth_notes(measures: Measures) -> list[str]:
    notes = [f"The {cohort} has no ground truth: n/a." for cohort in COHORTS if not measures[cohort].has_ground_truth]
    return notes + [note for note in left_out_notes(measures) if "no ground truth" in note]
