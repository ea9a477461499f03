"""The scene's parameters, as the controller takes them."""

from __future__ import annotations

from typing import Any

from UMambaXAILogic.interaction.panel.inputs import PanelInputs

from .parameters import ModelSource


def chosen_inputs(parameters: Any) -> PanelInputs:
    """What is chosen; nothing where there are no parameters, as between two scenes.

    Args:
        parameters: a ``UMambaXAIParameterNode``, or None.
    """
    if parameters is None:
        return PanelInputs()
    volume, truth = parameters.inputVolume, parameters.groundTruth
    return PanelInputs(
        volume_id=volume.GetID() if volume is not None else "",
        volume_name=volume.GetName() if volume is not None else "",
        model="demo" if parameters.modelSource == ModelSource.DEMO else parameters.modelPath,
        ground_truth_id=truth.GetID() if truth is not None else "",
        ground_truth_name=truth.GetName() if truth is not None else "",
        threshold=round(parameters.threshold, 2),  # sliders give 0.7000000000000001
        profile=parameters.profilePath.strip(),
    )
