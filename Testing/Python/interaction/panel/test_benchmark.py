"""What the panel says and asks of a benchmark."""

from __future__ import annotations

from dataclasses import replace

import pytest

from UMambaXAILogic.engine.benchmark.request import DEFAULT_METHODS
from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS
from UMambaXAILogic.engine.model.facts import model_facts
from UMambaXAILogic.interaction.panel.activities import BENCHMARK, SAM
from UMambaXAILogic.interaction.panel.benchmark import BenchmarkFacts, benchmark_options, benchmark_ui
from UMambaXAILogic.interaction.panel.benchmark_choices import (
    BenchmarkChoices,
    OwnMap,
    all_passes,
    kept_methods,
    named_maps,
    passes,
)
from UMambaXAILogic.interaction.panel.checked import NOTHING
from UMambaXAILogic.interaction.panel.choices import RunChoices
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.model_look import ModelLook
from UMambaXAILogic.interaction.panel.state import RUNTIME_MISSING, PanelState


@pytest.fixture(scope="module")
def demo():
    return model_facts("demo")


@pytest.fixture
def state(demo) -> PanelState:
    inputs = PanelInputs(volume_id="vtk1", volume_name="CTA", model="demo")
    return PanelState(inputs, ModelLook(facts=demo))


def with_choices(state: PanelState, **changes) -> PanelState:
    choices = replace(state.inputs.benchmark, **changes)
    return replace(state, inputs=replace(state.inputs, benchmark=choices))


def test_the_usual_methods_are_checked_and_each_says_what_it_costs(state):
    shown = benchmark_ui(state, BenchmarkFacts())
    assert shown.methods_checked == DEFAULT_METHODS and shown.start_enabled and shown.hint == ""
    assert [option.key for option in shown.methods] == list(METHOD_FACTS)
    by_key = {option.key: option for option in shown.methods}
    assert by_key["seg-xres-cam"].text == "Seg-XRes-CAM (2 passes)"
    assert by_key["smoothgrad"].text == "SmoothGrad (up to 20 passes)"
    assert by_key["occlusion"].text == "Occlusion (up to 50 passes)"
    assert all("five times again" in option.tooltip for option in shown.methods)


def test_the_cost_follows_the_choices():
    assert passes(METHOD_FACTS["smoothgrad"], 6) == 4
    assert passes(METHOD_FACTS["dea"], 30) == 30 and passes(METHOD_FACTS["dea"], 1000) == 200
    one = BenchmarkChoices(methods=("seg-xres-cam",), robustness=False, sanity=False)
    assert all_passes(one) == 2 + 10 * 5
    assert all_passes(replace(one, sanity=True)) == 2 * 6 + 5 + 10 * 5
    assert all_passes(replace(one, sanity=True, robustness=True)) == 2 * 11 + 10 + 10 * 5


def test_maps_of_the_users_own_are_offered_and_counted(state):
    facts = BenchmarkFacts(volumes=(("v1", "mine"), ("v2", "mine"), ("v3", "other")))
    before = benchmark_ui(state, facts)
    assert [option.text for option in before.maps] == ["mine [1]", "mine [2]", "other"]
    assert before.maps_checked == () and before.maps_reason == "" and "of your own" not in before.cost
    chosen = with_choices(state, maps=(OwnMap("v2", "mine"),))
    shown = benchmark_ui(chosen, facts)
    assert shown.maps_checked == ("v2",) and shown.start_enabled and "one map of your own" in shown.cost
    two = with_choices(state, maps=(OwnMap("v1", "mine"), OwnMap("v2", "mine")))
    assert "2 maps of your own" in benchmark_ui(two, facts).cost
    assert all_passes(chosen.inputs.benchmark) == all_passes(state.inputs.benchmark) + 10


def test_where_there_is_no_volume_that_could_be_a_map_it_is_said(state):
    assert "no other volume" in benchmark_ui(state, BenchmarkFacts()).maps_reason
    busy = replace(state, job_state="running", activity=SAM)
    assert "Wait until the SAM" in benchmark_ui(busy, BenchmarkFacts()).maps_reason


def test_a_map_that_cannot_be_judged_is_refused_in_its_own_words(state):
    maps = (OwnMap("v1", "mine"), OwnMap("v2", "far", "It lies on another grid. Resample it."))
    shown = benchmark_ui(with_choices(state, maps=maps), BenchmarkFacts(volumes=(("v1", "mine"), ("v2", "far"))))
    assert not shown.start_enabled and shown.hint == shown.start_tooltip == "It lies on another grid. Resample it."
    assert shown.maps_reason == "" and shown.maps_checked == ("v1", "v2")  # to be unchecked


