"""The waterfall: from the score of the cases as they are, factor by factor, to the other cohort's."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

_DROP, _GAIN, _UNEXPLAINED, _INK, _SOFT = "#c2334d", "#2878a8", "#9aa3ad", "#1c232b", "#5d6873"
_BAR_HEIGHT = 0.56
_ENDS = {"source_to_target": ("source", "target"), "target_to_source": ("target", "source")}


def waterfall_png(body: Mapping[str, Any]) -> bytes:
    """The figure of shift.json's contents, PNG.

    One panel a measure that could be analysed. Bars are mean Shapley values, drawn where the factors before them in
    the fixed order end; whiskers are 95 % intervals over cases, dots the cases where there are fewer than six.
    """
    measures = [found for found in body["measures"].values() if found["cases"]]
    rows = max((len(found["factors"]) for found in measures), default=1) + 4
    figure = Figure(figsize=(8.2, 0.9 + (0.42 * rows + 1.0) * max(len(measures), 1)), dpi=150, facecolor="white")
    FigureCanvasAgg(figure)
    if not measures:
        figure.text(0.5, 0.5, "No case could be analysed", ha="center", va="center", color=_INK)
    for number, found in enumerate(measures, 1):
        _Panel(figure.add_subplot(len(measures), 1, number), found, body["direction"]).draw()
    title = "Shares of the drop by factor"
    if body["phantom"]:
        title += "   PHANTOM: synthetic data, not a patient"
    if body["direction"] == "target_to_source":
        title += "\nfrom target toward source: approximate"
    figure.suptitle(title, x=0.02, ha="left", fontsize=11, fontweight="bold", color=_INK)
    figure.legend(handles=_legend(), loc="lower left", ncols=6, fontsize=7.5, frameon=False)
    figure.tight_layout(rect=(0, 0.035, 1, 0.99))
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()


class _Panel:
    """One measure.

    Args:
        axes: to draw on.
        found: of ``measures`` in shift.json.
        direction: of shift.json.
    """

    def __init__(self, axes: Axes, found: Mapping[str, Any], direction: str) -> None:
        self._axes, self._found = axes, found
        self._start, self._goal = _ENDS[direction]
        self._labels: list[str] = []
        self._texts: list[str] = []
        self._ends: list[float] = []

    def draw(self) -> None:
        """Rows from top to bottom."""
        found = self._found
        self._level(f"{self._start}, as it is ({_cases(found['cases'])})", found["before"])
        level = found["before"]["estimate"]
        for factor in found["factors"]:
            share = factor["share_percent"]
            words = f"{factor['shapley']['estimate']:+.3f}" + ("" if share is None else f"  ({round(share)} %)")
            control = factor["control"]["estimate"]
            level = self._step(factor["title"], level, factor["shapley"], words, control)
        self._level(f"{self._start}, all factors", found["after"])
        if found["residual"] is not None:
            difference = found["residual"]["difference"]
            self._step("unexplained", level, difference, f"{difference['estimate']:+.3f}", None, _UNEXPLAINED)
            goal = found["residual"]["target"]
            self._level(f"{self._goal} ({_cases(goal['count'])})", goal)
        self._finish()

    def _level(self, label: str, interval: Mapping[str, Any]) -> None:
        row = self._row(label, f"{interval['estimate']:.3f}")
        self._spread(row, interval, 0.0)
        self._axes.plot(interval["estimate"], row, "s", color=_INK, markersize=6, zorder=4)
        self._ends.append(interval["estimate"])

    def _step(
        self,
        label: str,
        level: float,
        interval: Mapping[str, Any],
        words: str,
        control: float | None,
        color: str | None = None,
    ) -> float:
        change = interval["estimate"]
        row = self._row(label, words)
        color = color or (_DROP if change < 0 else _GAIN)
        self._axes.barh(row, change, _BAR_HEIGHT, left=level, color=color, zorder=2)
        self._axes.plot([level, level], [row - 1, row + _BAR_HEIGHT / 2], color=_SOFT, linewidth=0.7, zorder=1)
        self._spread(row, interval, level)
        if control is not None:
            self._axes.plot(level + control, row, "D", color="white", markeredgecolor=_INK, markersize=4.5, zorder=5)
            self._ends.append(level + control)
        self._ends += [level, level + change]
        return level + change

    def _spread(self, row: int, interval: Mapping[str, Any], level: float) -> None:
        """Whiskers of an interval, or the cases where there are too few for one."""
        if interval["low"] is not None:
            ends = [level + interval["low"], level + interval["high"]]
            self._axes.plot(ends, [row, row], color=_INK, linewidth=1.2, marker="|", markersize=7, zorder=3)
        else:
            ends = [level + value for value in interval["values"]]
            self._axes.plot(ends, [row] * len(ends), "o", color=_INK, markersize=2.6, alpha=0.75, zorder=3)
        self._ends += ends

    def _row(self, label: str, words: str) -> int:
        self._labels.append(label)
        self._texts.append(words)
        return len(self._labels) - 1

    def _finish(self) -> None:
        axes, rows = self._axes, len(self._labels)
        low, high = min(self._ends), max(self._ends)
        margin = max(0.06 * (high - low), 0.005)
        axes.set_xlim(low - margin, high + margin)
        axes.set_ylim(rows - 0.4, -0.6)
        axes.set_yticks(range(rows), self._labels, fontsize=8.5, color=_INK)
        axes.set_xlabel(self._found["title"], fontsize=9, color=_INK)
        axes.tick_params(axis="x", labelsize=8, colors=_SOFT)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color="#e3e7eb", linewidth=0.7, zorder=0)
        axes.set_axisbelow(True)
        for side in ("top", "right", "left"):
            axes.spines[side].set_visible(False)
        for row, words in enumerate(self._texts):
            axes.text(1.01, row, words, transform=axes.get_yaxis_transform(), va="center", fontsize=8.5, color=_INK)


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"


def _legend() -> list[Any]:
    return [
        Patch(color=_DROP, label="drop"),
        Patch(color=_GAIN, label="gain"),
        Patch(color=_UNEXPLAINED, label="unexplained"),
        Line2D(
            [], [], marker="D", linestyle="", color="white", markeredgecolor=_INK, markersize=5, label="own control"
        ),
    ]
