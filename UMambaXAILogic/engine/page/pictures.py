"""Pictures of a case as PNG files: chosen slices with overlays, and the slice chart."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..alignment.categories import CATEGORIES
from ..attention_colors import attention_colors
from .chart import SliceValues
from .slice_stack import GT_BIT, PM_BIT, SliceStack
from .words import CATEGORY_WORDS

GROUND_TRUTH_COLOR = "#40e0f0"
PREDICTION_COLOR = "#ffb021"
CONTOURS = (0.3, 0.5, 0.7, 0.9)
_PICTURES = 6
_BACK = "#101318"
_INK = "#e8ecf2"
_CATEGORY_COLORS = {
    "perfect": "#1f8a3f",
    "good": "#8fbf3f",
    "bad": "#eaa221",
    "worst": "#c2334d",
    "true_negative": "#cdd3da",
    "false_positive": "#7f4fb0",
}


def slices_png(stack: SliceStack, positions_mm: Sequence[float], title: str, is_phantom: bool) -> bytes:
    """Six slices from feet to head, spread over those with prediction: grey values, prediction, outlines, contours.

    Args:
        positions_mm: superior coordinate of every slice of the stack.
    """
    figure = Figure(figsize=(12, 8.6), dpi=100, facecolor=_BACK)
    FigureCanvasAgg(figure)
    chosen = _spread(stack)
    grid = figure.subplots(2, 3, gridspec_kw={"left": 0.01, "right": 0.91, "top": 0.9, "bottom": 0.07, "wspace": 0.03})
    colors = ListedColormap(attention_colors())
    for axes, index in zip(np.ravel(grid), chosen, strict=False):
        _draw_slice(axes, stack, index, colors)
        axes.set_title(f"S {positions_mm[index]:.1f} mm", color=_INK, fontsize=11, pad=4)
        if is_phantom:
            _write(axes, 0.98, 0.02, "PHANTOM", "right", "bottom", "#e3a8ff")
    for axes in np.ravel(grid)[len(chosen) :]:
        axes.set_visible(False)
    figure.suptitle(title, color=_INK, fontsize=14, y=0.975)
    if stack.attention is not None:
        strip = figure.add_axes((0.935, 0.2, 0.015, 0.6))
        bar = figure.colorbar(ScalarMappable(Normalize(0, 1), colors), cax=strip, ticks=[0, 0.25, 0.5, 0.75, 1])
        bar.ax.set_yticklabels([f"{tick:.2f}" for tick in (0, 0.25, 0.5, 0.75, 1)], color=_INK)
        bar.ax.set_title("Attention", color=_INK, fontsize=10, pad=10)
    handles = [Line2D([], [], color=PREDICTION_COLOR, alpha=0.6, linewidth=8, label="prediction")]
    if (stack.labels & GT_BIT).any():
        handles.append(Line2D([], [], color=GROUND_TRUTH_COLOR, linewidth=2, label="ground truth"))
    if stack.attention is not None:
        levels = " ".join(f"{level:g}" for level in CONTOURS)
        handles.append(Line2D([], [], color=colors(0.6), linewidth=2, label=f"attention contours {levels}"))
    figure.legend(
        handles=handles, loc="lower center", ncols=3, frameon=False, labelcolor=_INK, bbox_to_anchor=(0.46, 0.005)
    )
    return _png(figure)


def slice_jpeg(stack: SliceStack, index: int, is_phantom: bool, width: int = 440) -> bytes:
    """One slice drawn as in ``slices_png``, without margins.

    Args:
        index: of the slice in the stack.
        width: of the picture in pixels.
    """
    rows, columns = stack.labels[index].shape
    height = width * rows * stack.pixel_mm[0] / (columns * stack.pixel_mm[1])
    figure = Figure(figsize=(width / 100, height / 100), dpi=100, facecolor="black")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    _draw_slice(axes, stack, index, ListedColormap(attention_colors()))
    axes.set_axis_off()
    if is_phantom:
        _write(axes, 0.98, 0.02, "PHANTOM", "right", "bottom", "#e3a8ff")
    memory = io.BytesIO()
    figure.savefig(memory, format="jpeg", facecolor="black", pil_kwargs={"quality": 85, "optimize": True})
    return memory.getvalue()


def chart_png(values: Sequence[SliceValues], threshold: float, title: str) -> bytes:
    """Dice and XAI-GT F1 of every slice from feet to head, range 0 to 1, with the slices' categories below."""
    figure = Figure(figsize=(10, 4.4), dpi=110, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    positions = [value.position_mm for value in values]
    known = float("nan")  # a gap in the line
    series: list[tuple[str, list[float | None], dict[str, Any]]] = [
        ("Dice", [value.dice for value in values], {"color": "#7fb2ea", "linewidth": 5}),
        (f"XAI-GT F1 at {threshold:g}", [value.xai_gt_f1 for value in values], {"color": "#12355f", "linewidth": 1.8}),
        (
            f"XAI-PM F1 at {threshold:g}",
            [value.xai_pm_f1 for value in values],
            {"color": "#9a7b2f", "linewidth": 1.5, "linestyle": ":"},
        ),
    ]
    for name, numbers, style in series:
        if any(value is not None for value in numbers):
            heights = [known if value is None else value for value in numbers]
            axes.plot(positions, heights, label=name, solid_capstyle="round", **style)
    pitch = abs(positions[-1] - positions[0]) / (len(positions) - 1) if len(positions) > 1 else 1.0
    for value in values:
        if value.category:
            axes.axvspan(
                value.position_mm - pitch / 2,
                value.position_mm + pitch / 2,
                ymax=0.04,
                color=_CATEGORY_COLORS[value.category],
                linewidth=0,
            )
    axes.set(
        ylim=(-0.05, 1.02), xlim=(positions[0] - pitch / 2, positions[-1] + pitch / 2), yticks=np.linspace(0, 1, 6)
    )
    axes.set_xlabel("Position S (mm), feet to head")
    axes.set_ylabel("Score")
    axes.set_title(title, fontsize=11)
    axes.grid(axis="y", color="#dde2e8")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(
        *axes.get_legend_handles_labels(), loc="lower center", bbox_to_anchor=(0.52, 0.07), ncols=3, frameon=False
    )
    present = {value.category for value in values}
    bands = [Patch(color=_CATEGORY_COLORS[name], label=CATEGORY_WORDS[name]) for name in CATEGORIES if name in present]
    if bands:
        figure.legend(handles=bands, loc="lower center", ncols=len(bands), frameon=False, fontsize=8)
    figure.subplots_adjust(bottom=0.28, left=0.07, right=0.98, top=0.9)
    return _png(figure)


def _draw_slice(axes: Axes, stack: SliceStack, index: int, colors: ListedColormap) -> None:
    label = stack.labels[index]
    rows, columns = label.shape
    height, width = rows * stack.pixel_mm[0], columns * stack.pixel_mm[1]
    extent = (0.0, width, height, 0.0)
    x = (np.arange(columns) + 0.5) * stack.pixel_mm[1]
    y = (np.arange(rows) + 0.5) * stack.pixel_mm[0]
    grey = np.zeros_like(label) if stack.grey is None else stack.grey[index]
    axes.imshow(grey, cmap="gray", vmin=0, vmax=255, extent=extent, interpolation="bilinear")
    predicted = np.zeros((*label.shape, 4))
    predicted[(label & PM_BIT) > 0] = (1.0, 0.69, 0.13, 0.45)
    axes.imshow(predicted, extent=extent, interpolation="nearest")
    if stack.attention is not None and rows > 1 and columns > 1 and stack.attention[index].max() >= 255 * CONTOURS[0]:
        attention = stack.attention[index] / 255.0
        axes.contour(x, y, attention, levels=CONTOURS, colors=[colors(level) for level in CONTOURS], linewidths=1.3)
    _outline(axes, (label & GT_BIT) > 0, stack.pixel_mm)
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_facecolor("black")
    left, right, top, bottom = stack.plane.edges
    _write(axes, 0.02, 0.5, left, "left", "center")
    _write(axes, 0.98, 0.5, right, "right", "center")
    _write(axes, 0.5, 0.98, top, "center", "top")
    _write(axes, 0.5, 0.02, bottom, "center", "bottom")


def _outline(axes: Axes, mask: np.ndarray, pixel_mm: tuple[float, float]) -> None:
    """Lines along the edges of a mask's pixels."""
    if not mask.any():
        return
    framed = np.pad(mask, 1)
    lines = []
    for row, column in np.argwhere(framed[1:, 1:-1] != framed[:-1, 1:-1]):
        lines.append(((column * pixel_mm[1], row * pixel_mm[0]), ((column + 1) * pixel_mm[1], row * pixel_mm[0])))
    for row, column in np.argwhere(framed[1:-1, 1:] != framed[1:-1, :-1]):
        lines.append(((column * pixel_mm[1], row * pixel_mm[0]), (column * pixel_mm[1], (row + 1) * pixel_mm[0])))
    axes.add_collection(LineCollection(lines, colors=GROUND_TRUTH_COLOR, linewidths=1.1))


def _write(axes: Axes, x: float, y: float, text: str, across: str, down: str, color: str = "white") -> None:
    axes.text(x, y, text, transform=axes.transAxes, ha=across, va=down, color=color, fontsize=11, fontweight="bold")


def _spread(stack: SliceStack) -> list[int]:
    """Indices of slices, evenly among those with a label, among all where there is none."""
    occupied = np.flatnonzero(stack.labels.any(axis=(1, 2)))
    pool = occupied if occupied.size else np.arange(len(stack.labels))
    positions = np.linspace(0, pool.size - 1, min(_PICTURES, pool.size) + 2)[1:-1] if pool.size > _PICTURES else None
    return [int(pool[round(position)]) for position in positions] if positions is not None else pool.tolist()


def _png(figure: Figure) -> bytes:
    memory = io.BytesIO()
    figure.savefig(memory, format="png", facecolor=figure.get_facecolor())
    return memory.getvalue()
