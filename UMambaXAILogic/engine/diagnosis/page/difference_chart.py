"""Differences between two cohorts as marks with intervals, one row a measure, on one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from .plot import Plot
from .scale import linear_scale, named_scale

_ROW = 26
#: Room for a letter of a label, in drawing units.
_LETTER = 7.2


@dataclass(frozen=True)
class Difference:
    """One row.

    Args:
        label: of the measure.
        value: of the difference.
        low, high: of its interval; None without one.
    """

    label: str
    value: float
    low: float | None = None
    high: float | None = None


def difference_chart(name: str, title: str, axis: str, rows: Sequence[Difference]) -> str:
    """The chart in a box that scrolls, or nothing without rows; what lies right of 0 is larger in the target.

    Args:
        name: unique on the page.
        title: what is shown.
        axis: below the values.
        rows: from top to bottom.
    """
    if not rows:
        return ""
    limits = [value for row in rows for value in (row.value, row.low, row.high) if value is not None]
    labels = [row.label for row in reversed(rows)]
    x = linear_scale([*limits, 0.0], 7)
    left = 16 + round(_LETTER * max(map(len, labels)))
    plot = Plot(name, x, named_scale(labels), axis, width=640, height=_ROW * len(rows) + 72, left=left)
    plot.line("reference", [(0, -0.5), (0, len(rows) - 0.5)])
    words = []
    for index, row in enumerate(rows):
        place = len(rows) - 1 - index
        interval = ""
        if row.low is not None and row.high is not None:
            plot.span("difference", row.low, row.high, place)
            interval = f", 95 percent interval {row.low:.3f} to {row.high:.3f}"
        else:
            plot.line("stem", [(0, place), (row.value, place)])
        plot.disc("difference", row.value, place, f"{row.label}: {row.value:.3f}{interval}")
        words.append(f"{row.label}: {row.value:.3f}{interval}.")
    svg = plot.svg(title, " ".join(words))
    return f'<div class="scroll" role="region" aria-label="{escape(title)}" tabindex="0">{svg}</div>'
