"""The distributions of two cohorts as pictures: intensity, spacing, noise, vessel diameters.

The two colours are of M. Okabe and K. Ito's palette, which people with colour-blindness tell apart; the cohorts also
differ in line style and marker, for print without colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .quantities import AXES

_STYLES: Mapping[str, dict[str, Any]] = {
    "source": {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    "target": {"color": "#D55E00", "linestyle": "--", "marker": "D"},
}
_DPI = 150
_PHANTOM_NOTE = "phantom data: synthetic, not patients"


def intensity_plot(comparison: Mapping[str, Any]) -> Figure:
    """All voxels, on a logarithmic axis, and those in the window."""
    figure = _figure(comparison, (9.0, 4.2), "Intensity, pooled over all cases")
    everything, window = figure.subplots(1, 2)
    parts = comparison["distributions"]
    low, high = comparison["settings"]["window_hu"]
    for axes, part, title in (
        (everything, parts["intensity"], "All voxels"),
        (window, parts["intensity_in_window"], f"In {low:g} to {high:g} HU"),
    ):
        axes.set_title(title, fontsize=10)
        if not _draw_histogram(axes, comparison, part):
            _say(axes, "no case is in HU")
        axes.set_xlabel("Intensity (HU)")
        axes.set_ylabel("Share of voxels per HU")
    _make_logarithmic(everything, parts["intensity"])
    return figure


def diameter_plot(comparison: Mapping[str, Any]) -> Figure:
    """Diameters at the skeleton voxels of all cases, in bins and cumulated."""
    figure = _figure(comparison, (9.0, 4.2), "Vessel diameter at the skeleton, pooled over all cases")
    bins, cumulated = figure.subplots(1, 2)
    part = comparison["distributions"]["diameter"]
    if _draw_histogram(bins, comparison, part):
        _draw_cumulated(cumulated, comparison, part)
    else:
        _say(bins, "no case has vessels to measure")
        _say(cumulated, "no case has vessels to measure")
    bins.set_ylabel("Share of skeleton voxels per mm")
    cumulated.set_ylabel("Cumulated share of skeleton voxels")
    for axes in (bins, cumulated):
        axes.set_xlabel("Diameter (mm)")
    return figure


def spacing_plot(comparison: Mapping[str, Any]) -> Figure:
    """The spacing of every case along the patient's axes."""
    figure = _figure(comparison, (9.0, 3.6), "Voxel spacing, one mark a case")
    spacing = comparison["distributions"]["spacing"]
    for axes, (axis, name) in zip(figure.subplots(1, 3), AXES.items(), strict=True):
        axes.set_title(f"{axis.replace('_', '-').capitalize()} ({name})", fontsize=10)
        _draw_cases(axes, comparison, spacing[axis])
        axes.set_ylabel("Spacing (mm)")
        axes.set_ylim(0, 1.15 * max(max(spacing[axis][side]) for side in _STYLES))
    return figure


def noise_plot(comparison: Mapping[str, Any]) -> Figure:
    """The compared estimator's value of every case."""
    noise = comparison["distributions"]["noise"]
    figure = _figure(comparison, (5.0, 4.2), "Noise, one mark a case")
    axes = figure.subplots()
    values = [*noise["source"], *noise["target"]]
    if values:
        _draw_cases(axes, comparison, noise)
        axes.set_ylim(0, 1.15 * max(max(values), 1e-3))
        axes.set_title(f"Estimator: {noise['estimator']}", fontsize=10)
    else:
        _say(axes, "no estimator is valid in every case")
    axes.set_ylabel("Standard deviation of the noise (HU)")
    return figure


def save_png(figure: Figure, file: BinaryIO) -> None:
    """Write a plot as PNG."""
    FigureCanvasAgg(figure)
    figure.savefig(file, format="png", dpi=_DPI)


def _figure(comparison: Mapping[str, Any], size_inches: tuple[float, float], title: str) -> Figure:
    figure = Figure(size_inches, layout="constrained", facecolor="white")
    note = f"\n{_PHANTOM_NOTE}" if comparison["phantom"] else ""
    figure.suptitle(f"{title}{note}", fontsize=11)
    return figure


def _draw_histogram(axes: Axes, comparison: Mapping[str, Any], part: Mapping[str, Any]) -> bool:
    """Whether there was anything to draw."""
    sides = [side for side in _STYLES if part[side] is not None]
    widths = np.diff(part["edges"])
    for side in sides:
        style = {key: _STYLES[side][key] for key in ("color", "linestyle")}
        density = np.array(part[side]) / widths
        axes.stairs(density, part["edges"], label=_label(comparison, side), linewidth=1.6, **style)
    if sides:
        axes.set_xlim(part["edges"][0], part["edges"][-1])
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, fontsize=9)
    return bool(sides)


def _make_logarithmic(axes: Axes, part: Mapping[str, Any]) -> None:
    """Air and tissue fill most of a head: vessels and bone are seen on a logarithmic axis alone."""
    widths = np.diff(part["edges"])
    densities = np.concatenate([np.array(part[side]) / widths for side in _STYLES if part[side] is not None] or [[]])
    filled = densities[densities > 0]
    if filled.size:
        axes.set_yscale("log")
        axes.set_ylim(filled.min() / 2, filled.max() * 2)


def _draw_cumulated(axes: Axes, comparison: Mapping[str, Any], part: Mapping[str, Any]) -> None:
    for side in _STYLES:
        if part[side] is not None:
            style = {key: _STYLES[side][key] for key in ("color", "linestyle")}
            shares = np.concatenate([[0.0], np.cumsum(part[side])])
            axes.plot(part["edges"], shares, label=_label(comparison, side), linewidth=1.6, **style)
    axes.set_xlim(part["edges"][0], part["edges"][-1])
    axes.set_ylim(0, 1.02)
    axes.legend(frameon=False, fontsize=9, loc="lower right")


def _draw_cases(axes: Axes, comparison: Mapping[str, Any], values: Mapping[str, Sequence[float]]) -> None:
    for place, side in enumerate(_STYLES):
        known = values[side]
        if not known:
            continue
        style = _STYLES[side]
        # Fixed places beside each other, so that equal cases can be counted.
        offsets = np.linspace(-0.18, 0.18, len(known)) if len(known) > 1 else np.zeros(1)
        axes.plot(
            place + offsets,
            known,
            linestyle="none",
            marker=style["marker"],
            color=style["color"],
            markersize=6,
            alpha=0.6,
        )
        mean = float(np.mean(known))
        axes.plot([place - 0.3, place + 0.3], [mean, mean], color="black", linewidth=1.4)
        axes.annotate(f"{mean:.3g}", (place + 0.32, mean), va="center", fontsize=9)
    axes.set_xlim(-0.6, 1.75)
    axes.set_xticks([0, 1], [_label(comparison, side).replace(" (", "\n(") for side in _STYLES], fontsize=9)


def _label(comparison: Mapping[str, Any], side: str) -> str:
    cases = comparison[side]["cases"]
    return f"{side} ({cases} case{'' if cases == 1 else 's'})"


def _say(axes: Axes, text: str) -> None:
    """Instead of a picture; numbers on its axes would be of nothing."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="dimgrey")
