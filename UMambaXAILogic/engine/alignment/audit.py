"""Arithmetic that must hold between reported numbers, whoever reports them.

Every check takes the rounding of the numbers into account: a finding is a contradiction, not a rounding error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

#: Half a unit of the last digit for numbers that were not rounded.
EXACT = 1e-12
#: What binary floating point may add to that.
_SLACK = 1e-9

Interval = tuple[float, float]


def audit(metrics: Mapping[str, Any]) -> list[str]:
    """Check the metrics.json of a case; returns one sentence for each contradiction, none where all agree."""
    findings = []
    layers: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in metrics["alignment"]:
        layers[row["layer"]].append(row)
    for layer, rows in layers.items():
        findings += [f"{layer}: {finding}" for finding in audit_alignment(rows)]
    for method in metrics.get("methods", ()):
        findings += [f"{method['method']}: {finding}" for finding in audit_alignment(method["alignment"])]
    findings += _audit_gap(metrics)
    summary = metrics.get("slice_categories")
    if summary is not None and summary["total"]:
        found = sum(summary["counts"].values())
        if found != summary["total"]:
            findings.append(f"slice categories sum to {found}, not to {summary['total']}")
        findings += audit_percents("slice categories", summary["percent"].values())
    return findings


def _audit_gap(metrics: Mapping[str, Any]) -> list[str]:
    """The gap is that of the layer mean at the reporting threshold."""
    threshold = metrics["verdict"]["cutoffs"]["threshold"]
    ious = {
        row["reference"]: row["iou"]
        for row in metrics["alignment"]
        if row["layer"] == "mean" and row["threshold"] == threshold
    }
    gap, gt, pm = metrics["gap"], ious.get("gt"), ious.get("pm")
    if gap is None or gt is None or pm is None or abs(pm - gt - gap) <= _SLACK:
        return []
    return [f"gap {gap:g} is not XAI-PM IoU {pm:g} minus XAI-GT IoU {gt:g}"]


def audit_alignment(rows: Sequence[Mapping[str, Any]], rounding: float = EXACT) -> list[str]:
    """Check pooled XAI-GT and XAI-PM rows of one map (case or slice averages need not obey these identities).

    - F1 = 2 IoU / (1 + IoU)
    - IoU = P R / (P + R - P R)
    - |PM| / |GT| = (precision_pm / recall_pm) / (precision_gt / recall_gt) is the same at every threshold

    Args:
        rows: dictionaries with ``reference`` (gt or pm), ``threshold``, ``iou``, ``f1``, ``precision``, ``recall``, or
            with a ``name`` in place of the first two.
        rounding: half a unit of the last printed digit (0.00005 for four decimals).
    """
    findings = []
    for row in rows:
        name, iou, f1, precision, recall = _name(row), row["iou"], row["f1"], row["precision"], row["recall"]
        if f1_against_iou(iou, f1, rounding):
            findings.append(f"{name}: F1 {f1:g} contradicts IoU {iou:g}")
        if iou is not None and precision and recall:
            implied = _image(_iou_of, [precision, recall], rounding)
            if not _meets(implied, (iou - rounding, iou + rounding)):
                text = f"{name}: precision {precision:g} and recall {recall:g} contradict IoU {iou:g}"
                findings.append(text + _what_would_agree(iou, precision, recall))
    return findings + audit_sizes(rows, rounding)


def audit_averaged(rows: Sequence[Mapping[str, Any]], rounding: float = EXACT) -> list[str]:
    """Check rows averaged over cases or slices; what is found here is impossible under any averaging.

    F1 is a concave function of IoU, and of precision and recall together, so Jensen's inequality bounds a mean of F1:

    - mean F1 <= 2 IoU / (1 + IoU) of the mean IoU
    - mean F1 <= 2 P R / (P + R) of the mean precision and recall. This holds also where cases without precision
      (nothing attended) or without recall (nothing to find) are left out of those two means: their F1 is 0.

    Args:
        rows: as for ``audit_alignment``; pooled rows meet both bounds as equalities.
        rounding: half a unit of the last printed digit.
    """
    findings = []
    for row in rows:
        name, iou, f1, precision, recall = _name(row), row["iou"], row["f1"], row["precision"], row["recall"]
        if f1_against_iou(iou, f1, rounding) > 0:
            findings.append(f"{name}: F1 {f1:g} is more than any average of cases with a mean IoU of {iou:g} can be")
        if f1 is not None and precision is not None and recall is not None:
            most = _image(_f1_of, [precision, recall], rounding)[1]
            if f1 - rounding > most + _SLACK:
                findings.append(
                    f"{name}: F1 {f1:g} is more than any average of cases with a mean precision of {precision:g} and a "
                    f"mean recall of {recall:g} can be"
                )
    return findings


def f1_against_iou(iou: float | None, f1: float | None, rounding: float = EXACT) -> int:
    """0 where F1 = 2 IoU / (1 + IoU) within rounding or either is unknown; else 1 (F1 is more) or -1 (less).

    Less is what averages over cases or slices give; more is impossible.
    """
    if iou is None or f1 is None:
        return 0
    low, high = _image(lambda value: 2 * value / (1 + value), [iou], rounding)
    return int(f1 - rounding > high + _SLACK) - int(f1 + rounding < low - _SLACK)


def audit_sizes(rows: Sequence[Mapping[str, Any]], rounding: float = EXACT) -> list[str]:
    """Check that pooled XAI-GT and XAI-PM rows imply the same |PM| / |GT| at every threshold.

    The threshold that disagrees with most others is named.

    Args:
        rows: as for ``audit_alignment``; rows without ``reference`` are passed over.
        rounding: half a unit of the last printed digit.
    """
    ratios: dict[float, dict[str, Interval]] = defaultdict(dict)
    for row in rows:
        precision, recall = row["precision"], row["recall"]
        if row.get("reference") and precision and recall:
            low, high = max(precision - rounding, 0.0), max(recall - rounding, EXACT)
            ratios[row["threshold"]][row["reference"]] = (low / (recall + rounding), (precision + rounding) / high)
    return _clashes(ratios)


def audit_percents(name: str, percents: Iterable[float], rounding: float = 1e-9) -> list[str]:
    """Percents of all categories sum to 100, within the rounding of each."""
    values = list(percents)
    total = sum(values)
    return [] if abs(total - 100) <= rounding * len(values) else [f"{name} sum to {total:g} %, not to 100 %"]


def _clashes(ratios: Mapping[float, Mapping[str, Interval]]) -> list[str]:
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


def _name(row: Mapping[str, Any]) -> str:
    return row.get("name") or f"XAI-{row['reference'].upper()} at {row['threshold']:g}"


def _what_would_agree(iou: float, precision: float, recall: float) -> str:
    """Which other precision, or which other recall, has this IoU: 1 / IoU = 1 / P + 1 / R - 1."""
    if iou <= 0:
        return ""
    implied = {
        name: 1 / inverse
        for name, inverse in (("precision", 1 / iou - 1 / recall + 1), ("recall", 1 / iou - 1 / precision + 1))
        if inverse >= 1
    }
    words = [f"a {name} of {value:.5g}" for name, value in implied.items()]
    return f" ({' or '.join(words)} would agree)" if words else ""


def _f1_of(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _iou_of(precision: float, recall: float) -> float:
    union = precision + recall - precision * recall
    return precision * recall / union if union else 0.0


def _image(function: Callable[..., float], values: Sequence[float], rounding: float) -> Interval:
    """Range of a function that rises in every argument, over the values' rounding intervals."""
    low = function(*(max(value - rounding, 0.0) for value in values))
    high = function(*(value + rounding for value in values))
    return low, high


def _meets(one: Interval, other: Interval) -> bool:
    return one[0] <= other[1] + _SLACK and other[0] <= one[1] + _SLACK
