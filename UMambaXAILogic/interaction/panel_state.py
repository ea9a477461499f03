"""What the panel shows, as a pure function of what is known: the widget only copies ``UiState`` onto its controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import job as jobs

RUNTIME_READY, RUNTIME_MISSING, RUNTIME_INSTALLING = "ready", "missing", "installing"
INFORMATION, SUCCESS, ERROR = "information", "success", "error"

Translate = Callable[[str], str]


@dataclass(frozen=True)
class ResultFacts:
    """What there is to show.

    Args:
        has_result: a result is in the scene.
        has_attention: with an attention map.
        has_truth: with a ground truth.
        layers: ``mean``, and the layers that have a map of their own.
        layer: the one that is shown.
        in_layout: the result's own layout is shown.
    """

    has_result: bool = False
    has_attention: bool = False
    has_truth: bool = False
    layers: tuple[str, ...] = ("mean",)
    layer: str = "mean"
    in_layout: bool = False


@dataclass(frozen=True)
class PanelState:
    """What is chosen, what is installed and what the last job did.

    Args:
        volume_name: name of the chosen volume, empty where none is.
        model: ``"demo"`` or a path, empty where none is chosen.
        model_problem: why that model cannot be used, empty where nothing is known against it.
        ground_truth_name: name of the chosen ground truth, empty where none is.
        runtime: ``ready``, ``missing`` or ``installing``.
        job_state: state of the job that runs or ran last, empty where there was none.
        progress: 0-1 of the whole.
        stage: the job's stage.
        seconds_left: its estimate, or None.
        device: where the job computes and why there, empty where it has not said so yet.
        error: message and remedy of what went wrong last, empty where nothing did.
        runtime_problem: why the Python that was chosen cannot be used, empty where nothing is known against it.
        warnings: what the worker warned of.
        summary: the last result in one line, empty where there is none.
        result: what there is to show.
        profile: path of the stored profile to compare with; empty: the model's own.
        profile_problem: why that profile cannot be used, empty where nothing is known against it.
        has_statistics: whether domain statistics are in the scene.
    """

    volume_name: str = ""
    model: str = ""
    model_problem: str = ""
    ground_truth_name: str = ""
    runtime: str = RUNTIME_READY
    job_state: str = ""
    progress: float = 0.0
    stage: str = ""
    seconds_left: float | None = None
    device: str = ""
    error: str = ""
    runtime_problem: str = ""
    warnings: tuple[str, ...] = ()
    summary: str = ""
    result: ResultFacts = ResultFacts()
    profile: str = ""
    profile_problem: str = ""
    has_statistics: bool = False


@dataclass(frozen=True)
class UiState:
    """What each control shows and allows; ``progress_percent`` is None where nobody knows how much is done."""

    inputs_enabled: bool
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
    result_enabled: bool
    attention_enabled: bool
    truth_enabled: bool
    layers_enabled: bool
    layers: tuple[str, ...]
    layer: str
    result_hint: str
    layout_checked: bool
    layout_text: str
    measure_enabled: bool
    measure_text: str
    measure_tooltip: str
    statistics_visible: bool


def _untranslated(text: str) -> str:
    return text


def ui_state(state: PanelState, _: Translate = _untranslated) -> UiState:
    """What the panel shows for ``state``.

    Args:
        _: translates a text into the user's language.
    """
    busy = is_busy(state)
    obstacle = _obstacle(state, _)
    message, kind = _message(state, obstacle, _)
    return UiState(
        inputs_enabled=not busy,
        run_enabled=not busy and not obstacle,
        run_text=_run_text(state, _),
        run_tooltip=obstacle or _promise(state, _),
        cancel_enabled=busy and state.job_state != jobs.CANCELLING,
        cancel_text=_("Cancelling...") if state.job_state == jobs.CANCELLING else _("Cancel"),
        progress_visible=busy,
        progress_percent=None if state.runtime == RUNTIME_INSTALLING else int(100 * state.progress),
        progress_text=_progress_text(state, _) if busy else "",
        message=message,
        message_kind=kind,
        warning="\n".join(f"\u2022 {text}" for text in state.warnings),
        result_enabled=state.result.has_result,
        attention_enabled=state.result.has_attention,
        truth_enabled=state.result.has_truth,
        layers_enabled=len(state.result.layers) > 1,
        layers=state.result.layers,
        layer=state.result.layer,
        result_hint=_result_hint(state.result, _),
        layout_checked=state.result.in_layout,
        layout_text=_("Back to my layout") if state.result.in_layout else _("Result layout"),
        measure_enabled=not busy and not _measure_obstacle(state, _),
        measure_text=_("Install and measure...") if state.runtime == RUNTIME_MISSING else _("Measure the volume"),
        measure_tooltip=_measure_obstacle(state, _) or _measure_promise(state, _),
        statistics_visible=state.has_statistics,
    )


def is_busy(state: PanelState) -> bool:
    """Whether something runs that has to end before the next thing can begin."""
    return state.runtime == RUNTIME_INSTALLING or state.job_state in (jobs.WAITING, jobs.RUNNING, jobs.CANCELLING)


def in_words(seconds: float) -> str:
    """A time left as people say it: "8 s", "3 min", "1 h 20 min"."""
    if seconds < 55:
        return f"{max(1, round(seconds))} s"
    minutes = max(1, round(seconds / 60))
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min"


def _obstacle(state: PanelState, _: Translate) -> str:
    if not state.volume_name:
        return _("Choose a volume to segment.")
    if not state.model:
        return _("Choose a model: the demo model, a trained nnU-Net folder or an exported zip.")
    return state.model_problem or state.runtime_problem


def _measure_obstacle(state: PanelState, _: Translate) -> str:
    if not state.volume_name:
        return _("Choose a volume to measure.")
    return state.profile_problem or state.runtime_problem


def _measure_promise(state: PanelState, _: Translate) -> str:
    promise = _("Measures intensities, resolution and noise of {volume}").format(volume=state.volume_name)
    if state.ground_truth_name:
        promise += _(", and the diameters of the vessels in {name}").format(name=state.ground_truth_name)
    profile = state.profile or _("the profile that the model carries, where it has one")
    promise += ". " + _("Says where they lie outside {profile}.").format(profile=profile)
    if state.runtime == RUNTIME_MISSING:
        promise += " " + _("Asks before it installs the packages this needs.")
    return promise


def _result_hint(result: ResultFacts, _: Translate) -> str:
    """Why some of the controls that show a result are off; empty where none is."""
    if not result.has_result:
        return _("There is no result yet: run Segment & Explain first.")
    if not result.has_attention:
        return _("There is no attention map: nothing was explained.")
    if not result.has_truth:
        return _("Run with a ground truth to compare with it here.")
    return ""


def _run_text(state: PanelState, _: Translate) -> str:
    if state.runtime == RUNTIME_MISSING:
        return _("Install and run...")
    return _("Segment && Explain")  # a single & would underline the space


def _promise(state: PanelState, _: Translate) -> str:
    model = _("the demo model") if state.model == "demo" else state.model
    promise = _("Segments {volume} with {model} and maps what the network attended to.").format(
        volume=state.volume_name, model=model
    )
    if state.ground_truth_name:
        promise += " " + _("Both are compared with {name}.").format(name=state.ground_truth_name)
    if state.runtime == RUNTIME_MISSING:
        promise += " " + _("Asks before it installs the packages this needs.")
    return promise


def _progress_text(state: PanelState, _: Translate) -> str:
    if state.job_state == jobs.CANCELLING:
        return _("Cancelling...")
    if state.runtime == RUNTIME_INSTALLING:
        return state.stage or _("Installing the packages")
    text = f"{_stage_in_words(state.stage, _)} - {int(100 * state.progress)} %"
    if state.seconds_left is not None:
        text += " - " + _("{time} left").format(time=in_words(state.seconds_left))
    return f"{text}\n{state.device}" if state.device else text


def _stage_in_words(stage: str, _: Translate) -> str:
    words = {
        "": _("Starting"),
        "load_model": _("Loading the model"),
        "read": _("Reading the volume"),
        "preprocess": _("Preparing the volume"),
        "segment": _("Segmenting"),
        "explain": _("Explaining"),
        "metrics": _("Measuring"),
        "write": _("Writing the results"),
        "import": _("Showing the results"),
        "install": _("Installing the packages"),
        "verify": _("Checking the packages"),
    }
    return words.get(stage, stage)


def _message(state: PanelState, obstacle: str, _: Translate) -> tuple[str, str]:
    if is_busy(state):
        return "", INFORMATION
    if state.error:
        return state.error, ERROR
    problem = state.model_problem or state.runtime_problem or state.profile_problem
    if problem:
        return problem, ERROR
    if state.job_state == jobs.CANCELLED:
        return _("Cancelled. The scene is as it was."), INFORMATION
    if state.job_state == jobs.FINISHED:
        return state.summary or _("Done."), SUCCESS
    return obstacle or _("Ready."), INFORMATION
