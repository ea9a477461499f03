"""What the panel's part that explains what is clicked shows and allows, and what a click asks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .activities import why_wait
from .inputs import ClickedPart, PanelInputs
from .option import Option
from .run import run_ui
from .state import PanelState
from .words import Translate, untranslated

#: What a click means: kind of the target, and what of it lies at the point.
_MEANINGS = {
    "component": ("prediction", "component"),
    "segment": ("prediction", "segment"),
    "tp": ("tp", "component"),
    "fp": ("fp", "component"),
    "fn": ("fn", "component"),
}
DEFAULT_MEANING = "component"


@dataclass(frozen=True)
class ClickFacts:
    """What is known beside the panel's state.

    Args:
        meaning: what a click means, one of the keys of ``click_ui().meanings``; another stands for the default.
        is_waiting: the next click in a view is the one.
        shown_volume_id: of the volume whose result is shown; empty where there is none.
    """

    meaning: str = DEFAULT_MEANING
    is_waiting: bool = False
    shown_volume_id: str = ""


@dataclass(frozen=True)
class ClickUi:
    """What each control shows and allows."""

    meanings: tuple[Option, ...]
    meaning: str
    meaning_enabled: bool
    button_enabled: bool
    button_checked: bool
    button_text: str
    hint: str


def click_ui(state: PanelState, facts: ClickFacts, _: Translate = untranslated) -> ClickUi:
    """What the part shows for ``state``."""
    obstacle = _obstacle(state, facts, _)
    return ClickUi(
        meanings=_meanings(_),
        meaning=_known(facts.meaning),
        meaning_enabled=not state.is_busy,
        button_enabled=not state.is_busy and not obstacle,
        button_checked=facts.is_waiting,
        button_text=_("Click in a view now...") if facts.is_waiting else _("Click to explain"),
        hint=why_wait(state, _) or obstacle or _promise(facts, _),
    )


def inputs_at(inputs: PanelInputs, meaning: str, point_mm: tuple[float, float, float]) -> PanelInputs:
    """What is chosen, for the part at a point (world RAS) that a click means."""
    kind, part = _MEANINGS[_known(meaning)]
    return replace(inputs, clicked=ClickedPart(kind, part, point_mm))


def _known(meaning: str) -> str:
    return meaning if meaning in _MEANINGS else DEFAULT_MEANING


def _meanings(_: Translate) -> tuple[Option, ...]:
    return (
        Option("component", _("Connected part of the prediction"), _("All predicted voxels that hang together.")),
        Option(
            "segment",
            _("Vessel segment (5 mm or more)"),
            _("The stretch of the predicted vessel around the point, cut along its centre line."),
        ),
        Option("tp", _("Hit (TP), connected part"), _("Predicted, and right: what hangs together of that.")),
        Option("fp", _("False alarm (FP), connected part"), _("Predicted, and not in the ground truth.")),
        Option("fn", _("Miss (FN), connected part"), _("In the ground truth, and not predicted.")),
    )


def _obstacle(state: PanelState, facts: ClickFacts, _: Translate) -> str:
    """Why there is nothing to click on; empty where there is."""
    if not facts.shown_volume_id:
        return _("There is no result to click on yet: run Segment & Explain first.")
    if facts.shown_volume_id != state.inputs.volume_id:
        return _("The result that is shown is of another volume than the one chosen above. Choose one of the two.")
    kind, _part = _MEANINGS[_known(facts.meaning)]
    if kind != "prediction" and not state.inputs.ground_truth_id:
        return _("Hits, false alarms and misses are told by a ground truth: choose one first.")
    asked = run_ui(replace(state, inputs=inputs_at(state.inputs, facts.meaning, (0.0, 0.0, 0.0))), _)
    return "" if asked.run_enabled or state.is_busy else asked.run_tooltip


def _promise(facts: ClickFacts, _: Translate) -> str:
    if facts.is_waiting:
        return _("Click on it in a slice or 3-D view. Right click, or the button again, ends this.")
    return _(
        "Explains only what is clicked, with all that is chosen above. The volume is segmented anew for it, so this "
        "takes as long as a run. Earlier results stay."
    )
