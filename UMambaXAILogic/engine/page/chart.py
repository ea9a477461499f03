"""The slice chart as inline SVG: Dice and XAI-GT F1 from feet to head, with the category of every slice."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from ..alignment.categories import CATEGORIES
from .words import CATEGORY_WORDS, number

WIDTH, HEIGHT = 960, 360
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 84
BAND_TOP, BAND_HEIGHT = HEIGHT - BOTTOM + 8, 14

Point = tuple[float, float | None]


@dataclass(frozen=True)
class SliceValues:
    """What the chart shows of one slice."""

    slice: int
    position_mm: float
    dice: float | None
    xai_gt_f1: float | None
    xai_pm_f1: float | None
    category: str


def slice_values(rows: Iterable[dict[str, str]]) -> list[SliceValues]:
    """Rows of slices.csv from feet to head."""
    values = [
        SliceValues(
            int(row["slice"]),
            float(row["position_s_mm"]),
            _value(row["dice"]),
            _value(row["xai_gt_f1"]),
            _value(row["xai_pm_f1"]),
            row["category"],
        )
        for row in rows
    ]
    return sorted(values, key=lambda value: value.position_mm)


def _value(cell: str) -> float | None:
    return float(cell) if cell else None


class SliceChart:
    """The chart of one case.

    Args:
        values: from feet to head, at least one.
        threshold: the reporting threshold, for the legend.
    """

    def __init__(self, values: Sequence[SliceValues], threshold: float) -> None:
        self._values = values
        self._threshold = threshold
        low, high = values[0].position_mm, values[-1].position_mm
        self._pitch = (high - low) / (len(values) - 1) if len(values) > 1 else 1.0
        self._low, self._high = low - self._pitch / 2, high + self._pitch / 2

    def x(self, position_mm: float) -> float:
        """Horizontal position of a slice in the drawing."""
        share = (position_mm - self._low) / (self._high - self._low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    @staticmethod
    def y(value: float) -> float:
        """Vertical position of a score; the range is always 0 to 1."""
        return TOP + (1 - value) * (HEIGHT - TOP - BOTTOM)

    def svg(self) -> str:
        """The drawing; colours come from the page's style."""
        # Drawn in this order: the thin lines stay visible on the thick one where they coincide.
        series = [
            ("dice", "Dice", [(value.position_mm, value.dice) for value in self._values]),
            ("gt", "XAI-GT F1", [(value.position_mm, value.xai_gt_f1) for value in self._values]),
            ("pm", "XAI-PM F1", [(value.position_mm, value.xai_pm_f1) for value in self._values]),
        ]
        series = [entry for entry in series if any(value is not None for _, value in entry[2])]
        label = "Scores of every slice from feet to head"
        parts = [
            f'<svg id="chart" class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">',
            *self._axes(),
            *self._bands(),
            *(self._series(name, points) for name, _, points in series),
            *self._hover(),
            f'<line id="cursor" class="cursor" x1="{LEFT}" x2="{LEFT}" y1="{TOP}" y2="{BAND_TOP + BAND_HEIGHT}"/>',
            "</svg>",
        ]
        return "".join(parts) + self._legend([(name, title) for name, title, _ in series])

    def _axes(self) -> list[str]:
        parts = []
        for step in range(6):
            y = self.y(step / 5)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text class="tick" x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{step / 5:.1f}</text>')
        tick = round_step(self._high - self._low)
        mark = -(-self._low // tick) * tick
        while mark <= self._high:
            x, below = self.x(mark), BAND_TOP + BAND_HEIGHT
            parts.append(f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{below}" y2="{below + 4}"/>')
            parts.append(f'<text class="tick" x="{x:.1f}" y="{below + 18}" text-anchor="middle">{mark:g}</text>')
            mark += tick
        place = f'x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle"'
        parts.append(f'<text class="title" {place}>Position S (mm), feet to head</text>')
        return parts

    def _bands(self) -> list[str]:
        half = self._pitch / 2
        parts = []
        for value in self._values:
            if not value.category:
                continue
            x0, x1 = self.x(value.position_mm - half), self.x(value.position_mm + half)
            parts.append(
                f'<rect class="band {value.category}" x="{x0:.2f}" y="{BAND_TOP}" width="{x1 - x0 + 0.3:.2f}" '
                f'height="{BAND_HEIGHT}"/>'
            )
        return parts

    def _series(self, name: str, points: Sequence[Point]) -> str:
        """A line with gaps where a value cannot be computed; a value between two gaps is a dot."""
        runs: list[list[str]] = [[]]
        for position, value in points:
            if value is None:
                runs.append([])
            else:
                runs[-1].append(f"{self.x(position):.1f},{self.y(value):.1f}")
        lines = "".join(f'<polyline points="{" ".join(run)}"/>' for run in runs if len(run) > 1)
        dots = "".join('<circle r="2.4" cx="{}" cy="{}"/>'.format(*run[0].split(",")) for run in runs if len(run) == 1)
        return f'<g class="series {name}">{lines}{dots}</g>'

    def _hover(self) -> list[str]:
        half = self._pitch / 2
        parts = []
        for value in self._values:
            x0, x1 = self.x(value.position_mm - half), self.x(value.position_mm + half)
            words = CATEGORY_WORDS.get(value.category, "")
            title = (
                f"slice {value.slice}, S {value.position_mm:.1f} mm\nDice {number(value.dice)}\n"
                f"XAI-GT F1 {number(value.xai_gt_f1)}\nXAI-PM F1 {number(value.xai_pm_f1)}\n{words}"
            )
            parts.append(
                f'<rect class="hover" x="{x0:.2f}" y="{TOP}" width="{x1 - x0:.2f}" '
                f'height="{BAND_TOP + BAND_HEIGHT - TOP}"><title>{escape(title)}</title></rect>'
            )
        return parts

    def _legend(self, series: Sequence[tuple[str, str]]) -> str:
        lines = "".join(
            f'<li><svg viewBox="0 0 34 10" class="key"><g class="series {name}"><polyline points="1,5 33,5"/></g></svg>'
            f"{title}{'' if name == 'dice' else f' at {self._threshold:g}'}</li>"
            for name, title in series
        )
        present = {value.category for value in self._values}
        bands = "".join(
            f'<li><span class="swatch {name}"></span>{CATEGORY_WORDS[name]}</li>'
            for name in CATEGORIES
            if name in present
        )
        return f'<ul class="legend">{lines}</ul>' + (f'<ul class="legend">{bands}</ul>' if bands else "")


def round_step(span: float, most: int = 9) -> float:
    """A tick distance of 1, 2 or 5 times a power of ten that divides a span (> 0) into at most ``most`` parts."""
    power = 10.0 ** math.floor(math.log10(span / most))
    return next((factor * power for factor in (1, 2, 5) if span / (factor * power) <= most), 10 * power)
