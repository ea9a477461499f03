"""Phase 2: what was segmented, and where attention lay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .alignment_chart import alignment_chart
from .category_chart import category_chart
from .cohort_detail import CohortDetail
from .difference_chart import Difference, difference_chart
from .joint_chart import joint_chart
from .layer_chart import layer_chart, limits_of
from .phase1_section import figures
from .scale import fixed_scale
from .strip_chart import Strip, strip_chart
from .table_html import table_html

#: Layers that are means of the others; they come last in a chart.
_MEANS = ("mean_without_last", "control", "mean")
_PART_TITLES = {"mean": "mean", "mean_without_last": "mean w/o last"}

_STRIP_WORDS = "Marks are cases; a bar is their mean, the box around it its 95 % interval, from 6 cases on."
_ALIGNMENT_WORDS = (
    "Small marks are cases, large ones the means that the verdict is about; the zones are those of the published rule. "
    "On the dashed line attention meets the truth as well as the prediction."
)
_JOINT_WORDS = (
    "The area of a square is the number of slices there; dashed lines are the cut-offs, percents those of the table."
)
_EXCESS_WORDS = "Under the dashed line attention avoids the true part of the prediction."

AVERAGING_WORDS = (
    "<p>Every number says how it was averaged: <b>pooled</b>, voxels of all cases counted together, then the ratio; "
    "<b>case_mean</b>, the ratio of every case, then their mean, with a 95 % interval over cases; <b>slice_mean</b>, "
    "the same over slices, without an interval because slices of one case are not independent. <b>n/a</b>: cannot be "
    "computed because nothing was there to divide by.</p>"
)


def segmentation_content(report: Mapping[str, Any], details: Mapping[str, CohortDetail]) -> str:
    """Differences between the cohorts, Dice and slice categories: tables 7 and 8."""
    tables, labels = report["tables"], labels_of(details)
    unit = fixed_scale(0, 1, 0.2)
    strips = {
        side: Strip(
            side,
            [(case.case, case.dice) for case in detail.cases if case.dice is not None],
            _case_mean(tables["7"], side, "dice"),
        )
        for side, detail in details.items()
    }
    percents: dict[str, dict[str, float]] = {side: {} for side in details}
    for row in tables["8"]["rows"]:
        percents[row["cohort"]][row["category"]] = row["percent"] or 0.0
    categories = category_chart("categories", percents, labels)
    return "".join(
        [
            _table(tables, "differences"),
            _differences(tables["differences"]),
            _table(tables, "7"),
            _table(tables, "8"),
            figures(
                [strip_chart("dice-cases", "Dice of every case", "Dice", strips, unit), categories],
                labels,
                _STRIP_WORDS,
            ),
        ]
    )


def alignment_content(report: Mapping[str, Any], details: Mapping[str, CohortDetail]) -> str:
    """Tables 5, 9 to 11, layers, gap and excess."""
    tables, labels = report["tables"], labels_of(details)
    return "".join(
        [
            _table(tables, "9"),
            _table(tables, "10"),
            _table(tables, "gap"),
            figures([_alignment(report, details), _gaps(report, details)], labels, _ALIGNMENT_WORDS),
            _table(tables, "11"),
            figures(_joint(report, details), labels, _JOINT_WORDS),
            _table(tables, "layers"),
            figures(_layers(tables["layers"], details), labels),
            _table(tables, "excess"),
            figures([_excess(details)], labels, _EXCESS_WORDS),
            _table(tables, "5"),
        ]
    )


def labels_of(details: Mapping[str, CohortDetail]) -> dict[str, str]:
    """Names of the cohorts by side."""
    return {side: detail.label for side, detail in details.items()}


def _table(tables: Mapping[str, Any], key: str) -> str:
    return table_html(tables[key], f"table-{key}") if key in tables else ""


def _differences(table: Mapping[str, Any]) -> str:
    rows = []
    for row in table["rows"]:
        low, value, high = limits_of(row["difference"])
        if value is not None:
            rows.append(Difference(row["measure"], value, low, high))
    chart = difference_chart("differences", "Target minus source", "Target - source", rows)
    words = (
        "Right of the dashed line: larger in the target. With 95 % intervals over cases, from 6 cases on. Logarithms "
        "of excess are no ratios like the others."
    )
    return f'<figure class="plots"><div>{chart}</div><figcaption>{words}</figcaption></figure>' if chart else ""


def _alignment(report: Mapping[str, Any], details: Mapping[str, CohortDetail]) -> str:
    cases = {
        side: [
            (case.case, case.xai_gt_iou, case.xai_pm_iou)
            for case in detail.cases
            if case.xai_gt_iou is not None and case.xai_pm_iou is not None
        ]
        for side, detail in details.items()
    }
    means = {}
    for side in details:
        true, inside = (
            limits_of(_case_mean(report["tables"]["gap"], side, key))[1] for key in ("xai_gt_iou", "xai_pm_iou")
        )
        if true is not None and inside is not None:
            means[side] = (true, inside)
    labels = labels_of(details)
    return alignment_chart("alignment-cases", cases, means, report["verdict"]["cutoffs"], labels)


def _gaps(report: Mapping[str, Any], details: Mapping[str, CohortDetail]) -> str:
    strips = {
        side: Strip(
            side,
            [(case.case, case.gap) for case in detail.cases if case.gap is not None],
            _case_mean(report["tables"]["gap"], side, "gap"),
        )
        for side, detail in details.items()
    }
    return strip_chart("gap-cases", "Gap of every case", "Gap: XAI-PM minus XAI-GT", strips, line_at=0.0)


def _joint(report: Mapping[str, Any], details: Mapping[str, CohortDetail]) -> list[str]:
    options = report["options"]
    cutoffs = (options["joint_dice_cutoff"], options["joint_f1_cutoff"])
    groups: dict[str, dict[tuple[bool, bool], tuple[int, float | None]]] = {side: {} for side in details}
    for row in report["tables"]["11"]["rows"]:
        dice, f1 = (part.startswith("good") for part in row["category"].split(", "))
        groups[row["cohort"]][dice, f1] = (row["count"], row["percent"])
    return [
        joint_chart(f"joint-{side}", side, detail.label, detail.slices, groups[side], cutoffs)
        for side, detail in details.items()
    ]


def _layers(table: Mapping[str, Any], details: Mapping[str, CohortDetail]) -> list[str]:
    names = list(dict.fromkeys(row["layer"] for row in table["rows"]))
    order = [name for name in names if name not in _MEANS] + [name for name in _MEANS if name in names]
    labels = labels_of(details)
    charts = []
    for number, reference in enumerate(dict.fromkeys(row["reference"] for row in table["rows"])):
        values: dict[str, dict[str, Any]] = {side: {} for side in details}
        for row in table["rows"]:
            if row["reference"] == reference and row["averaging"] == "case_mean":
                values[row["cohort"]][_PART_TITLES.get(row["layer"], row["layer"])] = row["iou"]
        shown = [_PART_TITLES.get(name, name) for name in order]
        charts.append(layer_chart(f"layers-{number}", f"{reference} IoU", shown, values, labels))
    return charts


def _excess(details: Mapping[str, CohortDetail]) -> str:
    strips = {
        side: Strip(side, [(case.case, case.in_pm_excess) for case in detail.cases if case.in_pm_excess is not None])
        for side, detail in details.items()
    }
    title = "In-PM excess alignment of every case; under 1, attention avoids the true part of the prediction"
    return strip_chart("excess-cases", title, "In-PM excess", strips, line_at=1.0)


def _case_mean(table: Mapping[str, Any], side: str, key: str) -> Any:
    """The case mean's cell of one cohort, None where the table has none."""
    for row in table["rows"]:
        if row["cohort"] == side and row["averaging"] == "case_mean":
            return row[key]
    return None
