"""One case: what every coalition of the factors, and every factor's control, does to its values."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..volume import Volume
from .case_values import CaseValues, Value
from .coalitions import NONE, Coalition, acting_factors, coalition_name, intervened_volumes
from .factor import CaseAnchors, Factor
from .grid_steps import BoolArray, FloatMap
from .intervention import Intervened
from .prediction import Predict
from .scoring import Truth


@dataclass(frozen=True)
class ShiftCase:
    """A case that interventions are made on.

    Args:
        name: of the case.
        volume: as read.
        truth: what predictions are scored against.
        anchors: of its interventions.
    """

    name: str
    volume: Volume
    truth: Truth
    anchors: CaseAnchors


class CaseRun:
    """Computes what is not known yet of a case, writing every value as soon as there is one.

    Args:
        case: the case.
        factors: in their fixed order, factors of no strength included.
        predict: the model.
        path: of the case's values.
        fingerprint: of everything they depend on.
        told: called after every pass of the model with the seconds it took.
    """

    def __init__(
        self,
        case: ShiftCase,
        factors: Sequence[Factor],
        predict: Predict,
        path: Path,
        fingerprint: str,
        told: Callable[[float], None] = lambda seconds: None,
    ) -> None:
        self._case, self._factors, self._predict, self._path, self._told = case, factors, predict, path, told
        self._own = Intervened.untouched(case.volume)
        self._keys = [factor.key for factor in factors]
        self._acting = acting_factors(self._own, factors, case.anchors)
        self._values = self._known(fingerprint)

    def missing(self) -> int:
        """Passes of the model that are left."""
        return len(self._missing_coalitions()) + len(self._missing_controls())

    def run(self) -> CaseValues:
        """Compute what is missing; returns everything."""
        wanted = self._missing_coalitions()
        started = time.perf_counter()
        for coalition, state in intervened_volumes(self._own, self._factors, self._case.anchors, wanted):
            prediction = self._predict(state.volume, self._region_on(state))
            pm = state.mask_to_own(prediction.pm)
            attention = None if prediction.attention is None else state.map_to_own(prediction.attention)
            if coalition == NONE:
                self._add_controls_of_grids(pm, attention)
            name = coalition_name(coalition, self._keys)
            self._values.coalitions[name] = self._value(pm, attention, started, prediction.warnings)
            started = self._write(started)
        for factor in self._missing_controls():
            volume = factor.at_zero_strength(self._own.volume)
            prediction = self._predict(volume, self._case.truth.region)
            self._values.controls[factor.key] = self._value(
                prediction.pm, prediction.attention, started, prediction.warnings
            )
            started = self._write(started)
        return self._values

    def _known(self, fingerprint: str) -> CaseValues:
        acting = tuple(key for place, key in enumerate(self._keys) if self._acting >> place & 1)
        geometry, anchors = self._case.volume.geometry, self._case.anchors
        approximate = tuple(factor.key for factor in self._factors if factor.approximate_on(geometry, anchors))
        if self._path.exists():
            known = CaseValues.read(self._path)
            if known.fingerprint == fingerprint:
                return known
        return CaseValues(self._case.name, self._case.volume.is_phantom, fingerprint, acting, approximate)

    def _missing_coalitions(self) -> set[Coalition]:
        # Factors that do not act make no other volume: only coalitions of those that do are computed.
        different = (coalition for coalition in range(1 << len(self._factors)) if not coalition & ~self._acting)
        return {c for c in different if coalition_name(c, self._keys) not in self._values.coalitions}

    def _missing_controls(self) -> list[Factor]:
        """Factors whose control needs a pass of its own."""
        return [
            factor
            for factor in self._factors
            if factor.rounds and factor.key in self._values.acting and factor.key not in self._values.controls
        ]

    def _add_controls_of_grids(self, pm: BoolArray, attention: FloatMap | None) -> None:
        """Controls whose volume is the case itself: its prediction, sent to the factor's grid and back."""
        for factor in self._factors:
            if factor.rounds or factor.key not in self._values.acting:
                continue
            mask, carried = pm, attention
            step = factor.step(self._case.volume.geometry, self._case.anchors)
            if step is not None:
                mask = step.mask_back(step.mask_forth(pm))
                carried = None if attention is None else step.map_back(step.map_forth(attention))
            found = self._value(mask, carried, time.perf_counter())
            self._values.controls[factor.key] = replace(found, needed_pass=False)

    def _write(self, started: float) -> float:
        """Write what is known; returns the time from which the next pass counts."""
        self._values.write(self._path)
        now = time.perf_counter()
        self._told(now - started)
        return now

    def _value(
        self, pm: BoolArray, attention: FloatMap | None, started: float, warnings: tuple[str, ...] = ()
    ) -> Value:
        truth = self._case.truth
        score, annotated = truth.score(pm, attention), truth.score_annotated(pm, attention)
        return Value(score, annotated, round(time.perf_counter() - started, 3), warnings)

    def _region_on(self, state: Intervened) -> BoolArray | None:
        region = self._case.truth.region
        return None if region is None else state.mask_here(region)
