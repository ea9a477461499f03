"""Attention against truth and against prediction, one mark a case, over the zones of the diagnostic rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ...alignment.verdict import DIFFUSE, FAITHFUL, INCONCLUSIVE, SPURIOUS, paper_rule
from ...request import VerdictCutoffs
from .plot import Plot
from .scale import fixed_scale
from .strip_chart import MOST_NAMED

#: (case, XAI-GT IoU, XAI-PM IoU).
CasePoint = tuple[str, float, float]


def alignment_chart(
    name: str,
    cases: Mapping[str, Sequence[CasePoint]],
    means: Mapping[str, tuple[float, float]],
    cutoffs: Mapping[str, float],
    labels: Mapping[str, str],
) -> str:
    """The chart as SVG, or nothing where no case has both values.

    Args:
        name: unique on the page.
        cases: of each side.
        means: of each side that has them, (XAI-GT IoU, XAI-PM IoU).
        cutoffs: of the verdict: high, low, gap.
        labels: names of the sides.
    """
    if not any(cases.values()):
        return ""
    unit = fixed_scale(0.0, 1.0, 0.2)
    plot = Plot(
        name, unit, unit, "XAI-GT IoU: attention on the truth", "XAI-PM IoU: attention on the prediction", 460, 470
    )
    _zones(plot, cutoffs)
    plot.line("reference", [(0, 0), (1, 1)])
    words = []
    for side, points in cases.items():
        if len(points) > MOST_NAMED:
            plot.dots(side, [(true, inside) for _, true, inside in points])
        else:
            for case, true, inside in points:
                plot.mark(side, true, inside, f"{case}: XAI-GT {true:.2f}, XAI-PM {inside:.2f}")
        words.append(f"{labels[side]}: {len(points)} cases, {_in_zones(points, cutoffs)}.")
    for side, (true, inside) in means.items():
        plot.mark(side, true, inside, f"mean of {labels[side]}", css="mean")
        words.append(f"Mean of {labels[side]}: XAI-GT {true:.3f}, XAI-PM {inside:.3f}.")
    return plot.svg("Alignment of attention with truth and with prediction, per case", " ".join(words))


def _zones(plot: Plot, cutoffs: Mapping[str, float]) -> None:
    high, low, gap = cutoffs["high"], cutoffs["low"], cutoffs["gap"]
    plot.area("zone good", [(high, high), (1, high), (1, 1), (high, 1)])
    plot.area("zone none", [(0, 0), (low, 0), (low, low), (0, low)])
    corner = max(low - gap, 0.0)  # left of it, being above `low` is enough of a gap
    foot = [(0.0, max(low, gap)), (corner, low), (low, low + gap)] if gap <= low else [(0.0, gap), (low, low + gap)]
    plot.area("zone bad", [*foot, (low, 1), (0, 1)])
    plot.text("faithful", (high + 1) / 2, 1, "zone-name", down=16)
    plot.text("low XAI-GT", low / 2, 1, "zone-name", down=16)
    plot.text("diffuse", low / 2, 0, "zone-name", down=-6)
    plot.text("inconclusive", (high + 1) / 2, 0, "zone-name", down=-6)


def _in_zones(points: Sequence[CasePoint], cutoffs: Mapping[str, float]) -> str:
    settings = VerdictCutoffs(high=cutoffs["high"], low=cutoffs["low"], gap=cutoffs["gap"])
    found = Counter(paper_rule(true, inside, settings) for _, true, inside in points)
    return (
        f"{found[FAITHFUL]} in the faithful zone, {found[DIFFUSE]} in the diffuse one, {found[SPURIOUS]} with low "
        f"XAI-GT but attention on the prediction, {found[INCONCLUSIVE]} between the zones"
    )
