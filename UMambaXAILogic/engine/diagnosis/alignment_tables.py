"""Tables about where attention lies: 5 (methods), 9 (XAI-GT), 10 (XAI-PM), layers and gap."""

from __future__ import annotations

from collections.abc import Iterator

from ..alignment import CONTROL
from .alignment_groups import RATIOS
from .averages import (
    CASE_MEAN,
    COHORTS,
    POOLED,
    Measures,
    interval_cell,
    left_out_notes,
    missing_notes,
    ratio_rows,
    shown,
)
from .cohort_measures import CohortMeasures
from .options import DiagnosisOptions
from .paper import paper_rows
from .table import Cell, Column, Table, count_column, ratio_columns, text_column

REFERENCES = {"gt": "XAI-GT", "pm": "XAI-PM"}
_NUMBERS = {"gt": 9, "pm": 10}
_RATIO_COLUMNS = ratio_columns((("iou", "IoU"), ("f1", "F1"), ("precision", "Precision"), ("recall", "Recall")))
_AVERAGE_COLUMNS = (text_column("averaging", "Averaging"), count_column("cases", "Cases"))


def method_table(measures: Measures, options: DiagnosisOptions) -> Table:
    """Table 5: XAI-GT of every method at the reported threshold; case means stand on the same cases."""
    threshold = measures["source"].threshold
    columns = (
        text_column("method", "Method"),
        text_column("cohort", "Cohort"),
        *_AVERAGE_COLUMNS,
        *_RATIO_COLUMNS,
    )
    methods = list(dict.fromkeys(method for cohort in COHORTS for method in measures[cohort].methods))
    rows: list[dict[str, Cell]] = []
    for method in methods:
        for cohort in COHORTS:
            group = measures[cohort].group("gt", method=method)
            if group is not None:
                rows += ratio_rows(group, {"method": method, "cohort": cohort}, options.seed)
    notes = missing_notes(measures, needs_truth=True) + left_out_notes(measures)
    for method in methods:
        lacking = [cohort for cohort in COHORTS if method not in measures[cohort].methods]
        notes += [f"{method} was not run on the {cohort}." for cohort in lacking if measures[cohort].methods]
    title = f"XAI-GT of the attribution methods at attention >= {threshold:g}"
    published = [row for row in paper_rows("5") if row.get("threshold") == threshold]
    paper = shown(published, [column.key for column in columns], options.paper)
    return Table("5", 5, title, columns, tuple(rows), tuple(notes), paper)


def alignment_table(reference: str, measures: Measures, options: DiagnosisOptions) -> Table:
    """Table 9 (``gt``) or 10 (``pm``): the judged method's layer mean at every threshold."""
    columns = (
        Column("threshold", "Threshold", digits=2),
        text_column("cohort", "Cohort"),
        *_AVERAGE_COLUMNS,
        *_RATIO_COLUMNS,
    )
    thresholds = sorted({threshold for one in measures.values() for threshold in one.thresholds})
    rows: list[dict[str, Cell]] = []
    for threshold in thresholds:
        for cohort in COHORTS:
            one = measures[cohort]
            group = one.group(reference, threshold=threshold)
            if group is not None:
                means = _slice_means(one, reference) if threshold == one.results.threshold else None
                rows += ratio_rows(group, {"threshold": threshold, "cohort": cohort}, options.seed, means)
    notes = missing_notes(measures, needs_truth=reference == "gt") + left_out_notes(measures)
    for threshold in thresholds:
        lacking = [cohort for cohort in COHORTS if threshold not in measures[cohort].thresholds]
        if len(lacking) == 1 and measures[lacking[0]].thresholds:
            notes.append(f"The {lacking[0]} was not measured at {threshold:g}.")
    if any(row["averaging"] == "slice_mean" for row in rows):
        notes.append("Slices were measured at the cohorts' own reporting threshold only.")
    number = _NUMBERS[reference]
    title = f"{REFERENCES[reference]}: attention against the {'ground truth' if reference == 'gt' else 'prediction'}"
    paper = shown(paper_rows(str(number)), [column.key for column in columns], options.paper)
    return Table(str(number), number, title, columns, tuple(rows), tuple(notes), paper)


def layer_table(measures: Measures, options: DiagnosisOptions) -> Table:
    """Alignment per layer, of the mean, and of the mean without the last layer, at the reported threshold."""
    columns = (
        text_column("layer", "Layer"),
        text_column("reference", "Against"),
        text_column("cohort", "Cohort"),
        *_AVERAGE_COLUMNS,
        *_RATIO_COLUMNS,
    )
    rows: list[dict[str, Cell]] = []
    for layer in dict.fromkeys(layer for cohort in COHORTS for layer in measures[cohort].layers):
        for reference, name in REFERENCES.items():
            for cohort in COHORTS:
                group = measures[cohort].group(reference, layer)
                if group is not None:
                    head = {"layer": layer, "reference": name, "cohort": cohort}
                    rows += ratio_rows(group, head, options.seed)
    notes = [
        "The last decoder layer's map lies inside the prediction by construction: the mean without it is free of that.",
        *_control_notes(measures),
        *missing_notes(measures, needs_truth=False),
    ]
    title = f"Alignment per layer at attention >= {measures['source'].threshold:g}"
    return Table("layers", None, title, columns, tuple(rows), tuple(notes))


def _control_notes(measures: Measures) -> list[str]:
    if not any(CONTROL in measures[cohort].layers for cohort in COHORTS):
        return []
    return ["The control is the mean of layers without the weight that a prompt box gives to every place."]


def gap_table(measures: Measures, options: DiagnosisOptions) -> Table:
    """XAI-PM IoU minus XAI-GT IoU at the reported threshold, of the cases that have both."""
    threshold = measures["source"].threshold
    columns = (
        text_column("cohort", "Cohort"),
        *_AVERAGE_COLUMNS,
        *ratio_columns((("xai_gt_iou", "XAI-GT IoU"), ("xai_pm_iou", "XAI-PM IoU"), ("gap", "Gap"))),
    )
    rows = [row for cohort in COHORTS for row in _gap_rows(cohort, measures[cohort])]
    published = [row for row in paper_rows("gap") if row.get("threshold") == threshold]
    paper = shown(published, [column.key for column in columns], options.paper)
    title = f"Gap: XAI-PM IoU minus XAI-GT IoU at attention >= {threshold:g}"
    return Table("gap", None, title, columns, tuple(rows), tuple(missing_notes(measures, needs_truth=True)), paper)


def _gap_rows(cohort: str, measures: CohortMeasures) -> Iterator[dict[str, Cell]]:
    gt, pm = measures.group("gt"), measures.group("pm")
    if gt is None or pm is None:
        return
    one, other = gt.pooled.iou, pm.pooled.iou
    yield {
        "cohort": cohort,
        "averaging": POOLED,
        "cases": gt.count,
        "xai_gt_iou": one,
        "xai_pm_iou": other,
        "gap": None if one is None or other is None else other - one,
    }
    quantities = ("xai_gt_iou", "xai_pm_iou", "gap")
    yield {
        "cohort": cohort,
        "averaging": CASE_MEAN,
        "cases": sum(value is not None for value in measures.values("gap")),
        **{quantity: interval_cell(measures.case_mean(quantity)) for quantity in quantities},
    }


def _slice_means(measures: CohortMeasures, reference: str) -> dict[str, float | None] | None:
    if measures.slices is None:
        return None
    return {ratio: measures.slices.means[f"xai_{reference}_{ratio}"].mean for ratio in RATIOS}
