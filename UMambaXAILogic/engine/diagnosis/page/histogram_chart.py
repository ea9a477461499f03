"""How values are distributed in two cohorts: shares of common bins, drawn as outlines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .plot import Plot, Point
from .scale import Scale, linear_scale, log_scale

#: Smaller shares (percent) are drawn at the bottom of a logarithmic axis.
_SMALLEST_PERCENT = 0.001


def histogram_chart(
    name: str,
    title: str,
    axis: str,
    of_what: str,
    edges: Sequence[float],
    shares: Mapping[str, Sequence[float]],
    labels: Mapping[str, str],
    is_log: bool = False,
) -> str:
    """The chart as SVG, or nothing where there is nothing to show.

    Args:
        name: unique on the page.
        title: what is shown.
        axis: what is counted, with the unit.
        of_what: what a share is a share of.
        edges: of the bins, ascending.
        shares: of each side that has values, one a bin, 0 to 1.
        labels: names of the sides.
        is_log: shares on a logarithmic axis, where a few bins hold nearly everything.
    """
    percent = {side: [100 * share for share in values] for side, values in shares.items()}
    known = [share for values in percent.values() for share in values if share > 0]
    if not known:
        return ""
    around = linear_scale([edges[0], edges[-1]], 8)
    x = Scale(edges[0], edges[-1], tuple(tick for tick in around.ticks if edges[0] <= tick[0] <= edges[-1]))
    y = log_scale([max(min(known), _SMALLEST_PERCENT), max(known)]) if is_log else linear_scale(known, 5, True)
    plot = Plot(name, x, y, axis, f"% of {of_what}{' (logarithmic)' if is_log else ''}", width=470)
    outlines = {side: _outline(edges, values, y.low) for side, values in percent.items()}
    for side, outline in outlines.items():
        plot.area(f"fill {side}", [(edges[0], y.low), *outline, (edges[-1], y.low)])
    for side, outline in outlines.items():
        plot.line(f"curve {side}", outline)
    return plot.svg(title, " ".join(_words(labels[side], edges, values) for side, values in shares.items()))


def _outline(edges: Sequence[float], percent: Sequence[float], floor: float) -> list[Point]:
    heights = [max(share, floor) for share in percent]
    return [point for i, height in enumerate(heights) for point in ((edges[i], height), (edges[i + 1], height))]


def _words(label: str, edges: Sequence[float], shares: Sequence[float]) -> str:
    wanted = [0.05, 0.5, 0.95]
    places, below = [], 0.0
    for index, share in enumerate(shares):
        below += share
        while wanted and below >= wanted[0]:
            middle = (edges[index] + edges[index + 1]) / 2
            places.append(f"{100 * wanted.pop(0):.0f} percent lie below about {middle:.3g}")
    return f"{label}: {', '.join(places)}."
