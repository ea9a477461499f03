"""A chart as inline SVG: frame, axes and marks, with a title and a text that says what it shows.

Colours are the page's (``report.css``), so that a chart follows light, dark and print. Source and target differ in
shape too: circles against diamonds, solid against dashed lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .scale import Scale

Point = tuple[float, float]

#: Half the size of a mark in drawing units.
MARK = 4.2
#: Wider drawings are not made to fit a phone; they scroll.
_WIDE = 600
#: Room for a letter of an axis' name.
_LETTER = 7.4


class Plot:
    """One chart under construction.

    Args:
        name: unique on the page; letters, digits and hyphens.
        x, y: the axes.
        x_title: below the axis; with the unit.
        y_title: above the axis; with the unit.
        width, height: of the drawing; also its size in CSS pixels where there is room.
        left: space for the labels of the y axis.
        tilted: labels of the x axis are long and stand aslant.
    """

    def __init__(
        self,
        name: str,
        x: Scale,
        y: Scale,
        x_title: str = "",
        y_title: str = "",
        width: int = 340,
        height: int = 260,
        left: int = 46,
        tilted: bool = False,
    ) -> None:
        self._name, self._x_scale, self._y_scale = name, x, y
        self._x_title, self._y_title = x_title, y_title
        self._width, self._height = width, height
        self._left, self._right, self._top = left, width - 12, 28
        self._bottom = height - (92 if tilted else 42 if x_title else 26)
        self._tilted = tilted
        self._parts: list[str] = []

    def x(self, value: float) -> float:
        """Horizontal position of a value in the drawing."""
        return self._left + self._x_scale.share(value) * (self._right - self._left)

    def y(self, value: float) -> float:
        """Vertical position of a value in the drawing."""
        return self._bottom - self._y_scale.share(value) * (self._bottom - self._top)

    def mark(self, kind: str, x: float, y: float, title: str = "", shift: float = 0.0, css: str = "mark") -> None:
        """A value: a circle for ``source``, a diamond for ``target``.

        Args:
            title: shown by the browser on the mark.
            shift: horizontal, in drawing units.
        """
        self._parts.append(
            mark_svg(kind, self.x(x) + shift, self.y(y), MARK if css == "mark" else 1.5 * MARK, title, css)
        )

    def dots(self, kind: str, points: Sequence[Point]) -> None:
        """Very many values as one path of dots, which say no more than where they are."""
        path = "".join(f"M{self.x(x):.1f} {self.y(y):.1f}h0" for x, y in points)
        self._parts.append(f'<path class="dots {kind}" d="{path}"/>')

    def line(self, css: str, points: Sequence[Point]) -> None:
        """Straight lines through points."""
        places = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        self._parts.append(f'<polyline class="{css}" points="{places}"/>')

    def area(self, css: str, points: Sequence[Point], title: str = "") -> None:
        """A filled polygon."""
        places = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        inner = f"<title>{escape(title)}</title>" if title else ""
        self._parts.append(f'<polygon class="{css}" points="{places}">{inner}</polygon>')

    def whisker(self, kind: str, x: float, low: float, high: float, shift: float = 0.0) -> None:
        """A vertical interval with caps."""
        place, y0, y1 = self.x(x) + shift, self.y(low), self.y(high)
        path = f"M{place - 5:.1f} {y0:.1f}h10M{place - 5:.1f} {y1:.1f}h10M{place:.1f} {y0:.1f}V{y1:.1f}"
        self._parts.append(f'<path class="whisker {kind}" d="{path}"/>')

    def mean_bar(
        self, kind: str, x: float, mean: float, limits: tuple[float, float] | None, title: str, shift: float
    ) -> None:
        """A mean as a bar, within a box from limit to limit."""
        place, half = self.x(x) + shift, 9.0
        inner = f"<title>{escape(title)}</title>"
        if limits is not None:
            top, bottom = self.y(limits[1]), self.y(limits[0])
            size = f'x="{place - half:.1f}" y="{top:.1f}" width="{2 * half:g}" height="{max(bottom - top, 0.1):.1f}"'
            self._parts.append(f'<rect class="limits {kind}" {size}>{inner}</rect>')
        self._parts.append(
            f'<path class="mean-bar {kind}" d="M{place - half:.1f} {self.y(mean):.1f}h{2 * half:g}">{inner}</path>'
        )

    def span(self, css: str, low: float, high: float, y: float) -> None:
        """A horizontal interval with caps."""
        x0, x1, place = self.x(low), self.x(high), self.y(y)
        path = f"M{x0:.1f} {place - 5:.1f}v10M{x1:.1f} {place - 5:.1f}v10M{x0:.1f} {place:.1f}H{x1:.1f}"
        self._parts.append(f'<path class="whisker {css}" d="{path}"/>')

    def disc(self, css: str, x: float, y: float, title: str) -> None:
        """A value that belongs to neither side."""
        self._parts.append(
            f'<circle class="mark {css}" cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="{MARK:g}">'
            f"<title>{escape(title)}</title></circle>"
        )

    def text(self, words: str, x: float, y: float, css: str = "", anchor: str = "middle", down: float = 4.0) -> None:
        """A few words at a place."""
        self._parts.append(
            f'<text class="{css}" x="{self.x(x):.1f}" y="{self.y(y) + down:.1f}" text-anchor="{anchor}">'
            f"{escape(words)}</text>"
        )

    def svg(self, title: str, description: str) -> str:
        """The drawing.

        Args:
            title: what is shown, for who cannot see it.
            description: the same values in words.
        """
        css = "plot wide" if self._width > _WIDE else "plot"
        size = f'viewBox="0 0 {self._width} {self._height}" style="--width:{self._width}px"'
        return (
            f'<svg class="{css}" {size} role="img" aria-labelledby="{self._name}-title {self._name}-text">'
            f'<title id="{self._name}-title">{escape(title)}</title>'
            f'<desc id="{self._name}-text">{escape(description)}</desc>'
            f'<g aria-hidden="true">{self._axes()}{"".join(self._parts)}</g></svg>'
        )

    def _axes(self) -> str:
        parts = []
        for value, label in self._y_scale.ticks:
            y = self.y(value)
            parts.append(f'<path class="grid" d="M{self._left} {y:.1f}H{self._right}"/>')
            parts.append(f'<text x="{self._left - 6}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>')
        for value, label in self._x_scale.ticks:
            x = self.x(value)
            parts.append(f'<path class="axis" d="M{x:.1f} {self._bottom}v4"/>')
            if self._tilted:
                place = f'transform="translate({x + 4:.1f} {self._bottom + 14}) rotate(-38)" text-anchor="end"'
            else:
                place = f'x="{x:.1f}" y="{self._bottom + 17}" text-anchor="middle"'
            parts.append(f"<text {place}>{escape(label)}</text>")
        parts.append(f'<path class="axis" d="M{self._left} {self._bottom}H{self._right}"/>')
        if self._x_title:
            half = _LETTER * len(self._x_title) / 2
            middle = min((self._left + self._right) / 2, self._width - half)
            parts.append(
                f'<text class="name" x="{middle}" y="{self._height - 6}" text-anchor="middle">'
                f"{escape(self._x_title)}</text>"
            )
        parts.append(f'<text class="name" x="4" y="13">{escape(self._y_title)}</text>')
        return "".join(parts)


def mark_svg(kind: str, x: float, y: float, size: float, title: str = "", css: str = "mark") -> str:
    """A circle for ``source``, a diamond for ``target``, centred on (x, y)."""
    inner = f"<title>{escape(title)}</title>" if title else ""
    if kind == "source":
        return f'<circle class="{css} {kind}" cx="{x:.1f}" cy="{y:.1f}" r="{size:g}">{inner}</circle>'
    reach = 1.25 * size
    path = f"M{x:.1f} {y - reach:.1f}l{reach:g} {reach:g}l{-reach:g} {reach:g}l{-reach:g} {-reach:g}z"
    return f'<path class="{css} {kind}" d="{path}">{inner}</path>'


def legend(entries: Sequence[tuple[str, str]]) -> str:
    """Names of marks and lines below a chart: (kind of ``key_svg``, words)."""
    return (
        '<ul class="legend">' + "".join(f"<li>{key_svg(kind)}{escape(words)}</li>" for kind, words in entries) + "</ul>"
    )


def key_svg(kind: str) -> str:
    """A mark or line as it is drawn in a chart: ``source``, ``target``, or the classes of a line."""
    if kind in ("source", "target"):
        inner = mark_svg(kind, 9, 7, MARK)
    else:
        inner = f'<polyline class="{kind}" points="0,7 18,7"/>'
    return f'<svg class="plot-key" viewBox="0 0 18 14" aria-hidden="true">{inner}</svg>'
