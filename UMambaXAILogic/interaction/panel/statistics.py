"""What the panel's part for domain statistics shows and allows."""

from __future__ import annotations

from dataclasses import dataclass

from .activities import MEASURE, is_own, why_wait
from .state import RUNTIME_MISSING, PanelState
from .words import Translate, untranslated


@dataclass(frozen=True)
class StatisticsUi:
    """What each control shows and allows.

    Args:
        hint: why it cannot be measured now; empty where it can, or while it is being measured.
    """

    inputs_enabled: bool
    measure_enabled: bool
    measure_text: str
    measure_tooltip: str
    hint: str


def statistics_ui(state: PanelState, _: Translate = untranslated) -> StatisticsUi:
    """What the part shows for ``state``."""
    obstacle = why_wait(state, _) or _obstacle(state, _)
    missing = state.runtime == RUNTIME_MISSING
    return StatisticsUi(
        inputs_enabled=not state.is_busy,
        measure_enabled=not obstacle,
        measure_text=_("Install and measure...") if missing else _("Measure the volume"),
        measure_tooltip=obstacle or _promise(state, _),
        hint="" if state.is_busy and is_own(state, (MEASURE,)) else obstacle,
    )


def _obstacle(state: PanelState, _: Translate) -> str:
    if not state.inputs.volume_name:
        return _("Choose a volume to measure.")
    return state.profile_problem or state.runtime_problem


def _promise(state: PanelState, _: Translate) -> str:
    inputs = state.inputs
    promise = _("Measures intensities, resolution and noise of {volume}").format(volume=inputs.volume_name)
    if inputs.ground_truth_name:
        promise += _(", and the diameters of the vessels in {name}").format(name=inputs.ground_truth_name)
    profile = inputs.profile or _("the profile that the model carries, where it has one")
    promise += ". " + _("Says where they lie outside {profile}.").format(profile=profile)
    if state.runtime == RUNTIME_MISSING:
        promise += " " + _("Asks before it installs the packages this needs.")
    return promise
