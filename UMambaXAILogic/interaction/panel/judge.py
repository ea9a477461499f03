"""What the panel's button that judges the map on show says and allows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .activities import BENCHMARK, JUDGE, is_own, why_wait
from .run import run_ui
from .state import RUNTIME_BROKEN, RUNTIME_MISSING, RUNTIME_OUTDATED, PanelState
from .words import Translate, untranslated


@dataclass(frozen=True)
class JudgedFacts:
    """The result that is shown.

    Args:
        volume_id: of what it explains; empty where there is no result.
        volume_name: likewise.
        run_name: model and method, and what else tells it from others; see ``RunNodes``.
        has_map: it has an attention map.
        is_of_sam: a SAM made it.
        says_origin: its metrics say what it was made from.
        kind: of the voxels that it explains: ``prediction``, ``tp``, ``fp`` or ``fn``.
        has_mask_region: it was made inside a region that is no box.
        badges: a line each, what the map has earned; empty where it has no map that could be judged.
        is_judged: the badges are known.
    """

    volume_id: str = ""
    volume_name: str = ""
    run_name: str = ""
    has_map: bool = False
    is_of_sam: bool = False
    says_origin: bool = False
    kind: str = "prediction"
    has_mask_region: bool = False
    badges: tuple[str, ...] = ()
    is_judged: bool = False


@dataclass(frozen=True)
class JudgeUi:
    """What each control shows and allows.

    Args:
        subject: which map it is; empty where there is none.
        hint: why it cannot be judged now; empty where it can, or where the section itself is at work.
    """

    enabled: bool
    text: str
    tooltip: str
    subject: str
    hint: str
    badges: str


def judge_ui(state: PanelState, facts: JudgedFacts, _: Translate = untranslated) -> JudgeUi:
    """What the button shows for ``state``."""
    obstacle = judge_obstacle(state, facts, _)
    return JudgeUi(
        enabled=not state.is_busy and not obstacle,
        text=start_text(state, _("Judge the map on show"), _("judge"), _),
        tooltip=why_wait(state, _) or obstacle or _promise(facts, _),
        subject=f"{facts.volume_name}: {facts.run_name}" if facts.volume_id else "",
        hint=judge_hint(state, obstacle, _),
        badges=_("Not judged yet.") if facts.badges and not facts.is_judged else "\n".join(facts.badges),
    )


def judge_hint(state: PanelState, obstacle: str, _: Translate = untranslated) -> str:
    """Why a button of the section is off, a line; empty where the section's own progress says so."""
    if state.is_busy and is_own(state, (JUDGE, BENCHMARK)):
        return ""
    return why_wait(state, _) or obstacle


def judge_obstacle(state: PanelState, facts: JudgedFacts, _: Translate = untranslated) -> str:
    """Why the map on show cannot be judged, and what to do; empty where it can."""
    inputs = state.inputs
    if not facts.volume_id:
        return _("There is no result to judge yet: run Segment & Explain first.")
    if not facts.has_map:
        return _("The result has no attention map: nothing was explained.")
    if facts.is_of_sam:
        return _(
            "A SAM made this map: only maps of nnU-Net's networks can be judged so. Choose another result, and read "
            "the map of layer 'control' beside this one."
        )
    if not facts.says_origin:
        return _(
            "The result does not say what it was made from: an earlier version made it. Run Segment & Explain anew."
        )
    if not inputs.model or not facts.run_name.startswith(f"{_model_name(inputs.model)}, "):
        return _("The result was made by another model than the one chosen above ({run}). Choose that model.").format(
            run=facts.run_name
        )
    if state.model.problem:
        return state.model.problem
    if facts.kind != "prediction" and not inputs.ground_truth_id:
        return _("The result explains errors, which a ground truth tells: choose the one it was made with.")
    if facts.has_mask_region and not inputs.region_id:
        return _("The result was made inside a region: choose that region (under Advanced).")
    return state.runtime_problem


def start_text(state: PanelState, usual: str, verb: str, _: Translate = untranslated) -> str:
    """What a button says that begins something, or installs packages first.

    Args:
        usual: where nothing has to be installed.
        verb: what comes after that.
    """
    words = {
        RUNTIME_MISSING: _("Install and {verb}..."),
        RUNTIME_OUTDATED: _("Update and {verb}..."),
        RUNTIME_BROKEN: _("Repair and {verb}..."),
    }
    return words[state.runtime].format(verb=verb) if state.runtime in words else usual


@dataclass(frozen=True)
class ProgressUi:
    """How the section's own activity goes on, and how it ended; nothing of other activities.

    Args:
        percent: None where nobody knows how much is done.
    """

    visible: bool
    percent: int | None
    text: str
    cancel_enabled: bool
    cancel_text: str
    message: str
    message_kind: str


def progress_ui(state: PanelState, activities: tuple[str, ...], _: Translate = untranslated) -> ProgressUi:
    """What is shown of the progress where one of ``activities`` was begun last."""
    shown, own = run_ui(state, _), is_own(state, activities)
    has_ended = own and not state.is_busy and bool(state.error or state.job_state)
    is_running = shown.progress_visible and own
    return ProgressUi(
        visible=is_running,
        percent=shown.progress_percent,
        text=shown.progress_text if is_running else "",
        cancel_enabled=is_running and shown.cancel_enabled,
        cancel_text=shown.cancel_text,
        message=shown.message if has_ended else "",
        message_kind=shown.message_kind,
    )


def _model_name(model: str) -> str:
    """As it is written in names of nodes."""
    return Path(model).name.removesuffix(".zip")


def _promise(facts: JudgedFacts, _: Translate) -> str:
    promise = _(
        "Segments and explains {volume} anew, then asks three things: does the map become another one when the "
        "network's parameters are shuffled, is it more faithful than vesselness, and is it more than the last decoder "
        "layer's map? Takes several times as long as the run; asked again, the answer is kept. A single layer's map is "
        "never judged."
    ).format(volume=facts.volume_name)
    if facts.is_judged:
        promise += " " + _("This map was judged before.")
    return promise
