"""Bars in groups side by side, as inline SVG; colours come from the page's style."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from .chart import round_step
from .words import number

WIDTH, HEIGHT = 460, 290
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 26, 48
_FILLED = 0.76  # of a group's width


@dataclass(frozen=True)
class Series:
    """Bars of one colour.

    Args:
        css: class of the page's style.
        title: for the legend.
        values: at least 0, one a group; None draws no bar.
    """

    css: str
    title: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class BarChart:
    """A chart of groups of bars.

    Args:
        label: what the chart shows, for those who cannot see it.
        x_title, y_title: of the axes.
        groups: name of each group, for the words at its bars.
        ticks: (place, text) along the x axis; group i reaches from i to i + 1.
        series: at least one; each has a value a group.
        marked: a place on the x axis that a line marks, and its name.
    """

    label: str
    x_title: str
    y_title: str
    groups: Sequence[str]
    ticks: Sequence[tuple[float, str]]
    series: Sequence[Series]
    marked: tuple[float, str] | None = None

    def svg(self) -> str:
        """The drawing with its legend."""
        top = self._top()
        parts = [
            f'<svg class="bars" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(self.label)}">',
            *self._axes(top),
            *(self._bar(order, group, top) for order in range(len(self.series)) for group in range(len(self.groups))),
            *self._mark(),
            "</svg>",
        ]
        entries = "".join(f'<li><span class="swatch {one.css}"></span>{escape(one.title)}</li>' for one in self.series)
        return f'{"".join(parts)}<ul class="legend">{entries}</ul>'

    def _x(self, place: float) -> float:
        return LEFT + place / len(self.groups) * (WIDTH - LEFT - RIGHT)

    def _top(self) -> float:
        """Upper end of the y axis: a round number at or above every value."""
        largest = max((value for one in self.series for value in one.values if value is not None), default=0.0)
        if largest == 0:
            return 1.0
        step = round_step(largest, 5)
        return step * math.ceil(largest / step - 1e-9)

    def _axes(self, top: float) -> list[str]:
        parts, step = [], round_step(top, 5)
        for index in range(round(top / step) + 1):
            y = HEIGHT - BOTTOM - index * step / top * (HEIGHT - TOP - BOTTOM)
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{index * step:.3g}</text>')
        for place, text in self.ticks:
            below = f'y="{HEIGHT - BOTTOM + 17}" text-anchor="middle"'
            parts.append(f'<text x="{self._x(place):.1f}" {below}>{escape(text)}</text>')
        middle = f'x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle"'
        parts.append(f'<text class="title" {middle}>{escape(self.x_title)}</text>')
        parts.append(f'<text class="title" x="4" y="14">{escape(self.y_title)}</text>')
        return parts

    def _bar(self, order: int, group: int, top: float) -> str:
        series = self.series[order]
        value = series.values[group]
        if value is None:
            return ""
        width = _FILLED * (self._x(1) - self._x(0)) / len(self.series)
        x = self._x(group + (1 - _FILLED) / 2) + order * width
        height = value / top * (HEIGHT - TOP - BOTTOM)
        words = escape(f"{self.groups[group]}: {series.title} {number(value)}")
        size = f'y="{HEIGHT - BOTTOM - height:.1f}" width="{width:.1f}" height="{height:.1f}"'
        return f'<rect class="{series.css}" x="{x:.1f}" {size}><title>{words}</title></rect>'

    def _mark(self) -> list[str]:
        if self.marked is None:
            return []
        x = self._x(self.marked[0])
        return [
            f'<line class="marked-place" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>',
            f'<text x="{x + 5:.1f}" y="{TOP + 10}">{escape(self.marked[1])}</text>',
        ]
