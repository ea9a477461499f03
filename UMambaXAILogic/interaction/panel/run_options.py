"""What the choices mean for the model that is chosen: keyword arguments of ``startSegmentAndExplain``, or a refusal."""

from __future__ import annotations

import re
from typing import Any

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.model.facts import ModelFacts

from . import checked
from .choices import thresholds_of
from .inputs import PanelInputs
from .node_parts import LABELS, SEGMENTS
from .words import Translate, untranslated


def chosen_target(inputs: PanelInputs, facts: ModelFacts | None) -> str:
    """Name of the label that is explained; empty for the default, also where the model has no such label."""
    names = [] if facts is None else [label.name for label in facts.labels]
    return inputs.choices.target if inputs.choices.target in names and len(names) > 1 else ""


def chosen_layers(inputs: PanelInputs, facts: ModelFacts) -> tuple[str, ...]:
    """Aliases of the layers that are explained."""
    return checked.checked([layer.alias for layer in facts.layers], inputs.choices.layers, facts.default_layers)


def chosen_folds(inputs: PanelInputs, facts: ModelFacts) -> tuple[str, ...]:
    """The folds that are averaged, as text."""
    return checked.checked(fold_keys(facts), inputs.choices.folds, usual_folds(facts))


def fold_keys(facts: ModelFacts) -> tuple[str, ...]:
    """All trained folds, as text."""
    return tuple(map(str, facts.folds))


def usual_folds(facts: ModelFacts) -> tuple[str, ...]:
    """The folds that are averaged where nobody chose, as text."""
    return tuple(map(str, facts.default_folds))


def usual_truth(inputs: PanelInputs, facts: ModelFacts | None) -> tuple[str, ...]:
    """Keys of the parts of the ground truth that count where nobody chose.

    Segments: all together. Labels: those of the target; where the model has one label or all are the target, all but
    the one that says that nobody knows.
    """
    keys = inputs.ground_truth_parts.keys
    if inputs.ground_truth_parts.kind != LABELS or facts is None:
        return keys
    target = chosen_target(inputs, facts)
    if not target:
        return tuple(key for key in keys if int(key) != facts.ignored_value)
    values = next(label.values for label in facts.labels if label.name == target)
    return tuple(key for key in keys if int(key) in values)


def chosen_truth(inputs: PanelInputs, facts: ModelFacts | None) -> tuple[str, ...]:
    """Keys of the parts of the ground truth that count."""
    return inputs.ground_truth_parts.chosen(usual_truth(inputs, facts))


def problem_with_choices(inputs: PanelInputs, facts: ModelFacts | None, _: Translate = untranslated) -> str:
    """Why a run cannot be done as it is chosen, and what to do; empty where it can."""
    choices = inputs.choices
    if inputs.target_kind != "prediction" and not inputs.ground_truth_id:
        return _(
            "Errors of the segmentation are to be explained, and there is no ground truth to tell them by. Choose one, "
            "or explain the prediction (under Advanced)."
        )
    for name, parts, counted in (
        (inputs.ground_truth_name, inputs.ground_truth_parts, chosen_truth(inputs, facts)),
        (inputs.region_name, inputs.region_parts, inputs.region_parts.chosen()),
    ):
        if parts.kind and not parts.parts:
            return _("{name} is empty. Choose another one, or none.").format(name=name)
        if parts.kind and not counted and not parts.kept:
            return _("{name} has no voxels of the target's value. Choose its labels that count.").format(name=name)
        if parts.kind and not counted:
            return _("Nothing of {name} is chosen. Choose at least one of its parts.").format(name=name)
    if choices.preset and not choices.method_facts.published:
        return _(
            "{method} is not part of the published analysis. Choose another method, or no preset (under Advanced)."
        ).format(method=choices.method_facts.title)
    try:
        thresholds_of(choices.thresholds)
    except UsageError as error:
        return str(error)
    if facts is not None and not choices.explained_as.at_input and not chosen_layers(inputs, facts):
        return _("No layer is chosen. Choose at least one (under Advanced).")
    if facts is not None and not chosen_folds(inputs, facts):
        return _("No fold of the model is chosen. Choose at least one (under Advanced).")
    return ""


def run_options(inputs: PanelInputs, facts: ModelFacts) -> dict[str, Any]:
    """The keyword arguments of ``startSegmentAndExplain`` but for those that are nodes.

    Raises:
        UsageError: the choices contradict each other; see ``problem_with_choices``.
    """
    problem = problem_with_choices(inputs, facts)
    if problem:
        raise UsageError(problem)
    choices = inputs.choices
    folds = chosen_folds(inputs, facts)
    options: dict[str, Any] = {
        "method": choices.method_facts.name,
        "poolMode": choices.pool_mode,
        "target": chosen_target(inputs, facts) or None,
        "targetKind": inputs.target_kind,
        "resampleGroundTruth": choices.resample_truth,
        "preset": choices.preset or None,
        "thresholds": thresholds_of(choices.thresholds),
        "device": choices.device,
        "memoryLimitGb": choices.memory_limit_gb or None,
        "folds": None if folds == usual_folds(facts) else _as_folds(folds, facts),
        "mirror": choices.mirror and facts.mirrors,
        "step": round(choices.step, 2),  # spin boxes give 0.30000000000000004
        "saveLayerMaps": choices.save_layer_maps,
        "badges": choices.badges,
        "replace": choices.replace,
        **{_camel_case(name): value for name, value in choices.method_settings().items()},
        **_parts_options(inputs, facts),
    }
    if inputs.clicked is not None:
        options |= {"at": inputs.clicked.point_mm, "part": inputs.clicked.part}
    if choices.explained_as.pools and choices.pool:
        options["pool"] = choices.pool
    layers = chosen_layers(inputs, facts)
    if not choices.explained_as.at_input and layers != facts.default_layers:
        options["layers"] = layers
    return options


def _parts_options(inputs: PanelInputs, facts: ModelFacts) -> dict[str, Any]:
    options: dict[str, Any] = {}
    truth, region = inputs.ground_truth_parts, inputs.region_parts
    if truth.kind == SEGMENTS:
        options["groundTruthSegments"] = chosen_truth(inputs, facts)
    if truth.kind == LABELS and chosen_truth(inputs, facts) != usual_truth(inputs, facts):
        options["groundTruthLabels"] = tuple(map(int, chosen_truth(inputs, facts)))
    if region.kind == SEGMENTS:
        options["regionSegments"] = region.chosen()
    return options


def _as_folds(keys: tuple[str, ...], facts: ModelFacts) -> tuple[int | str, ...]:
    return tuple(fold for fold in facts.folds if str(fold) in keys)


def _camel_case(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)
