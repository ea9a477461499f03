"""The maps of one case: by the methods, the baselines, and from files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..attribution.aggregation import AttentionMaps, unit_range
from ..case.plan import CasePlan, PlannedMethod
from ..case.record import peak_memory_mb, restart_peak_memory
from ..errors import InputError
from ..grids import order_onto, side_by_side
from ..inference.explanation import Explained
from ..progress import OnlyStopped, Reporter
from ..volume_io import read_volume
from .baselines import BASELINES
from .candidate import BASELINE, GIVEN, METHOD, Candidate, Cost, FloatMap

if TYPE_CHECKING:
    from ..inference.network_grid import NetworkGrid


def method_candidate(planned: PlannedMethod, plan: CasePlan, case: Explained, reporter: Reporter) -> Candidate:
    """The map of an attribution method, with its cost."""
    restart_peak_memory()
    began = time.perf_counter()
    maps = planned.method.explain(case, plan.layers, planned.settings, reporter)
    attention = AttentionMaps(maps, reporter, plan.last_decoder_layer)
    values = attention.mean()
    seconds = time.perf_counter() - began
    memory = peak_memory_mb(case.model.device.type)
    cost = Cost(seconds, maps.forward_passes, maps.backward_passes, memory["host"], memory["device"])
    return candidate_of(planned, plan, attention, values, cost)


def candidate_of(
    planned: PlannedMethod, plan: CasePlan, attention: AttentionMaps, values: FloatMap | None, cost: Cost | None
) -> Candidate:
    """The map that a method made, with what it takes to make it again.

    Args:
        attention: the layers' maps, of which ``values`` is the mean; ``mean`` was asked for.
        values: (z, y, x) on the network grid; None where there is no map.
        cost: None where nobody measured it.
    """
    last = plan.last_decoder_layer
    last_layer = attention.layer(last) if last is not None and last in attention.useful_layers else None

    def remake(variant: Explained, listener: Reporter) -> FloatMap | None:
        again = planned.method.explain(variant, plan.layers, planned.settings, listener)
        return AttentionMaps(again, OnlyStopped(listener), plan.last_decoder_layer).mean()

    return Candidate(
        name=planned.name,
        title=planned.method.facts.title,
        kind=METHOD,
        values=values,
        cost=cost,
        settings={**planned.facts(), **planned.own_settings()},
        last_layer=last_layer,
        remake=remake,
    )


def baseline_candidates(names: tuple[str, ...], case: Explained, seed: int) -> Iterator[Candidate]:
    """The maps that know nothing of the network."""
    for name in names:
        title, make = BASELINES[name]
        began = time.perf_counter()
        values = make(case, seed)
        cost = Cost(time.perf_counter() - began, 0, 0, None, None)
        yield Candidate(name, title, BASELINE, values, cost, {}, remake=_baseline_again(make, seed))


def _baseline_again(
    make: Callable[[Explained, int], FloatMap | None], seed: int
) -> Callable[[Explained, Reporter], FloatMap | None]:
    return lambda variant, _reporter: make(variant, seed)


def given_candidate(name: str, path: Path, grid: NetworkGrid) -> Candidate:
    """A map from a file on the volume's grid, brought to [0, 1].

    Raises:
        InputError: unreadable, on another grid, or with values that are no finite numbers.
    """
    volume, _ = read_volume(path)
    order = order_onto(volume.geometry, grid.volume.geometry)
    if order is None:
        raise InputError(
            f"The map {path} lies on another grid than the volume ('!' marks what differs):\n"
            + side_by_side("volume", grid.volume.geometry, "this file", volume.geometry)
            + "\n",
            "Give a map with the volume's size, spacing and position.",
        )
    if not np.isfinite(volume.array).all():
        raise InputError(f"The map {path} holds values that are no finite numbers.", "Replace them.")
    values = grid.map_to_network(np.ascontiguousarray(order.apply(volume.array), dtype=np.float32))
    return Candidate(name, f"{name} (given)", GIVEN, unit_range(values), None, {})
