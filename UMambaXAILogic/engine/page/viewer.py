"""Slices to scroll through: the canvas, its controls, and the data that the page's script draws from."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from ..attention_colors import attention_colors
from .case_files import CaseFiles
from .chart import SliceChart, SliceValues
from .document import json_script
from .pictures import GROUND_TRUTH_COLOR, PREDICTION_COLOR
from .slice_stack import PM_BIT, SliceStack, montage_data


def viewer(case: CaseFiles, stack: SliceStack, positions_mm: Sequence[float], values: Sequence[SliceValues]) -> str:
    """The viewer's HTML.

    Args:
        positions_mm: superior coordinate of every slice of the stack.
        values: scores of the slices that were measured; may be empty.
    """
    by_slice = {value.slice: value for value in values}
    chart = SliceChart(values, case.threshold) if values else None
    slices = [
        _slice_data(by_slice.get(slice_number), slice_number, position, chart)
        for slice_number, position in zip(stack.storage_slices, positions_mm, strict=True)
    ]
    colors = np.rint(255 * attention_colors()).astype(int).tolist()
    data = {
        **montage_data(stack),
        "slices": slices,
        "storage_count": len(stack.plane.storage_slices),
        "colors": colors,
        "phantom": case.is_phantom,
    }
    count = len(slices)
    has_ground_truth = case.metrics["segmentation"]["gt_voxels"] is not None
    start = int(np.argmax(np.count_nonzero(stack.labels & PM_BIT, axis=(1, 2))))
    return (
        '<div class="viewer"><div>'
        '<canvas id="slice" tabindex="0" role="img" aria-label="Slice of the volume with overlays; arrow keys scroll">'
        "</canvas>"
        '<div class="stepper"><button id="back" type="button" aria-label="one slice down">&#9660;</button>'
        f'<input id="position" type="range" min="0" max="{count - 1}" step="1" value="{start}" aria-label="Slice">'
        '<button id="forward" type="button" aria-label="one slice up">&#9650;</button></div>'
        f'<p class="note" id="viewer-problem">{escape(_note(case, stack))}</p></div>'
        f'<div class="controls">{_here(has_ground_truth)}{_overlays(case, stack, colors)}{_jumps(slices)}</div></div>'
        + json_script("slice-data", data)
    )


def _slice_data(
    value: SliceValues | None, slice_number: int, position_mm: float, chart: SliceChart | None
) -> dict[str, Any]:
    return {
        "slice": slice_number,
        "position_mm": round(position_mm, 3),
        "dice": value.dice if value else None,
        "xai_gt_f1": value.xai_gt_f1 if value else None,
        "xai_pm_f1": value.xai_pm_f1 if value else None,
        "category": value.category.replace("_", " ") if value else "",
        "chart_x": round(chart.x(value.position_mm), 2) if value and chart else None,
    }


def _note(case: CaseFiles, stack: SliceStack) -> str:
    notes = ["Seen from the feet: the patient's right is on the left."]
    if stack.window is None:
        notes.append("The volume itself was not at hand when this page was made, so only the results are shown.")
    else:
        notes.append(f"Grey values {stack.window.low:.4g} to {stack.window.high:.4g}.")
    step = stack.shown[1] - stack.shown[0] if len(stack.shown) > 1 else 1
    if step > 1:
        notes.append(f"Every {step}th slice is shown.")
    if stack.reduction > 1:
        notes.append(f"{stack.reduction} x {stack.reduction} voxels are joined to one pixel.")
    if case.metrics["segmentation"]["dice"] is not None and case.gt is None:
        notes.append("The ground truth was not at hand when this page was made.")
    return " ".join(notes)


def _here(has_ground_truth: bool) -> str:
    entries = [("Slice", "here-slice"), ("Position S", "here-mm"), ("XAI-PM F1", "here-pm")]
    if has_ground_truth:
        entries += [("XAI-GT F1", "here-gt"), ("Dice", "here-dice"), ("Category", "here-category")]
    return '<dl class="here">' + "".join(f'<dt>{name}</dt><dd id="{key}"></dd>' for name, key in entries) + "</dl>"


def _overlays(case: CaseFiles, stack: SliceStack, colors: Sequence[Sequence[int]]) -> str:
    parts = []
    if stack.attention is not None:
        stops = ",".join(f"rgb({r} {g} {b})" for r, g, b in [*colors[::32], colors[-1]])
        ticks = "".join(f"<span>{tick:.2f}</span>" for tick in (0, 0.25, 0.5, 0.75, 1))
        parts.append(
            "<fieldset><legend>Attention</legend>"
            '<label><input type="radio" name="attention" value="contour" checked>contours at 0.3, 0.5, 0.7, 0.9</label>'
            '<label><input type="radio" name="attention" value="fill">colour from '
            f'<output id="threshold-value">{case.threshold:.2f}</output> up</label>'
            f'<input id="threshold" type="range" min="0.05" max="0.95" step="0.05" value="{case.threshold:g}" '
            'aria-label="Lowest attention that is coloured">'
            '<label><input type="radio" name="attention" value="none">off</label>'
            f'<div class="ramp" style="background:linear-gradient(to right,{stops})"></div>'
            f'<div class="ramp-ticks">{ticks}</div></fieldset>'
        )
    masks = (
        '<label><input type="checkbox" id="show-pm" checked>'
        f'<span class="swatch" style="background:{PREDICTION_COLOR}"></span>prediction</label>'
    )
    if case.gt is not None:
        masks += (
            '<label><input type="checkbox" id="show-gt" checked>'
            f'<span class="swatch ring" style="border-color:{GROUND_TRUTH_COLOR}"></span>ground truth</label>'
        )
    parts.append(f"<fieldset><legend>Vessels</legend>{masks}</fieldset>")
    return "".join(parts)


def _jumps(slices: Sequence[dict[str, Any]]) -> str:
    """Buttons that lead to the best and the worst slice."""
    known = [(value["dice"], index) for index, value in enumerate(slices) if value["dice"] is not None]
    if not known:
        return ""
    best, worst = max(known)[1], min(known)[1]
    attended = [(value["xai_gt_f1"], index) for index, value in enumerate(slices) if value["xai_gt_f1"] is not None]
    buttons = [("best Dice", best), ("worst Dice", worst)]
    if attended:
        buttons.append(("worst XAI-GT", min(attended)[1]))
    return (
        '<fieldset><legend>Go to</legend><div class="jump">'
        + "".join(f'<button type="button" data-slice="{index}">{name}</button>' for name, index in buttons)
        + "</div></fieldset>"
    )
