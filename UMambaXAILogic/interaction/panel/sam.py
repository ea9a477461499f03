"""What the panel's part that prompts a SAM shows and allows, and what it asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .activities import SAM, is_own, why_wait
from .choices import thresholds_of
from .inputs import PanelInputs
from .node_parts import LABELS, SEGMENTS, NodeParts
from .state import PanelState
from .words import Translate, untranslated


@dataclass(frozen=True)
class SamUi:
    """What each control shows and allows.

    Args:
        tooltip: what it will do, or why it cannot.
        hint: the same, a line; empty while it is at work itself.
    """

    enabled: bool
    inputs_enabled: bool
    tooltip: str
    hint: str


def sam_ui(state: PanelState, _: Translate = untranslated) -> SamUi:
    """What the part shows for ``state``."""
    obstacle = why_wait(state, _) or _obstacle(state, _)
    promise = _(
        "Prompts every slice with the box around {name}, and maps where the network sees the same as inside. Look at "
        "the map of layer 'control' first: what that shows too comes from the box alone."
    ).format(name=prompt_name(state.inputs))
    is_at_work = state.is_busy and is_own(state, (SAM,))
    tooltip = obstacle or promise
    return SamUi(not obstacle, not state.is_busy, tooltip, "" if is_at_work else tooltip)


def prompt_id(inputs: PanelInputs) -> str:
    """Id of the node that is prompted: the region, or the ground truth where none is chosen; empty without either."""
    return inputs.region_id or inputs.ground_truth_id


def prompt_name(inputs: PanelInputs) -> str:
    """Name of that node."""
    return inputs.region_name if inputs.region_id else inputs.ground_truth_name


def sam_options(inputs: PanelInputs) -> dict[str, Any]:
    """The keyword arguments of ``startSamEmbeddingMap`` but for those that are nodes.

    Raises:
        UsageError: a threshold is out of its range.
    """
    choices, truth = inputs.choices, inputs.ground_truth_parts
    options: dict[str, Any] = {
        "resampleGroundTruth": choices.resample_truth,
        "thresholds": thresholds_of(choices.thresholds),
        "saveLayerMaps": choices.save_layer_maps,
        "device": choices.device,
        "replace": choices.replace,
    }
    if _prompt_parts(inputs).kind == SEGMENTS:
        options["regionSegments"] = _prompt_parts(inputs).chosen()
    if truth.kind == SEGMENTS:
        options["groundTruthSegments"] = truth.chosen()
    if truth.kind == LABELS and truth.chosen() != truth.keys:
        options["groundTruthLabels"] = tuple(map(int, truth.chosen()))
    return options


def _prompt_parts(inputs: PanelInputs) -> NodeParts:
    return inputs.region_parts if inputs.region_id else inputs.ground_truth_parts


def _obstacle(state: PanelState, _: Translate) -> str:
    inputs = state.inputs
    if not inputs.volume_name:
        return _("Choose a volume to segment.")
    if not prompt_id(inputs):
        return _("Choose what is prompted: a region (under Advanced), or else a ground truth.")
    parts = _prompt_parts(inputs)
    if parts.kind == SEGMENTS and not parts.chosen():
        return _("Nothing of {name} is chosen. Choose at least one of its parts.").format(name=prompt_name(inputs))
    if not inputs.sam_checkpoint:
        return _("Choose a checkpoint of SAM or MedSAM: a file or folder of your own.")
    return state.runtime_problem
