"""What the panel's advanced part shows and allows: everything about a run but what it is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from UMambaXAILogic.engine.device_list import DeviceFacts
from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS
from UMambaXAILogic.engine.model.facts import ModelFacts

from .activities import why_wait
from .choices import RunChoices
from .devices import KnownDevices
from .inputs import PanelInputs
from .node_parts import SEGMENTS
from .option import Option
from .run_options import chosen_folds, chosen_layers, chosen_target, fold_keys
from .state import RUNTIME_READY, PanelState
from .words import Translate, untranslated


@dataclass(frozen=True)
class AdvancedUi:
    """What each control shows and allows.

    Args:
        title: of the part; says what differs from the usual, or in how many ways.
        title_tooltip: all that differs; empty where nothing does.
        targets, kinds, presets, methods, pool_modes, devices: to choose one of; ``target`` ... ``device`` are their
            keys.
        region_parts, layers, folds: to check several of; ``region_parts_checked`` ... are the keys of those that are.
        region_parts_visible: the region has several segments.
        settings: of the method, by name, as they are used.
        device_hint: why no GPU can be chosen, or why nobody knows; empty where there is nothing to say.
        reasons: why a control cannot be used, by the names of ``CONTROLS``; empty where it can.
    """

    title: str
    title_tooltip: str
    targets: tuple[Option, ...]
    target: str
    kinds: tuple[Option, ...]
    kind: str
    region_parts: tuple[Option, ...]
    region_parts_checked: tuple[str, ...]
    region_parts_visible: bool
    methods: tuple[Option, ...]
    method: str
    presets: tuple[Option, ...]
    preset: str
    pool_modes: tuple[Option, ...]
    pool_mode: str
    settings: Mapping[str, Any]
    layers: tuple[Option, ...]
    layers_checked: tuple[str, ...]
    folds: tuple[Option, ...]
    folds_checked: tuple[str, ...]
    devices: tuple[Option, ...]
    device: str
    device_hint: str
    reasons: Mapping[str, str]


_LISTED_IN_TITLE = 2
#: Controls that cannot always be used.
CONTROLS = (
    "target",
    "kind",
    "region",
    "region_parts",
    "resample_truth",
    "method",
    "preset",
    "pool",
    "pool_mode",
    "settings",
    "layers",
    "layer_maps",
    "thresholds",
    "judge",
    "device",
    "refresh_devices",
    "memory_limit",
    "folds",
    "mirror",
    "step",
    "replace",
)


def advanced_ui(state: PanelState, known: KnownDevices, _: Translate = untranslated) -> AdvancedUi:
    """What the part shows for ``state``.

    Args:
        known: what is known of the devices.
    """
    inputs, facts = state.inputs, state.model.facts
    choices, method = inputs.choices, inputs.choices.method_facts
    changed = changed_choices(inputs, facts, _)
    region = inputs.region_parts
    return AdvancedUi(
        title=_title(changed, _),
        title_tooltip=_("Not as usual: {what}.").format(what=", ".join(changed)) if changed else "",
        targets=_targets(facts, _),
        target=chosen_target(inputs, facts),
        kinds=_kinds(_),
        kind=choices.target_kind,
        region_parts=tuple(Option(part.key, part.name) for part in region.parts),
        region_parts_checked=region.chosen(),
        region_parts_visible=region.kind == SEGMENTS and len(region.parts) > 1,
        methods=tuple(Option(one.name, one.title, one.summary) for one in METHOD_FACTS.values()),
        method=method.name,
        presets=_presets(_),
        preset=choices.preset,
        pool_modes=_pool_modes(_),
        pool_mode=choices.pool_mode,
        settings={
            name: choices.method_settings().get(name, getattr(method.defaults, name)) for name in method.settings
        },
        layers=_layers(facts, _),
        layers_checked=() if facts is None else chosen_layers(inputs, facts),
        folds=_folds(facts, _),
        folds_checked=() if facts is None else chosen_folds(inputs, facts),
        devices=_devices(choices.device, known, _),
        device=choices.device,
        device_hint=_device_hint(state, known, _),
        reasons=_reasons(state, known, _),
    )


def _title(changed: Sequence[str], _: Translate) -> str:
    if not changed:
        return _("Advanced")
    if len(changed) > _LISTED_IN_TITLE:
        return _("Advanced ({count} changed)").format(count=len(changed))
    return _("Advanced (changed: {what})").format(what=", ".join(changed))


def changed_choices(inputs: PanelInputs, facts: ModelFacts | None, _: Translate = untranslated) -> list[str]:
    """What differs from the usual, in words."""
    choices, usual = inputs.choices, RunChoices()
    layers_differ = facts is not None and chosen_layers(inputs, facts) != facts.default_layers
    folds_differ = facts is not None and chosen_folds(inputs, facts) != tuple(map(str, facts.default_folds))
    pools_otherwise = choices.pool != usual.pool or choices.pool_mode != usual.pool_mode
    names = (
        (_("target"), bool(chosen_target(inputs, facts)) or choices.target_kind != usual.target_kind),
        (_("region"), bool(inputs.region_id)),
        (_("ground truth's grid"), choices.resample_truth and bool(inputs.ground_truth_id)),
        (_("method"), choices.method_facts.name != usual.method),
        (_("method's settings"), bool(choices.method_settings())),
        (_("pooling"), choices.explained_as.pools and pools_otherwise),
        (_("preset"), choices.preset != usual.preset),
        (_("layers"), layers_differ and not choices.explained_as.at_input),
        (_("thresholds"), _normal(choices.thresholds) != _normal(usual.thresholds)),
        (_("device"), choices.device != usual.device),
        (_("memory limit"), choices.memory_limit_gb != usual.memory_limit_gb),
        (_("folds"), folds_differ),
        (_("mirroring"), choices.mirror and facts is not None and facts.mirrors),
        (_("step"), round(choices.step, 2) != usual.step),
        (_("maps of layers"), choices.save_layer_maps and not choices.explained_as.at_input),
        (_("judging of the map"), choices.badges),
        (_("earlier results stay"), not choices.replace),
    )
    return [name for name, differs in names if differs]


def _normal(thresholds: str) -> str:
    return " ".join(thresholds.replace(",", " ").split())


def _targets(facts: ModelFacts | None, _: Translate) -> tuple[Option, ...]:
    if facts is None:
        return (Option("", _("What the model segments")),)
    if len(facts.labels) == 1:
        return (Option("", facts.labels[0].name, _("The only label of this model.")),)
    everything = Option("", _("All labels together (foreground)"), _("Whether a voxel is a vessel, whichever it is."))
    return (
        everything,
        *(Option(label.name, f"{label.name} ({'+'.join(map(str, label.values))})") for label in facts.labels),
    )


def _kinds(_: Translate) -> tuple[Option, ...]:
    return (
        Option("prediction", _("What was segmented"), _("Why the network marked the voxels that it marked.")),
        Option("tp", _("Hits (TP)"), _("True positives: marked, and right.")),
        Option("fp", _("False alarms (FP)"), _("False positives: marked, and not in the ground truth.")),
        Option("fn", _("Misses (FN)"), _("False negatives: in the ground truth, and not marked.")),
    )


def _presets(_: Translate) -> tuple[Option, ...]:
    return (
        Option("", _("None"), _("The explanation of the whole stitched segmentation.")),
        Option(
            "paper",
            _("Paper"),
            _("As the published analysis: each window is explained and normalised by itself. For comparison only."),
        ),
    )


def _pool_modes(_: Translate) -> tuple[Option, ...]:
    return (
        Option("max", _("Largest"), _("The largest gradient of a block stands for all of it.")),
        Option("mean", _("Mean"), _("The mean gradient of a block stands for all of it.")),
    )


def _layers(facts: ModelFacts | None, _: Translate) -> tuple[Option, ...]:
    options = []
    for layer in () if facts is None else facts.layers:
        tooltip = ""
        if layer.channel_token:
            tooltip = _("Its Mamba layer mixes positions: its map says little about where.")
        elif layer.is_last_decoder:
            tooltip = _("The segmentation is read from this layer: its map lies inside it by construction.")
        elif layer.alias.endswith(".conv"):
            tooltip = _("Before the stage's Mamba layer.")
        options.append(Option(layer.alias, layer.alias, tooltip))
    return tuple(options)


def _folds(facts: ModelFacts | None, _: Translate) -> tuple[Option, ...]:
    keys = () if facts is None else fold_keys(facts)
    return tuple(Option(key, _("Fold {name}").format(name=key)) for key in keys)


def _devices(chosen: str, known: KnownDevices, _: Translate) -> tuple[Option, ...]:
    options = [
        Option("auto", _("Automatic"), _("The GPU with most free memory, or the CPU where there is none.")),
    ]
    found = () if known.found is None else known.found.devices
    options += [Option(facts.name, device_text(facts, _), device_text(facts, _)) for facts in found]
    if "cpu" not in [option.key for option in options]:
        options.append(Option("cpu", _("CPU")))
    if chosen not in [option.key for option in options]:
        text = _("{device} (not found here)") if known.found is not None else _("{device} (not looked for yet)")
        options.append(Option(chosen, text.format(device=chosen)))
    return tuple(options)


def device_text(facts: DeviceFacts, _: Translate = untranslated) -> str:
    """A device with its free memory; a GPU's long name comes last, where it may be cut off."""
    parts = [facts.name if facts.name != "cpu" else facts.description]
    if facts.free_memory_mb is not None:
        free = f"{facts.free_memory_mb / 1024:.1f}"
        if facts.total_memory_mb is None:
            parts.append(_("{free} GB free").format(free=free))
        else:
            total = f"{facts.total_memory_mb / 1024:.0f}"
            parts.append(_("{free} of {total} GB free").format(free=free, total=total))
    if facts.name != "cpu":
        parts.append(facts.description)
    return ", ".join(parts)