def test_every_map_has_a_name_of_its_own():
    maps = tuple(
        OwnMap(f"v{number}", name) for number, name in enumerate(("mine", "random", "mine", "dea", "occlusion"))
    )
    choices = BenchmarkChoices(methods=kept_methods(("dea",)), maps=maps)
    assert named_maps(choices) == {
        "mine [1]": "v0",
        "random (own)": "v1",
        "mine [2]": "v2",
        "dea (own)": "v3",
        "occlusion": "v4",
    }


def test_the_usual_methods_are_kept_as_such():
    assert kept_methods(DEFAULT_METHODS) == ()
    assert BenchmarkChoices(methods=kept_methods(("dea", "occlusion"))).chosen == ("occlusion", "dea")
    assert kept_methods(()) == NOTHING and BenchmarkChoices(methods=NOTHING).chosen == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"volume_name": ""}, "volume"),
        ({"model": ""}, "model"),
        ({"choices": RunChoices(target_kind="fp")}, "ground truth"),
        ({"choices": RunChoices(layers=NOTHING)}, "layer"),
    ],
)
def test_what_is_missing_is_said(state, changes, words):
    shown = benchmark_ui(replace(state, inputs=replace(state.inputs, **changes)), BenchmarkFacts())
    assert not shown.start_enabled and words in shown.hint and shown.start_tooltip == shown.hint
    nothing = benchmark_ui(with_choices(state, methods=NOTHING), BenchmarkFacts())
    assert "at least one method" in nothing.hint


def test_what_only_a_run_has_is_no_obstacle(state):
    choices = RunChoices(method="dea", preset="paper", thresholds="nonsense", settings=("max_regions=7",))
    shown = benchmark_ui(replace(state, inputs=replace(state.inputs, choices=choices)), BenchmarkFacts())
    assert shown.start_enabled


def test_while_something_runs_nothing_can_be_changed(state):
    shown = benchmark_ui(replace(state, job_state="running", activity=BENCHMARK), BenchmarkFacts())
    assert not shown.inputs_enabled and not shown.start_enabled and shown.hint == ""
    assert "Wait until the benchmark" in shown.start_tooltip
    shown = benchmark_ui(replace(state, job_state="running", activity=SAM), BenchmarkFacts())
    assert not shown.start_enabled and "Wait until the SAM" in shown.hint == shown.start_tooltip


def test_packages_are_installed_first(state):
    shown = benchmark_ui(replace(state, runtime=RUNTIME_MISSING), BenchmarkFacts())
    assert shown.start_text == "Install and benchmark..." and "Asks before" in shown.start_tooltip


def test_the_table_is_said_how_to_be_read(state):
    facts = BenchmarkFacts("3 maps of vessel in CTA", "Seg-XRes-CAM", True, False, "/kept")
    shown = benchmark_ui(state, facts)
    assert shown.reading.startswith("First: Seg-XRes-CAM.") and "lower is better" in shown.reading
    assert shown.deletion_enabled and not shown.insertion_enabled
    assert shown.folder_enabled and "/kept" in shown.folder_tooltip
    without = benchmark_ui(state, BenchmarkFacts("3 maps"))
    assert not without.folder_enabled and "were not kept" in without.folder_tooltip
    assert without.reading.startswith("Best first")
    assert benchmark_ui(state, BenchmarkFacts()).reading == ""


def test_target_and_device_are_those_of_a_run_and_its_method_is_not(state, demo):
    choices = RunChoices(
        method="dea", settings=("max_regions=7", "fill=mean"), badges=True, device="cpu", step=0.3, replace=False
    )
    benchmark = BenchmarkChoices(("dea",), budget=9, seed=4, robustness=False, fill="blur", folder="/kept")
    options = benchmark_options(replace(state.inputs, choices=choices, benchmark=benchmark), demo)
    assert options == {
        "target": None,
        "targetKind": "prediction",
        "resampleGroundTruth": False,
        "device": "cpu",
        "memoryLimitGb": None,
        "folds": None,
        "mirror": False,
        "step": 0.3,
        "replace": False,
        "methods": ("dea",),
        "axes": ("sanity",),
        "fill": "blur",
        "budget": 9,
        "seed": 4,
        "outputFolder": "/kept",
    }


def test_choices_that_contradict_each_other_are_refused(state, demo):
    with pytest.raises(UsageError):
        benchmark_options(replace(state.inputs, choices=RunChoices(target_kind="tp")), demo)
