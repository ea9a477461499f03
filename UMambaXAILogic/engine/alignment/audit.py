"""Arithmetic that must hold between reported numbers, whoever reports them.

Every check takes the rounding of the numbers into account: a finding is a contradiction, not a rounding error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

#: Half a unit of the last digit for numbers that were not rounded.
EXACT = 1e-12

Interval = tuple[float, float]


def audit(metrics: Mapping[str, Any]) -> list[str]:
    """Check the metrics.json of a case; returns one sentence for each contradiction, none where all agree."""
    findings = []
    layers: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in metrics["alignment"]:
        layers[row["layer"]].append(row)
    for layer, rows in layers.items():
        findings += [f"{layer}: {finding}" for finding in audit_alignment(rows)]
    summary = metrics.get("slice_categories")
    if summary is not None and summary["total"]:
        found = sum(summary["counts"].values())
        if found != summary["total"]:
            findings.append(f"slice categories sum to {found}, not to {summary['total']}")
        findings += audit_percents("slice categories", summary["percent"].values())
    return findings


def audit_alignment(rows: Sequence[Mapping[str, Any]], rounding: float = EXACT) -> list[str]:
    """Check pooled XAI-GT and XAI-PM rows of one map (case or slice averages need not obey these identities).

    - F1 = 2 IoU / (1 + IoU)
    - IoU = P R / (P + R - P R)
    - |PM| / |GT| = (precision_pm / recall_pm) / (precision_gt / recall_gt) is the same at every threshold

    Args:
        rows: dictionaries with ``reference`` (gt or pm), ``threshold``, ``iou``, ``f1``, ``precision``, ``recall``.
        rounding: half a unit of the last printed digit (0.00005 for four decimals).
    """
    findings = []
    ratios: dict[float, dict[str, Interval]] = defaultdict(dict)
    for row in rows:
        name = f"XAI-{row['reference'].upper()} at {row['threshold']:g}"
        iou, f1, precision, recall = row["iou"], row["f1"], row["precision"], row["recall"]
        if iou is not None and f1 is not None:
            implied = _image(lambda value: 2 * value / (1 + value), [iou], rounding)
            if not _meets(implied, (f1 - rounding, f1 + rounding)):
                findings.append(f"{name}: F1 {f1:g} contradicts IoU {iou:g}")
        if iou is not None and precision and recall:
            implied = _image(_iou_of, [precision, recall], rounding)
            if not _meets(implied, (iou - rounding, iou + rounding)):
                findings.append(f"{name}: precision {precision:g} and recall {recall:g} contradict IoU {iou:g}")
        if precision and recall:
            low, high = max(precision - rounding, 0.0), max(recall - rounding, EXACT)
            ratios[row["threshold"]][row["reference"]] = (low / (recall + rounding), (precision + rounding) / high)
    return findings + _audit_sizes(ratios)


def audit_percents(name: str, percents: Iterable[float], rounding: float = 1e-9) -> list[str]:
    """Percents of all categories sum to 100, within the rounding of each."""
    values = list(percents)
    total = sum(values)
    return [] if abs(total - 100) <= rounding * len(values) else [f"{name} sum to {total:g} %, not to 100 %"]


def _audit_sizes(ratios: Mapping[float, Mapping[str, Interval]]) -> list[str]:
    """|PM| / |GT| at every threshold; the one that disagrees with most others is named."""
    sizes = {
        threshold: (pair["pm"][0] / pair["gt"][1], pair["pm"][1] / pair["gt"][0])
        for threshold, pair in ratios.items()
        if "pm" in pair and "gt" in pair and pair["gt"][0] > 0
    }
    clashes = {
        threshold: [other for other in sizes if not _meets(sizes[threshold], sizes[other])] for threshold in sizes
    }
    most = max((len(others) for others in clashes.values()), default=0)
    return [
        f"|PM|/|GT| = {sum(sizes[threshold]) / 2:.4f} at threshold {threshold:g} contradicts "
        + ", ".join(f"{sum(sizes[other]) / 2:.4f} at {other:g}" for other in others)
        for threshold, others in clashes.items()
        if others and len(others) == most
    ]


def _iou_of(precision: float, recall: float) -> float:
    union = precision + recall - precision * recall
    return precision * recall / union if union else 0.0


def _image(function: Callable[..., float], values: Sequence[float], rounding: float) -> Interval:
    """Range of a function that rises in every argument, over the values' rounding intervals."""
    low = function(*(max(value - rounding, 0.0) for value in values))
    high = function(*(value + rounding for value in values))
    return low, high


def _meets(one: Interval, other: Interval) -> bool:
    slack = 1e-9
    return one[0] <= other[1] + slack and other[0] <= one[1] + slack
