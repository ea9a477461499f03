"""Shares of slices in each category of Dice, one bar a cohort."""

from __future__ import annotations

from collections.abc import Mapping

from ...alignment.categories import CATEGORIES
from ...page.words import CATEGORY_WORDS
from .plot import Plot
from .scale import fixed_scale, named_scale

_HALF_BAR = 0.32
#: Narrower parts have no room for their number.
_NARROWEST_LABEL = 7.0


def category_chart(name: str, percents: Mapping[str, Mapping[str, float]], labels: Mapping[str, str]) -> str:
    """The chart as SVG with its legend, or nothing where no slice was counted.

    Args:
        name: unique on the page.
        percents: side -> category -> percent of its slices.
        labels: names of the sides.
    """
    shown = {side: shares for side, shares in percents.items() if any(shares.values())}
    if not shown:
        return ""
    sides = list(shown)
    plot = Plot(
        name, fixed_scale(0, 100, 20), named_scale(sides[::-1]), "% of all slices", width=470, height=190, left=60
    )
    words = []
    for index, side in enumerate(sides):
        middle = len(sides) - 1 - index
        low, high = middle - _HALF_BAR, middle + _HALF_BAR
        start = 0.0
        for category in CATEGORIES:
            share = shown[side].get(category, 0.0)
            end = start + share
            corners = [(start, low), (end, low), (end, high), (start, high)]
            plot.area(f"category {category}", corners, f"{labels[side]}, {CATEGORY_WORDS[category]}: {share:.1f} %")
            if share >= _NARROWEST_LABEL:
                plot.text(f"{share:.0f} %", start + share / 2, middle, "share")
            start = end
        listed = ", ".join(f"{CATEGORY_WORDS[key]} {share:.1f} %" for key, share in shown[side].items())
        words.append(f"{labels[side]}: {listed}.")
    present = [name for name in CATEGORIES if any(shares.get(name) for shares in shown.values())]
    keys = "".join(
        f'<li><span class="swatch category {name}"></span>{CATEGORY_WORDS[name].replace(">", "&gt;")}</li>'
        for name in present
    )
    svg = plot.svg("Slices in each category of Dice", " ".join(words))
    return f'<div class="with-keys">{svg}<ul class="legend">{keys}</ul></div>'
