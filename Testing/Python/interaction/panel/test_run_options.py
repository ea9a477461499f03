"""What the choices mean for a model: arguments of a run, or a refusal before it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS
from UMambaXAILogic.engine.methods.settings import SETTINGS, SettingFacts
from UMambaXAILogic.engine.model.facts import model_facts
from UMambaXAILogic.engine.model.labels import Label
from UMambaXAILogic.interaction.panel.checked import NOTHING
from UMambaXAILogic.interaction.panel.choices import RunChoices
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.node_parts import LABELS, SEGMENTS, NodeParts, Part
from UMambaXAILogic.interaction.panel.run_options import problem_with_choices, run_options

ONE = model_facts("demo")
MANY = dataclasses.replace(
    ONE,
    labels=(Label("ICA", (1,)), Label("MCA", (2, 3))),
    ignored_value=9,
    folds=(0, 1, 2, "all"),
    default_folds=(0, 1, 2),
)


def inputs(**choices) -> PanelInputs:
    return PanelInputs(volume_name="CTA", model="demo", choices=RunChoices(**choices))


def with_truth(kind: str, *keys: str, kept: tuple[str, ...] = (), **choices) -> PanelInputs:
    parts = NodeParts(kind, tuple(Part(key, key) for key in keys), kept)
    return dataclasses.replace(
        inputs(**choices), ground_truth_id="vtk2", ground_truth_name="Truth", ground_truth_parts=parts
    )


def changed(asked: PanelInputs, facts=MANY) -> dict:
    """The options that differ from those of a run for which nothing was chosen."""
    usual = run_options(inputs(), facts)
    found = run_options(asked, facts)
    return {name: value for name, value in found.items() if name not in usual or usual[name] != value}


def test_nothing_chosen_asks_for_the_consoles_defaults():
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    from UMambaXAILogic.scene_calls.options import Options

    assert Options(**run_options(inputs(), ONE)) == Options()


@pytest.mark.parametrize("method", METHOD_FACTS)
def test_every_setting_of_every_method_reaches_the_request(method):
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    from UMambaXAILogic.scene_calls.options import Options, build_request

    defaults = METHOD_FACTS[method].defaults
    wanted = {name: another(SETTINGS[name], getattr(defaults, name)) for name in METHOD_FACTS[method].settings}
    asked = inputs(method=method, settings=tuple(f"{name}={value}" for name, value in wanted.items()))
    options = Options(**run_options(asked, ONE))
    request = build_request("case", "demo", 0.3, options, Path("/work"), None, None)
    assert request.method == method
    assert request.method_options.given() == wanted


def another(facts: SettingFacts, default):
    """A value that a setting may have, other than its default."""
    if facts.choices:
        return next(choice for choice in facts.choices if choice != default)
    lower, upper = facts.minimum, facts.maximum
    value = lower + 1 if lower + 1 != default and lower + 1 <= upper else (lower + upper) / 2 + 0.01
    return int(value) if facts.whole else float(value)


def test_settings_and_pooling_of_a_method_that_averages_another():
    pytest.importorskip("slicer", reason="slicer-core is not installed")
    from UMambaXAILogic.scene_calls.options import Options

    every = inputs(
        method="smoothgrad",
        settings=("base_method=seg-xres-cam", "samples=3", "noise=0.2", "seed=4"),
        pool=2,
        layers=("encoder.0",),
    )
    options = Options(**run_options(every, ONE))
    assert (options.baseMethod, options.pool, options.layers) == ("seg-xres-cam", 2, ("encoder.0",))


def test_the_target_is_a_label_of_the_model_or_the_usual_one():
    assert changed(inputs(target="MCA")) == {"target": "MCA"}
    assert changed(inputs(target="Aneurysm")) == {}
    assert changed(inputs(target="vessel"), ONE) == {}  # the only one


def test_layers_folds_and_mirroring_follow_the_model():
    assert changed(inputs(layers=("encoder.0", "decoder.0"))) == {"layers": ("encoder.0", "decoder.0")}
    assert changed(inputs(layers=("encoder.9",))) == {}
    assert changed(inputs(folds=("0", "all"))) == {"folds": (0, "all")}
    assert changed(inputs(folds=("0", "1", "2"))) == {}
    assert changed(inputs(mirror=True)) == {"mirror": True}
    assert changed(inputs(badges=True)) == {"badges": True}
    assert changed(inputs(mirror=True), dataclasses.replace(MANY, mirrors=False)) == {}


def test_only_what_the_method_has_is_asked_of_it():
    assert changed(inputs(pool=4)) == {"pool": 4}
    assert changed(inputs(method="seg-grad-cam", pool=4)) == {"method": "seg-grad-cam"}
    assert changed(inputs(method="occlusion", layers=("encoder.0",), settings=("fill=mean", "samples=9"))) == {
        "method": "occlusion",
        "fill": "mean",
    }


def test_numbers_of_spin_boxes_are_rounded():
    assert changed(inputs(step=0.30000000000000004)) == {"step": 0.3}
    assert changed(inputs(memory_limit_gb=8.0)) == {"memoryLimitGb": 8.0}


def test_segments_count_together_and_are_named():
    assert changed(with_truth(SEGMENTS, "s1", "s2")) == {"groundTruthSegments": ("s1", "s2")}
    assert changed(with_truth(SEGMENTS, "s1", "s2", kept=("s2",))) == {"groundTruthSegments": ("s2",)}
    assert changed(with_truth(SEGMENTS, "s1", "s2", kept=("gone",))) == {"groundTruthSegments": ("s1", "s2")}


def test_labels_are_those_of_the_target_unless_somebody_chooses():
    assert changed(with_truth(LABELS, "1", "2", "9")) == {}  # all but the one that nobody knows, as the engine does
    assert changed(with_truth(LABELS, "1", "2", "9", kept=("1", "2", "9"))) == {"groundTruthLabels": (1, 2, 9)}
    assert changed(with_truth(LABELS, "1", "2", "3", target="MCA")) == {"target": "MCA"}
    assert changed(with_truth(LABELS, "1", "2", "3", kept=("2",), target="MCA")) == {
        "target": "MCA",
        "groundTruthLabels": (2,),
    }


def test_a_region_of_segments_names_them():
    parts = NodeParts(SEGMENTS, (Part("s1", "left"), Part("s2", "right")), ("s2",))
    asked = dataclasses.replace(inputs(), region_id="vtk3", region_name="Head", region_parts=parts)
    assert changed(asked) == {"regionSegments": ("s2",)}
    assert changed(dataclasses.replace(asked, region_parts=NodeParts())) == {}


REFUSED = {
    "misses without a ground truth": (inputs(target_kind="fn"), "no ground truth"),
    "no segment": (with_truth(SEGMENTS, "s1", kept=NOTHING), "Nothing of Truth is chosen"),
    "an empty segmentation": (with_truth(SEGMENTS), "Truth is empty"),
    "labels of another naming": (with_truth(LABELS, "7", target="ICA"), "no voxels of the target's value"),
    "no layer": (inputs(layers=NOTHING), "No layer is chosen"),
    "no fold": (inputs(folds=NOTHING), "No fold"),
    "no threshold": (inputs(thresholds=""), "threshold"),
    "paper with another method": (inputs(preset="paper", method="dea"), "not part of the published"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_done_is_refused_with_what_to_do(name):
    asked, words = REFUSED[name]
    problem = problem_with_choices(asked, MANY)
    assert words in problem
    assert problem.endswith(".")
    with pytest.raises(UsageError, match=words):
        run_options(asked, MANY)


@pytest.mark.parametrize(
    "asked",
    [
        inputs(),
        inputs(preset="paper"),
        inputs(preset="paper", method="seg-grad-cam"),
        inputs(method="dea", layers=NOTHING),
        with_truth(SEGMENTS, "s1", target_kind="fn"),
        with_truth(LABELS, "2", target="MCA", target_kind="tp"),
    ],
)
def test_what_can_be_done_is_not_refused(asked):
    assert problem_with_choices(asked, MANY) == ""


def test_without_a_model_only_what_needs_none_is_refused():
    assert problem_with_choices(inputs(layers=NOTHING), None) == ""
    assert problem_with_choices(inputs(target_kind="fp"), None) != ""
