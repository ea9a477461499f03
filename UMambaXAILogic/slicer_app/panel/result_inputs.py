"""What a result was made from, as far as the panel has to name it: the rest is known from the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.judge import JudgedFacts
from UMambaXAILogic.interaction.panel.model_look import ModelLookup
from UMambaXAILogic.interaction.panel.node_parts import SEGMENTS
from UMambaXAILogic.interaction.panel.run_options import chosen_truth


@dataclass(frozen=True)
class ResultInputs:
    """Nodes and which of their segments; None where the result needs none."""

    truth: Any = None
    truth_segments: Any = None
    region: Any = None
    region_segments: Any = None


def result_inputs(
    facts: JudgedFacts, inputs: PanelInputs, models: ModelLookup, node: Callable[[str], Any]
) -> ResultInputs:
    """What the panel has chosen of what a result needs: others would make another case of it.

    Args:
        facts: of the result.
        inputs: what is chosen.
        models: says what a model is.
        node: the scene's node of an id; None for an empty one.
    """
    truth = truth_segments = region = region_segments = None
    if facts.kind != "prediction":
        truth = node(inputs.ground_truth_id)
        if inputs.ground_truth_parts.kind == SEGMENTS:
            truth_segments = chosen_truth(inputs, models.look(inputs.model).facts)
    if facts.has_mask_region:
        region = node(inputs.region_id)
        if inputs.region_parts.kind == SEGMENTS:
            region_segments = inputs.region_parts.chosen()
    return ResultInputs(truth, truth_segments, region, region_segments)
