"""Equal terms: one fill, one seed, and one budget.

Methods that can spend as much as they like get as much as all others may spend.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from ..case.plan import PlannedMethod
from ..inference.explanation import Explained
from ..progress import Reporter

_FEWEST_REGIONS = 2


def alike(planned: PlannedMethod, fill: str, seed: int) -> PlannedMethod:
    """The method with the fill and the seed that all maps of a benchmark share, where it has them."""
    shared: dict[str, Any] = {"fill": fill, "seed": seed}
    own = {name: value for name, value in shared.items() if name in planned.method.facts.settings}
    return dataclasses.replace(planned, settings=dataclasses.replace(planned.settings, **own))


def within_budget(planned: PlannedMethod, case: Explained, budget: int, reporter: Reporter) -> PlannedMethod:
    """The method with as many samples or regions as ``budget`` allows.

    A gradient pass counts as two forward passes. A region costs a pass for every window that it touches: as many as
    hold an explained voxel on average.

    Args:
        case: with a voxel in M.
        budget: forward passes of every window with a voxel in M, in multiples of these windows.
        reporter: warned where there are fewer than asked.
    """
    settings = planned.settings
    names = planned.method.facts.settings
    if "samples" in names:
        most = max(1, budget // 3)  # predict, then forward and backward
        if settings.samples > most:
            _say(reporter, planned, f"{most} samples instead of {settings.samples}")
            settings = dataclasses.replace(settings, samples=most)
    if "max_regions" in names:
        windows = case.plan.touching(case.mask)
        holding = sum(int(case.mask[window].sum()) for window in windows) / int(case.mask.sum())
        most = max(_FEWEST_REGIONS, int(budget * len(windows) / holding))
        if settings.max_regions > most:
            _say(reporter, planned, f"at most {most} regions instead of {settings.max_regions}")
            settings = dataclasses.replace(settings, max_regions=most)
    return dataclasses.replace(planned, settings=settings)


def _say(reporter: Reporter, planned: PlannedMethod, what: str) -> None:
    reporter.warning("within_budget", f"{planned.method.facts.title} gets {what}: the budget is the same for all.")
