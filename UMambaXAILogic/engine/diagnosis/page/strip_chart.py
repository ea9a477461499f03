"""One value a case: source and target side by side, every case a mark, with the mean and its interval."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .plot import MARK, Plot
from .scale import Scale, linear_scale, named_scale

SIDES = ("source", "target")

#: Beyond this many cases a side, marks are dots without names: the page stays small.
MOST_NAMED = 300
#: Farthest shift of a mark from the middle of its strip.
_WIDEST = 48.0


@dataclass(frozen=True)
class Strip:
    """The cases of one side.

    Args:
        label: below the strip.
        values: (case, value) of the cases that have one; a name may be empty.
        mean: JSON of the mean's ``statistics.Interval``; None draws none.
    """

    label: str
    values: Sequence[tuple[str, float]]
    mean: Mapping[str, Any] | None = None


def strip_chart(
    name: str,
    title: str,
    axis: str,
    strips: Mapping[str, Strip],
    scale: Scale | None = None,
    line_at: float | None = None,
    digits: int = 2,
) -> str:
    """The chart as SVG, or nothing where no case has a value.

    Args:
        name: unique on the page.
        title: what is shown.
        axis: what the values are, with the unit.
        strips: by side.
        scale: of the values; None fits them.
        line_at: where a value means "no difference", say.
        digits: decimals of the values in words.
    """
    everything = [value for strip in strips.values() for _, value in strip.values]
    if not everything:
        return ""
    if scale is None:
        limits = [strip.mean[end] for strip in strips.values() if strip.mean for end in ("low", "high")]
        beyond = [value for value in (*limits, line_at) if value is not None]
        scale = linear_scale([*everything, *beyond])
    labels = [f"{strips[side].label} ({len(strips[side].values)})" for side in SIDES if side in strips]
    plot = Plot(name, named_scale(labels), scale, y_title=axis, width=300)
    if line_at is not None:
        plot.line("reference", [(-0.5, line_at), (len(labels) - 0.5, line_at)])
    words = []
    for place, side in enumerate(side for side in SIDES if side in strips):
        strip = strips[side]
        _draw(plot, side, place, strip, digits)
        words.append(_words(strip, digits))
    return plot.svg(title, " ".join(words))


def _draw(plot: Plot, side: str, place: int, strip: Strip, digits: int) -> None:
    heights = [plot.y(value) for _, value in strip.values]
    if len(strip.values) > MOST_NAMED:
        shifts = _rows(heights)
        width = plot.x(1) - plot.x(0)
        plot.dots(
            side, [(place + shift / width, value) for shift, (_, value) in zip(shifts, strip.values, strict=True)]
        )
    else:
        shifts = swarm(heights)
        for shift, (case, value) in zip(shifts, strip.values, strict=True):
            name = f"{case}: " if case else ""
            plot.mark(side, place, value, f"{name}{value:.{digits}f}", shift)
    mean = strip.mean
    if mean is None or mean["estimate"] is None:
        return
    limits = None if mean["low"] is None else (mean["low"], mean["high"])
    words = f"mean {mean['estimate']:.{digits}f}"
    if limits is not None:
        words += f", 95 % interval {limits[0]:.{digits}f} to {limits[1]:.{digits}f}"
    plot.mean_bar(side, place, mean["estimate"], limits, words, max(shifts, default=0.0) + 22)


def swarm(heights: Sequence[float]) -> list[float]:
    """Horizontal shifts, in drawing units, that keep marks from hiding each other: the smallest that are free."""
    reach = 2.1 * MARK
    candidates = [sign * step * MARK / 2 for step in range(int(2 * _WIDEST / MARK) + 1) for sign in (1, -1)]
    placed: list[tuple[float, float]] = []
    shifts = [0.0] * len(heights)
    for index in sorted(range(len(heights)), key=lambda entry: heights[entry]):
        near = [place for place in placed if abs(place[0] - heights[index]) < reach]
        free = (
            shift
            for shift in candidates
            if all((shift - x) ** 2 + (heights[index] - y) ** 2 >= reach**2 for y, x in near)
        )
        shifts[index] = next(free, 0.0)
        placed.append((heights[index], shifts[index]))
    return shifts


def _rows(heights: Sequence[float]) -> list[float]:
    """Shifts of very many dots: those in a row of the drawing side by side, as wide as there is room."""
    rows = Counter(round(height / MARK) for height in heights)
    step = min(MARK, 2 * _WIDEST / max(rows.values()))
    seen: Counter[int] = Counter()
    shifts = []
    for height in heights:
        row = round(height / MARK)
        number = seen[row]
        seen[row] += 1
        shifts.append(step * (-1) ** number * ((number + 1) // 2))
    return shifts


def _words(strip: Strip, digits: int) -> str:
    values = sorted(value for _, value in strip.values)
    if not values:
        return f"{strip.label}: no case has a value."
    middle = (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
    return (
        f"{strip.label}: {len(values)} {'case' if len(values) == 1 else 'cases'}, lowest {values[0]:.{digits}f}, "
        f"median {middle:.{digits}f}, highest {values[-1]:.{digits}f}."
    )
