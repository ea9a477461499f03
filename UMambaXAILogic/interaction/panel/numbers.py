"""One result's numbers as the panel shows them: two small tables, a verdict with what it rests on, and warnings.

From the content of metrics.json alone, so that they are the same after a scene was loaded as after the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from UMambaXAILogic.engine.badges.words import badge_texts, sanity_word

from .words import Translate, untranslated

NOT_AVAILABLE = "n/a"

_MEAN = "mean"
_MARKS = {True: "\u2713", False: "\u2717", None: "\u2013"}
_GROUND_TRUTH, _PREDICTION = "gt", "pm"


@dataclass(frozen=True)
class NumberTable:
    """Cells as they are read.

    Args:
        header: above each column; the first is above the names of the rows.
        rows: the first cell is the row's name.
        emphasis: the column that the verdict rests on; None where there is none.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    emphasis: int | None = None


@dataclass(frozen=True)
class ResultNumbers:
    """What there is to read of a result.

    Args:
        origin: whose numbers these are: model, method, layers, target.
        segmentation: prediction against ground truth.
        alignment: attention against both, a column a threshold; None where nothing was explained.
        notes: why cells read "n/a", numbered as in the cells.
        verdict: in words.
        reasons: the numbers the verdict rests on, a sentence each; the cut-offs last.
        warnings: what to know before trusting any of it.
        badges: whether the map deserves belief, a line a badge; empty where there is no map that could be judged.
        vessels: a row a vessel that the ground truth tells apart; None where it does not.
    """

    origin: str
    segmentation: NumberTable
    alignment: NumberTable | None
    notes: tuple[str, ...]
    verdict: str
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    badges: tuple[str, ...] = ()
    vessels: NumberTable | None = None


