"""Further attribution methods on a case that is segmented and explained: where does their attention lie?"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..attribution.aggregation import AttentionMaps, control_attention
from ..progress import Reporter

if TYPE_CHECKING:
    from ..alignment import CaseMeasurement
    from ..benchmark.gate import MapJudge
    from ..case.plan import CasePlan, PlannedMethod
    from ..case.record import CaseRecord
    from ..inference.explanation import Explained
    from ..inference.network_grid import NetworkGrid


def method_entry(planned: PlannedMethod, alignment: dict[str, Any]) -> dict[str, Any]:
    """One member of ``methods`` in metrics.json: the method, its settings, ``alignment`` of its mean, and ``gap``."""
    return {**planned.facts(), "settings": planned.own_settings(), **alignment}


def other_methods(
    plan: CasePlan,
    explained: Explained,
    grid: NetworkGrid,
    measurement: CaseMeasurement,
    judge: MapJudge | None,
    record: CaseRecord,
) -> list[dict[str, Any]]:
    """Explain and measure with every method but the main one; one method's maps are in memory at a time.

    Args:
        judge: takes every map, for its badges; None where nobody asked for them.

    Returns:
        Members of ``methods``; one without a map has no ``alignment`` rows and the gap None.
    """
    entries = []
    for number, planned in enumerate(plan.methods[1:], 1):
        voice = MethodVoice(record, planned)
        record.stage("explain")
        record.note(f"method {planned.facts()}")
        started = time.perf_counter()
        maps = planned.method.explain(explained, plan.layers, planned.settings, voice)
        seconds = time.perf_counter() - started
        record.stage("metrics")
        attention = AttentionMaps(maps, voice, plan.last_decoder_layer)
        mean = attention.mean()
        if judge is not None and mean is not None:
            judge.add_mean(number, mean, attention)
        control = control_attention(maps)
        del maps, attention
        if mean is None:
            voice.warning("no_attribution", "No layer has positive attribution for this target: there is no map.")
            alignment: dict[str, Any] = {"alignment": [], "gap": None}
        else:
            alignment = measurement.other_mean_alignment(grid.to_input(mean))
        if control is not None:
            alignment["alignment_of_control"] = measurement.other_control_alignment(grid.to_input(control))
        entries.append({**method_entry(planned, alignment), "explain_s": round(seconds, 3)})
    return entries


class MethodVoice(Reporter):
    """Passes on what a method says, with its name before warnings."""

    def __init__(self, record: Reporter, planned: PlannedMethod) -> None:
        super().__init__()
        self._record, self._name = record, planned.name

    def progress(self, fraction: float) -> None:
        self._record.progress(fraction)

    def announce(self, text: str) -> None:
        self._record.announce(f"{self._name}: {text}")

    def warning(self, code: str, message: str) -> None:
        self._record.warning(code, f"{self._name}: {message}")

    def check_cancelled(self) -> None:
        self._record.check_cancelled()
