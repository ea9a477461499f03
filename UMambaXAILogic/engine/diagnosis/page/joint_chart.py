"""Slices by Dice and by XAI-GT F1: how many lie where, and the shares of the four groups of table 11."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .plot import Plot
from .scale import fixed_scale

#: Steps of Dice and of F1 in which slices are counted.
BINS = 20

#: (good Dice, good XAI-GT F1) -> (slices, percent or None).
Groups = Mapping[tuple[bool, bool], tuple[int, float | None]]


def bin_of(value: float) -> int:
    """The step, 0 to ``BINS`` - 1, that a score of 0 to 1 lies in."""
    return min(int(value * BINS), BINS - 1)


def joint_chart(
    name: str, side: str, label: str, cells: Mapping[tuple[int, int], int], groups: Groups, cutoffs: tuple[float, float]
) -> str:
    """The chart of one side as SVG, or nothing without slices. The area of a square is the number of slices there.

    Args:
        name: unique on the page.
        side: ``source`` or ``target``.
        label: of the side.
        cells: slices in every pair of steps (of Dice, of F1).
        groups: as table 11 has them.
        cutoffs: Dice and F1 are good from here on.
    """
    if not cells:
        return ""
    unit = fixed_scale(0.0, 1.0, 0.2)
    plot = Plot(name, unit, unit, "Dice of the slice", f"XAI-GT F1, {label}", 340, 350)
    largest = max(cells.values())
    for (column, row), count in sorted(cells.items()):
        half = max(0.09, math.sqrt(count / largest) / 2) / BINS
        x, y = (column + 0.5) / BINS, (row + 0.5) / BINS
        corners = [(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)]
        plot.area(f"cell {side}", corners, f"{count} slices, Dice about {x:.2f}, F1 about {y:.2f}")
    dice_cutoff, f1_cutoff = cutoffs
    plot.line("cutoff", [(dice_cutoff, 0), (dice_cutoff, 1)])
    plot.line("cutoff", [(0, f1_cutoff), (1, f1_cutoff)])
    words = []
    for (good_dice, good_f1), (count, percent) in groups.items():
        x = (dice_cutoff + 1) / 2 if good_dice else dice_cutoff / 2
        if percent is not None:
            plot.text(f"{percent:.0f} %", x, 1 if good_f1 else f1_cutoff, "share", down=16)
        kinds = f"{'good' if good_dice else 'bad'} Dice and {'good' if good_f1 else 'bad'} XAI-GT F1"
        words.append(f"{count} slices have {kinds}.")
    return plot.svg(f"Dice and XAI-GT F1 of the slices of {label}", " ".join(words))