class _Cells:
    """Numbers as text; what cannot be computed points to a note that says why."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def number(self, value: float | None, reason: str, digits: int = 3) -> str:
        if value is not None:
            return f"{value:.{digits}f}"
        if reason not in self.notes:
            self.notes.append(reason)
        return f"{NOT_AVAILABLE} ({self.notes.index(reason) + 1})"


def result_numbers(metrics: Mapping[str, Any], _: Translate = untranslated) -> ResultNumbers:
    """What there is to read of a result.

    Args:
        metrics: the content of metrics.json.
        _: translates what is not the engine's own sentence.
    """
    cells = _Cells()
    segmentation = _segmentation_table(metrics, cells, _)
    alignment = _alignment_table(metrics, cells, _)
    vessels = _vessel_table(metrics, cells, _)
    verdict = metrics.get("verdict") or {}
    return ResultNumbers(
        origin=_origin(metrics, _),
        segmentation=segmentation,
        alignment=alignment,
        notes=tuple(f"({index}) {reason}" for index, reason in enumerate(cells.notes, 1)),
        verdict=verdict.get("text") or verdict.get("name") or _("No verdict"),
        reasons=tuple(_reasons(metrics, verdict, _)),
        warnings=tuple(dict.fromkeys(str(warning["message"]) for warning in metrics.get("warnings") or [])),
        badges=tuple(_badges(metrics, _)),
        vessels=vessels,
    )


def _badges(metrics: Mapping[str, Any], _: Translate) -> list[str]:
    if not sanity_word(metrics):
        return []
    if metrics["badges"] is None:
        return [_("Not judged yet: Judge maps, below, does that.")]
    return [
        f"{_MARKS[badge.passed]} {badge.title}: {badge.state}" + (f" ({badge.numbers})" if badge.numbers else "")
        for badge in badge_texts(metrics["badges"])
    ]


def _origin(metrics: Mapping[str, Any], _: Translate) -> str:
    attribution = metrics.get("attribution") or {}
    layers = attribution.get("layers") or []
    words = [str((metrics.get("model") or {}).get("architecture") or ""), str(attribution.get("method") or "")]
    if layers:
        words.append(_("mean of {count} layers").format(count=len(layers)) if len(layers) > 1 else str(layers[0]))
    target = metrics.get("target") or {}
    if target.get("name"):
        words.append(_("target: {name}").format(name=target["name"]))
    if target.get("part"):
        part = {
            "component": _("only one connected part ({count} voxels)"),
            "segment": _("only one vessel segment ({count} voxels)"),
        }[target["part"]["unit"]]
        words.append(part.format(count=target["part"]["voxels"] or 0))
    if metrics.get("phantom"):
        words.append(_("PHANTOM, not a patient"))
    return ", ".join(filter(None, words))


def _segmentation_table(metrics: Mapping[str, Any], cells: _Cells, _: Translate) -> NumberTable:
    found = metrics["segmentation"]
    empty = _why_no_truth(found, _) or _("nothing was predicted")
    names = [("dice", "Dice"), ("iou", "IoU"), ("precision", _("Precision")), ("recall", _("Recall"))]
    if "cl_dice" in found:  # results of earlier versions have none
        names.append(("cl_dice", "clDice"))
    values = [cells.number(found.get(key), empty if key in found else _("it was not measured")) for key, _name in names]
    return NumberTable(header=("", *(name for _key, name in names)), rows=((_("Prediction"), *values),))


def _alignment_table(metrics: Mapping[str, Any], cells: _Cells, _: Translate) -> NumberTable | None:
    rows = [row for row in metrics.get("alignment") or [] if row["layer"] == _MEAN]
    if not rows:
        return None
    found = {(row["reference"], row["threshold"]): row for row in rows}
    thresholds = sorted({row["threshold"] for row in rows})
    no_truth = _why_no_truth(metrics["segmentation"], _)

    def line(name: str, reference: str, key: str) -> tuple[str, ...]:
        def cell(threshold: float) -> str:
            row = found.get((reference, threshold))
            if row is None:
                return cells.number(None, no_truth or _("it was not measured"))
            return cells.number(row.get(key), _why_not(row, key, threshold, _))

        return (name, *(cell(threshold) for threshold in thresholds))

    def gap(threshold: float) -> str:
        high, low = ((found.get((name, threshold)) or {}).get("iou") for name in (_PREDICTION, _GROUND_TRUTH))
        value = None if high is None or low is None else high - low
        return cells.number(value, no_truth or _("one of its two IoU cannot be computed"))

    decisive = ((metrics.get("verdict") or {}).get("cutoffs") or {}).get("threshold")
    return NumberTable(
        header=(_("Attention from"), *(f"{threshold:g}" for threshold in thresholds)),
        rows=(
            line("XAI-GT IoU", _GROUND_TRUTH, "iou"),
            line("XAI-GT F1", _GROUND_TRUTH, "f1"),
            line(_("XAI-GT precision"), _GROUND_TRUTH, "precision"),
            line(_("XAI-GT recall"), _GROUND_TRUTH, "recall"),
            line("XAI-PM IoU", _PREDICTION, "iou"),
            line("XAI-PM F1", _PREDICTION, "f1"),
            (_("Gap of IoU (PM - GT)"), *(gap(threshold) for threshold in thresholds)),
        ),
        emphasis=None if decisive not in thresholds else 1 + thresholds.index(decisive),
    )


def _vessel_table(metrics: Mapping[str, Any], cells: _Cells, _: Translate) -> NumberTable | None:
    rows = (metrics.get("vessel_readout") or {}).get("by_label")
    if not rows:
        return None

    def line(row: Mapping[str, Any]) -> tuple[str, ...]:
        name = row["name"] or _("label {value}").format(value=row["label"])
        return (
            str(name),
            cells.number(row.get("diameter_mm"), _("no centreline runs in it"), 1),
            cells.number(row.get("recall"), _("it was not measured")),
            cells.number(row.get("mean_attention"), _("there is no attention map")),
        )

    header = (_("Vessel"), _("Diameter (mm)"), _("Recall"), _("Attention"))
    return NumberTable(header, tuple(map(line, rows)))


def _why_no_truth(segmentation: Mapping[str, Any], _: Translate) -> str:
    """Why nothing can be compared with the ground truth; empty where something can."""
    if segmentation.get("gt_voxels") is None:
        return _("there is no ground truth")
    return "" if segmentation["gt_voxels"] else _("the ground truth is empty")


def _why_not(row: Mapping[str, Any], key: str, threshold: float, _: Translate) -> str:
    """Why a ratio of an alignment has nothing to divide by."""
    if not row.get("attention_voxels") and key != "recall":
        return _("no voxel has attention from {threshold:g}").format(threshold=threshold)
    empty = {_GROUND_TRUTH: _("the ground truth is empty"), _PREDICTION: _("nothing was predicted")}
    return empty[row["reference"]]


def _reasons(metrics: Mapping[str, Any], verdict: Mapping[str, Any], _: Translate) -> list[str]:
    sentences = [str(reason) for reason in verdict.get("reasons") or []]
    excess = metrics.get("excess_alignment") or {}
    if excess.get("in_pm_excess") is not None and not any("excess alignment" in sentence for sentence in sentences):
        sentences.append(_in_pm_excess(excess, _))
    rule = verdict.get("paper_rule")
    if rule and rule != verdict.get("name"):
        sentences.append(_("The published rule alone says: {rule}.").format(rule=rule.replace("_", " ")))
    cutoffs = verdict.get("cutoffs") or {}
    if {"high", "low", "gap", "threshold"} <= set(cutoffs):
        sentences.append(
            _(
                "Cut-offs: IoU high from {high:g}, low below {low:g}; gap from {gap:g}; attention from {threshold:g}."
            ).format(**cutoffs)
        )
    return sentences


def _in_pm_excess(excess: Mapping[str, Any], _: Translate) -> str:
    value = _("In-PM excess alignment {value:.3f} (1: attention inside the prediction ignores the truth)").format(
        value=excess["in_pm_excess"]
    )
    p_value = excess.get("p_value")
    return f"{value}." if p_value is None else f"{value}, p = {p_value:.3f}."