def _device_hint(state: PanelState, known: KnownDevices, _: Translate) -> str:
    if known.asking:
        return _("Looking for GPUs...")
    if known.problem:
        return _("GPUs could not be looked for: {problem}").format(problem=known.problem)
    if known.found is not None:
        return _("No CUDA GPU: {reason}.").format(reason=known.found.why_no_cuda) if known.found.why_no_cuda else ""
    if state.runtime != RUNTIME_READY:
        return _("GPUs are listed here once the packages are installed.")
    return ""


def _reasons(state: PanelState, known: KnownDevices, _: Translate) -> dict[str, str]:
    if state.is_busy:
        return dict.fromkeys(CONTROLS, why_wait(state, _))
    inputs, facts = state.inputs, state.model.facts
    choices = inputs.choices
    method, explained_as = choices.method_facts, choices.explained_as
    reasons = dict.fromkeys(CONTROLS, "")
    no_model = _("Choose a model that can be used first.")
    if facts is None:
        reasons |= dict.fromkeys(("target", "layers", "folds"), no_model)
    elif len(facts.labels) == 1:
        reasons["target"] = _("This model segments {label} and nothing else.").format(label=facts.labels[0].name)
    if facts is not None and len(facts.folds) == 1:
        reasons["folds"] = _("This model was trained in one fold.")
    if facts is not None and not facts.mirrors:
        reasons["mirror"] = _("This model was trained without mirroring.")
    if not inputs.ground_truth_id and choices.target_kind == "prediction":
        reasons["kind"] = _("Hits, false alarms and misses are told by a ground truth: choose one first.")
    if not inputs.ground_truth_id:
        reasons["resample_truth"] = _("There is no ground truth: choose one first.")
    if not explained_as.pools:
        reasons["pool"] = reasons["pool_mode"] = _("{method} does not pool gradients in blocks.").format(
            method=explained_as.title
        )
    if explained_as.at_input:
        at_input = _("{method} explains at the network's input: there are no layers to choose from.")
        reasons["layers"] = reasons["layer_maps"] = at_input.format(method=method.title)
    if not method.published and not choices.preset:
        reasons["preset"] = _("{method} is not part of the published analysis.").format(method=method.title)
    if state.runtime != RUNTIME_READY:
        reasons["refresh_devices"] = _("The packages that know of GPUs are not installed yet.")
    elif known.asking:
        reasons["refresh_devices"] = _("Looking for GPUs...")
    return reasons
