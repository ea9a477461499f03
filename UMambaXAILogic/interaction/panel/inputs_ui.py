"""What the panel's part that chooses volume, model and ground truth shows and allows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from .activities import why_wait
from .model_words import model_details, model_line
from .node_parts import SEGMENTS
from .option import Option
from .remembered_models import RememberedModel, model_entries
from .run_options import chosen_truth
from .state import PanelState
from .words import Translate, breakable, untranslated


@dataclass(frozen=True)
class InputsUi:
    """What each control shows and allows.

    Args:
        enabled: anything can be chosen now.
        reason: why nothing can; empty where it can.
        models: to choose one of; ``model`` is its key.
        model_line: what the model is, or why it cannot be used.
        model_is_usable: which of the two.
        model_tooltip: more about it.
        truth_parts: segments or labels of the ground truth, to check several of.
        truth_parts_checked: keys of those that are checked.
        truth_parts_visible: there is something to choose.
        truth_parts_label: what they are.
    """

    enabled: bool
    reason: str
    models: tuple[Option, ...]
    model: str
    model_line: str
    model_is_usable: bool
    model_tooltip: str
    truth_parts: tuple[Option, ...]
    truth_parts_checked: tuple[str, ...]
    truth_parts_visible: bool
    truth_parts_label: str


def inputs_ui(
    state: PanelState,
    remembered: Sequence[RememberedModel] = (),
    missing: Collection[str] = (),
    _: Translate = untranslated,
) -> InputsUi:
    """What the part shows for ``state``.

    Args:
        remembered: models that were used before, the latest first.
        missing: paths of those that are not there any more.
    """
    inputs, facts = state.inputs, state.model.facts
    parts = inputs.ground_truth_parts
    line = state.model.problem or _("Choose a model: the demo model, a trained nnU-Net folder or an exported zip.")
    label = _("Label {value}")
    return InputsUi(
        enabled=not state.is_busy,
        reason=why_wait(state, _),
        models=model_entries(inputs.model, remembered, missing, _),
        model=inputs.model,
        model_line=breakable(line if facts is None else model_line(inputs.model, facts, _)),
        model_is_usable=facts is not None or not inputs.model,
        model_tooltip=inputs.model if facts is None else model_details(facts, _),
        truth_parts=tuple(
            Option(part.key, part.name if parts.kind == SEGMENTS else label.format(value=part.name))
            for part in parts.parts
        ),
        truth_parts_checked=chosen_truth(inputs, facts),
        truth_parts_visible=len(parts.parts) > 1,
        truth_parts_label=_("Its segments:") if parts.kind == SEGMENTS else _("Its labels:"),
    )
