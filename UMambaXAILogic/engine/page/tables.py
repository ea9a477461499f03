"""Tables of a case as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from ..alignment.categories import CATEGORIES
from .words import CATEGORY_WORDS, NOT_KNOWN, number, whole

Row = Mapping[str, Any]
RATIOS = (("iou", "IoU"), ("f1", "F1"), ("precision", "Precision"), ("recall", "Recall"))
REFERENCES = (("gt", "XAI-GT: attention and ground truth"), ("pm", "XAI-PM: attention and prediction"))


def threshold_table(rows: Sequence[Row], reporting_threshold: float) -> str:
    """Alignment of one map at every threshold."""
    head = _alignment_head("Threshold", rows)
    body = [
        _alignment_row(
            f"{threshold:g}", [row for row in rows if row["threshold"] == threshold], threshold == reporting_threshold
        )
        for threshold in sorted({row["threshold"] for row in rows})
    ]
    return table(head, body)


def layer_table(rows: Sequence[Row], threshold: float) -> str:
    """Alignment of every layer's map at one threshold, the mean first."""
    chosen = [row for row in rows if row["threshold"] == threshold]
    layers = list(dict.fromkeys(row["layer"] for row in chosen))
    body = [
        _alignment_row(_layer_name(layer), [row for row in chosen if row["layer"] == layer], layer == "mean")
        for layer in layers
    ]
    return table(_alignment_head("Layer", chosen), body)


def category_table(summary: Mapping[str, Any]) -> str:
    """Slices in each category."""
    head = "<tr><th>Category</th><th>Slices</th><th>Percent</th></tr>"
    body = [
        f'<tr><th><span class="swatch {name}"></span>{CATEGORY_WORDS[name]}</th><td>{summary["counts"][name]}</td>'
        f"<td>{number(summary['percent'][name], 1)}</td></tr>"
        for name in CATEGORIES
    ]
    return table(head, body)


def joint_table(joint: Mapping[str, Any]) -> str:
    """Good or bad Dice by good or bad XAI-GT F1."""
    head = (
        f"<tr><th>Slices with vessel or prediction (good: Dice &ge; {joint['cutoffs']['dice']:g}, "
        f"F1 &ge; {joint['cutoffs']['f1']:g})</th>"
        "<th>Slices</th><th>Percent</th><th>Mean Dice</th><th>Mean F1</th></tr>"
    )
    body = [
        f"<tr><th>{group['dice']} Dice, {group['xai_gt']} XAI-GT</th><td>{group['count']}</td>"
        f"<td>{number(group['percent'], 1)}</td><td>{number(group['mean_dice'])}</td>"
        f"<td>{number(group['mean_f1'])}</td></tr>"
        for group in joint["groups"]
    ]
    return table(head, body)


def excess_table(excess: Mapping[str, Any]) -> str:
    """Excess alignment and what it is made of."""
    p_value = excess["p_value"]
    test = (
        f"{number(p_value)} ({excess['segments']} vessel segments of at least {excess['segment_mm']:g} mm, "
        f"{excess['permutations']} permutations)"
        if p_value is not None
        else f"{NOT_KNOWN}: {escape(str(excess['p_value_missing_because']))}"
    )
    entries = [
        ("Share of attention inside the prediction (q)", number(excess["q"])),
        ("Share of the prediction that is true (p)", number(excess["p"])),
        (f"Share of the {excess['shell_mm']:g} mm shell around it that is true (b)", number(excess["b"])),
        ("Share of attention on truth: expected, q p + (1 - q) b", number(excess["expected"])),
        ("Share of attention on truth: observed", number(excess["observed"])),
        ("Excess alignment, observed / expected", number(excess["excess"])),
        ("In-PM excess alignment", number(excess["in_pm_excess"])),
        ("The same of whole vessel segments, which is what is tested", number(excess["in_pm_excess_of_segments"])),
        ("p-value of its being under 1", test),
    ]
    return definitions(entries)


def definitions(entries: Iterable[tuple[str, str]]) -> str:
    """Names and values; both are taken as text, not as HTML."""
    return (
        '<dl class="facts">'
        + "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in entries)
        + "</dl>"
    )


def _alignment_head(first: str, rows: Sequence[Row]) -> str:
    present = [(key, title) for key, title in REFERENCES if any(row["reference"] == key for row in rows)]
    groups = "".join(f'<th class="group" colspan="{len(RATIOS)}">{title}</th>' for _, title in present)
    names = "".join(f"<th>{title}</th>" for _ in present for _, title in RATIOS)
    return f'<tr><th rowspan="2">{first}</th><th rowspan="2">Attention voxels</th>{groups}</tr><tr>{names}</tr>'


def _alignment_row(name: str, rows: Sequence[Row], marked: bool) -> str:
    cells = "".join(
        _bar(row["iou"], reference) + "".join(f"<td>{number(row[key])}</td>" for key, _ in RATIOS[1:])
        for reference, _ in REFERENCES
        for row in rows
        if row["reference"] == reference
    )
    css = ' class="marked"' if marked else ""
    return f"<tr{css}><th>{escape(name)}</th><td>{whole(rows[0]['attention_voxels'])}</td>{cells}</tr>"


def _bar(value: float | None, reference: str) -> str:
    share = 0 if value is None else 100 * value
    return f'<td class="bar {reference}" style="--share:{share:.1f}%">{number(value)}</td>'


def _layer_name(layer: str) -> str:
    names = {"mean": "mean of layers", "mean_without_last": "mean without the last layer"}
    return {**names, "control": "control: without the box's weight"}.get(layer, layer)


def table(head: str, body: Iterable[str]) -> str:
    """A table of rows of HTML, which scrolls sideways where it is too wide."""
    return f'<div class="scroll"><table><thead>{head}</thead><tbody>{"".join(body)}</tbody></table></div>'
