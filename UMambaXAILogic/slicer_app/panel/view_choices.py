"""How a result is shown: the scene's parameters and a result's ``ViewState`` say the same in their own ways."""

from __future__ import annotations

from typing import Any

from UMambaXAILogic.scene.result_view import ATTENTION_MODES, ViewState
from UMambaXAILogic.scene.result_view.state import OFF

from .parameters import MaskMode

#: The parameters' lowest threshold; a view can have 0.
_LOWEST_THRESHOLD = 0.01


def view_choices(parameters: Any) -> dict[str, Any]:
    """What is chosen, as ``ResultView.show`` takes it."""
    return {
        "attention": [mode for mode in ATTENTION_MODES if getattr(parameters, _parameter(mode))],
        "prediction": parameters.prediction.value,
        "truth": parameters.truth.value,
        "errors": parameters.showErrors,
        "layer": parameters.layer,
        "opacity": parameters.opacity,
        "threshold": parameters.threshold,
    }


def nothing_is_chosen(parameters: Any) -> bool:
    """Whether a result with a map and a ground truth would not be seen at all."""
    choices = view_choices(parameters)
    return not choices["attention"] and not choices["errors"] and {choices["prediction"], choices["truth"]} == {OFF}


def take_view_state(parameters: Any, state: ViewState, has_attention: bool, has_truth: bool) -> None:
    """Let the parameters say what is shown; what the result has not got stays chosen for the next one.

    Args:
        has_attention: the result has a map.
        has_truth: the result has a ground truth.
    """
    wanted: dict[str, Any] = {"prediction": MaskMode(state.prediction)}
    if has_attention:
        wanted |= {_parameter(mode): mode in state.attention for mode in ATTENTION_MODES}
        wanted |= {"layer": state.layer, "opacity": state.opacity}
        wanted["threshold"] = max(state.threshold, _LOWEST_THRESHOLD)
    if has_truth:
        wanted |= {"truth": MaskMode(state.truth), "showErrors": state.errors}
    for name, value in wanted.items():
        if getattr(parameters, name) != value:
            setattr(parameters, name, value)


def _parameter(mode: str) -> str:
    return f"show{mode.capitalize()}"
