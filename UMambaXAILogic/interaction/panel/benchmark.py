"""What the panel's part that judges several methods shows and allows, and what it asks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from UMambaXAILogic.engine.benchmark.baseline_names import BASELINE_TITLES
from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS, MethodFacts
from UMambaXAILogic.engine.model.facts import ModelFacts

from .activities import why_wait
from .benchmark_choices import BenchmarkChoices, all_passes, passes
from .choices import RunChoices
from .inputs import PanelInputs
from .judge import judge_hint, start_text
from .option import Option
from .run_options import problem_with_choices, run_options
from .state import RUNTIME_MISSING, PanelState
from .words import Translate, told_apart, untranslated

#: Options of a run that a benchmark has none of, or names in another way.
_NOT_OF_BENCHMARK = ("method", "poolMode", "pool", "preset", "thresholds", "saveLayerMaps", "badges")


@dataclass(frozen=True)
class BenchmarkFacts:
    """A benchmark that the scene holds, and what the next one can be about.

    Args:
        subject: volume and model; empty where there is no benchmark.
        best: the name of the map that ranks first; empty where none has a score.
        has_deletion, has_insertion: its charts are there.
        folder: where its files are; empty where they were not kept, or are gone.
        volumes: id and name of each volume that may be a map of the user's own.
    """

    subject: str = ""
    best: str = ""
    has_deletion: bool = False
    has_insertion: bool = False
    folder: str = ""
    volumes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class BenchmarkUi:
    """What each control shows and allows.

    Args:
        methods: to check several of; ``methods_checked`` are the keys of those that are.
        maps: of the user's own, likewise.
        maps_reason: why none of them can be checked; empty where they can.
        cost: what the whole will cost, a line.
        start_tooltip: what it will do, or why it cannot.
        hint: why it cannot be started; empty where it can, or where the section itself is at work.
        subject: what the table is about; empty where there is no table.
        reading: how to read the table.
    """

    inputs_enabled: bool
    methods: tuple[Option, ...]
    methods_checked: tuple[str, ...]
    maps: tuple[Option, ...]
    maps_checked: tuple[str, ...]
    maps_reason: str
    fills: tuple[Option, ...]
    fill: str
    cost: str
    start_enabled: bool
    start_text: str
    start_tooltip: str
    hint: str
    subject: str
    reading: str
    deletion_enabled: bool
    insertion_enabled: bool
    folder_enabled: bool
    folder_tooltip: str


def benchmark_ui(state: PanelState, facts: BenchmarkFacts, _: Translate = untranslated) -> BenchmarkUi:
    """What the part shows for ``state``."""
    choices = state.inputs.benchmark
    obstacle = _obstacle(state, _)
    return BenchmarkUi(
        inputs_enabled=not state.is_busy,
        methods=tuple(_option(one, choices, _) for one in METHOD_FACTS.values()),
        methods_checked=choices.chosen,
        maps=_maps(facts),
        maps_checked=tuple(one.id for one in choices.maps),
        maps_reason=_maps_reason(state, facts, _),
        fills=_fills(_),
        fill=choices.fill,
        cost=_cost(choices, _),
        start_enabled=not state.is_busy and not obstacle,
        start_text=start_text(state, _("Benchmark methods"), _("benchmark"), _),
        start_tooltip=why_wait(state, _) or obstacle or _promise(state, _),
        hint=judge_hint(state, obstacle, _),
        subject=facts.subject,
        reading=_reading(facts, _) if facts.subject else "",
        deletion_enabled=facts.has_deletion,
        insertion_enabled=facts.has_insertion,
        folder_enabled=bool(facts.folder),
        folder_tooltip=_("Opens {folder}: the maps, a plot for each axis, benchmark.csv and benchmark.json.").format(
            folder=facts.folder
        )
        if facts.folder
        else _("The files of this benchmark were not kept, or are gone: name a folder above before the next one."),
    )


def benchmark_options(inputs: PanelInputs, facts: ModelFacts) -> dict[str, Any]:
    """The keyword arguments of ``startBenchmark`` but for those that are nodes.

    Target, region, layers, folds, device and the like are those of a run; methods have their usual settings. Maps of
    the user's own are nodes too: see ``named_maps``.

    Raises:
        UsageError: the choices contradict each other; see ``problem_with_choices``.
    """
    choices = inputs.benchmark
    options = run_options(_as_run(inputs), facts)
    return {
        **{name: value for name, value in options.items() if name not in _NOT_OF_BENCHMARK},
        "methods": choices.chosen,
        "axes": choices.axes,
        "fill": choices.fill,
        "budget": choices.budget,
        "seed": choices.seed,
        "outputFolder": choices.folder or None,
    }


def _as_run(inputs: PanelInputs) -> PanelInputs:
    """What is chosen, without what only a run has: a method, its settings, thresholds and the like."""
    usual = RunChoices()
    names = ("method", "settings", "pool", "pool_mode", "preset", "thresholds", "save_layer_maps", "badges")
    return replace(inputs, choices=replace(inputs.choices, **{name: getattr(usual, name) for name in names}))


def _obstacle(state: PanelState, _: Translate) -> str:
    if not state.inputs.volume_name:
        return _("Choose a volume above.")
    if not state.inputs.model:
        return _("Choose a model above.")
    if state.model.problem:
        return state.model.problem
    if not state.inputs.benchmark.chosen:
        return _("Choose at least one method.")
    refused = next((one.problem for one in state.inputs.benchmark.maps if one.problem), "")
    if refused:
        return refused
    return problem_with_choices(_as_run(state.inputs), state.model.facts, _) or state.runtime_problem


def _option(facts: MethodFacts, choices: BenchmarkChoices, _: Translate) -> Option:
    count = passes(facts, choices.budget)
    is_bounded = bool({"samples", "max_regions"} & set(facts.settings))
    cost = _("up to {count} passes") if is_bounded else _("{count} passes")
    cost = cost.format(count=count)
    tooltip = _(
        "{summary}\n\nCost: {cost} of the network over the windows that hold what is explained; each of the two "
        "questions below makes the map five times again."
    ).format(summary=facts.summary, cost=cost)
    return Option(facts.name, f"{facts.title} ({cost})", tooltip)


def _maps(facts: BenchmarkFacts) -> tuple[Option, ...]:
    names = told_apart([name for _id, name in facts.volumes])
    return tuple(Option(key, name, name) for (key, _name), name in zip(facts.volumes, names, strict=True))


def _maps_reason(state: PanelState, facts: BenchmarkFacts, _: Translate) -> str:
    if state.is_busy:
        return why_wait(state, _)
    if not facts.volumes:
        return _("The scene holds no other volume: load a map as a volume first.")
    return ""


def _fills(_: Translate) -> tuple[Option, ...]:
    return (
        Option(
            "shell", _("Tissue around them"), _("The mean of the tissue within 3 mm that is neither vessel nor filled.")
        ),
        Option("mean", _("Mean of the volume"), _("One value everywhere: an edge that no scan has.")),
        Option("blur", _("Blurred image"), _("The image itself, blurred with 3 mm: large vessels stay visible.")),
    )


def _cost(choices: BenchmarkChoices, _: Translate) -> str:
    own = {0: "", 1: _(", one map of your own")}.get(len(choices.maps), _(", {maps} maps of your own"))
    return _(
        "About {count} passes in all, for {methods} methods{own} and {baselines} baselines: at most as long as {count} "
        "segmentations, and less where few windows hold what is explained."
    ).format(
        count=all_passes(choices),
        methods=len(choices.chosen),
        own=own.format(maps=len(choices.maps)),
        baselines=len(BASELINE_TITLES),
    )


def _promise(state: PanelState, _: Translate) -> str:
    promise = _(
        "Segments {volume} once, explains it by every method that is checked, and judges all maps on equal terms, "
        "beside baselines that know nothing of the network. Target, region, layers and device are those chosen above; "
        "methods have their usual settings. An earlier benchmark of this volume and model is replaced."
    ).format(volume=state.inputs.volume_name)
    if state.runtime == RUNTIME_MISSING:
        promise += " " + _("Asks before it installs the packages this needs.")
    return promise


def _reading(facts: BenchmarkFacts, _: Translate) -> str:
    reading = _(
        "Best first. \u2191 higher is better, \u2193 lower is better; rest the mouse on a cell to read what its column "
        "means. A map that does not beat the baselines, or fails the sanity gate, is no evidence."
    )
    if not facts.best:
        return reading
    return _("First: {map}.").format(map=facts.best) + " " + reading
