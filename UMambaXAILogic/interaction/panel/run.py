"""What the panel's part that starts, stops and reports a run shows and allows."""

from __future__ import annotations

from dataclasses import dataclass

from .. import job as jobs
from .activities import RUN, SAM, why_wait
from .packages import step_in_words
from .run_options import problem_with_choices
from .state import RUNTIME_BROKEN, RUNTIME_INSTALLING, RUNTIME_MISSING, RUNTIME_OUTDATED, PanelState
from .words import Translate, in_words, untranslated

INFORMATION, SUCCESS, ERROR = "information", "success", "error"


@dataclass(frozen=True)
class RunUi:
    """What each control shows and allows; ``progress_percent`` is None where nobody knows how much is done."""

    run_enabled: bool
    run_text: str
    run_tooltip: str
    cancel_enabled: bool
    cancel_text: str
    progress_visible: bool
    progress_percent: int | None
    progress_text: str
    message: str
    message_kind: str
    warning: str


def run_ui(state: PanelState, _: Translate = untranslated) -> RunUi:
    """What the part shows for ``state``."""
    busy = state.is_busy
    cancelling = state.job_state == jobs.CANCELLING
    obstacle = _obstacle(state, _)
    message, kind = _message(state, obstacle, _)
    return RunUi(
        run_enabled=not busy and not obstacle,
        run_text=_run_text(state, _),
        run_tooltip=why_wait(state, _) or obstacle or _promise(state, _),
        cancel_enabled=busy and not cancelling,
        cancel_text=_("Cancelling...") if cancelling else _("Cancel"),
        progress_visible=busy,
        progress_percent=_percent(state),
        progress_text=_progress_text(state, _) if busy else "",
        message=message,
        message_kind=kind,
        warning="\n".join(f"\u2022 {text}" for text in _warnings(state, _)),
    )


def _warnings(state: PanelState, _: Translate) -> tuple[str, ...]:
    is_told = state.job_state == jobs.FINISHED and state.activity in (RUN, SAM)  # by the result itself
    if is_told or not state.inputs.ground_truth_is_prediction:
        return state.warnings
    own = _(
        "{name} is what an earlier run segmented. Scores against it say how alike two predictions are, not how right "
        "one is."
    )
    return own.format(name=state.inputs.ground_truth_name), *state.warnings


def _percent(state: PanelState) -> int | None:
    if state.runtime == RUNTIME_INSTALLING and state.progress == 0.0:
        return None  # checking and deleting do not say
    return int(100 * state.progress)


def _obstacle(state: PanelState, _: Translate) -> str:
    if not state.inputs.volume_name:
        return _("Choose a volume to segment.")
    if not state.inputs.model:
        return _("Choose a model: the demo model, a trained nnU-Net folder or an exported zip.")
    return _mistake(state, _) or state.runtime_problem


def _mistake(state: PanelState, _: Translate) -> str:
    """What is wrong with what somebody chose."""
    return state.model.problem or problem_with_choices(state.inputs, state.model.facts, _)


def _run_text(state: PanelState, _: Translate) -> str:
    if state.runtime == RUNTIME_MISSING:
        return _("Install and run...")
    if state.runtime == RUNTIME_OUTDATED:
        return _("Update and run...")
    if state.runtime == RUNTIME_BROKEN:
        return _("Repair and run...")
    return _("Segment && Explain")  # a single & would underline the space


def _promise(state: PanelState, _: Translate) -> str:
    inputs = state.inputs
    model = _("the demo model") if inputs.model == "demo" else inputs.model
    promise = _("Segments {volume} with {model} and maps what the network attended to.").format(
        volume=inputs.volume_name, model=model
    )
    if inputs.ground_truth_name:
        promise += " " + _("Both are compared with {name}.").format(name=inputs.ground_truth_name)
    if state.runtime == RUNTIME_MISSING:
        promise += " " + _("Asks before it installs the packages this needs.")
    return promise


def _progress_text(state: PanelState, _: Translate) -> str:
    if state.job_state == jobs.CANCELLING:
        return _("Cancelling...")
    if state.runtime == RUNTIME_INSTALLING:
        return _packages_progress(state, _)
    text = f"{_stage_in_words(state.stage, _)} - {int(100 * state.progress)} %"
    if state.seconds_left is not None:
        text += " - " + _("{time} left").format(time=in_words(state.seconds_left))
    return f"{text}\n{state.device}" if state.device else text


def _packages_progress(state: PanelState, _: Translate) -> str:
    if state.step is None:
        return _stage_in_words(state.stage, _)
    parts = [step_in_words(state.step, _)]
    if state.progress > 0.0:
        parts.append(f"{int(100 * state.progress)} %")
    if state.seconds_left is not None:
        parts.append(_("{time} left").format(time=in_words(state.seconds_left)))
    return " - ".join(parts)


def _stage_in_words(stage: str, _: Translate) -> str:
    words = {
        "": _("Starting"),
        "prepare": _("Preparing the inputs"),
        "load_model": _("Loading the model"),
        "read": _("Reading the volume"),
        "preprocess": _("Preparing the volume"),
        "segment": _("Segmenting"),
        "explain": _("Explaining"),
        "metrics": _("Measuring"),
        "judge": _("Judging the map"),
        "remove": _("Removing voxels"),
        "faithfulness": _("Filling what the maps put first"),
        "robustness": _("Changing the image a little"),
        "sanity": _("Shuffling the network's parameters"),
        "write": _("Writing the results"),
        "import": _("Showing the results"),
        "check": _("Checking the packages"),
        "download": _("Looking for the packages"),
        "install": _("Installing the packages"),
        "delete": _("Deleting the packages"),
        "verify": _("Checking the packages"),
    }
    return words.get(stage, stage)


def _message(state: PanelState, obstacle: str, _: Translate) -> tuple[str, str]:
    if state.is_busy:
        return "", INFORMATION
    if state.error:
        return state.error, ERROR
    mistake = _("The chosen model cannot be used: see above.") if state.model.problem else _mistake(state, _)
    problem = mistake or state.runtime_problem or state.profile_problem
    if problem:
        return problem, ERROR
    if state.job_state == jobs.CANCELLED:
        if state.is_about_packages:
            if state.packages.is_installed:
                return _("Cancelled. The packages are as they were."), INFORMATION
            return _("Cancelled. No packages are installed."), INFORMATION
        return _("Cancelled. The scene is as it was."), INFORMATION
    if state.job_state == jobs.FINISHED:
        return state.summary or _("Done."), SUCCESS
    return obstacle or _("Ready."), INFORMATION
