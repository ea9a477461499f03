"""Alignment layer by layer, source and target side by side, with intervals over cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .plot import Plot
from .scale import fixed_scale, named_scale

_SHIFTS = {"source": -6.0, "target": 6.0}


def layer_chart(
    name: str, title: str, layers: Sequence[str], values: Mapping[str, Mapping[str, Any]], labels: Mapping[str, str]
) -> str:
    """The chart as SVG, or nothing where no layer has a value.

    Args:
        name: unique on the page.
        title: what is shown, for instance ``XAI-GT IoU``.
        layers: from the input to the output of the network.
        values: side -> layer -> mean over cases: JSON of a ``statistics.Interval`` or a number.
        labels: names of the sides.
    """
    plot = Plot(name, named_scale(layers), fixed_scale(0, 1, 0.2), "", title, 470, 300, tilted=True)
    words = []
    for side, of_layers in values.items():
        parts = []
        for place, layer in enumerate(layers):
            cell = of_layers.get(layer)
            low, value, high = limits_of(cell)
            if value is None:
                continue
            if low is not None and high is not None:
                plot.whisker(side, place, max(low, 0.0), min(high, 1.0), _SHIFTS[side])
            plot.mark(side, place, value, f"{labels[side]}, {layer}: {value:.3f}", _SHIFTS[side])
            parts.append(f"{layer} {value:.2f}")
        if parts:
            words.append(f"{labels[side]}: {', '.join(parts)}.")
    return plot.svg(f"{title} of every layer", " ".join(words)) if words else ""


def limits_of(cell: Any) -> tuple[float | None, float | None, float | None]:
    """Lower limit, estimate and upper limit of a table's cell, each None where it has none."""
    if isinstance(cell, Mapping):
        return cell["low"], cell["estimate"], cell["high"]
    return None, cell, None
