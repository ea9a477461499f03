"""What the advanced part shows and allows."""

from __future__ import annotations

import dataclasses

import pytest

from UMambaXAILogic.engine.device_list import DeviceFacts, DeviceList
from UMambaXAILogic.engine.model.facts import model_facts
from UMambaXAILogic.engine.model.labels import Label
from UMambaXAILogic.interaction.panel.advanced import CONTROLS, advanced_ui, device_text
from UMambaXAILogic.interaction.panel.choices import RunChoices
from UMambaXAILogic.interaction.panel.devices import KnownDevices
from UMambaXAILogic.interaction.panel.inputs import PanelInputs
from UMambaXAILogic.interaction.panel.model_look import ModelLook
from UMambaXAILogic.interaction.panel.node_parts import SEGMENTS, NodeParts, Part
from UMambaXAILogic.interaction.panel.state import RUNTIME_MISSING, PanelState

ONE = model_facts("demo")
MANY = dataclasses.replace(ONE, labels=(Label("ICA", (1,)), Label("MCA", (2, 3))), folds=(0, 1), default_folds=(0, 1))
CPU = DeviceFacts("cpu", "CPU, 2 threads", 2048, 4096)
GPU = DeviceFacts("cuda:0", "NVIDIA T4", 10240, 15360)


def ui(facts=MANY, known=KnownDevices(), inputs=PanelInputs(), state: dict | None = None, **choices):  # noqa: B008
    inputs = dataclasses.replace(inputs, choices=RunChoices(**choices))
    return advanced_ui(PanelState(inputs=inputs, model=ModelLook(facts), **(state or {})), known)


def off(shown) -> set[str]:
    """Controls that cannot be used."""
    return {name for name, reason in shown.reasons.items() if reason}


def keys(options) -> list[str]:
    return [option.key for option in options]


def test_every_control_is_either_on_or_off_with_a_reason():
    for shown in (ui(), ui(None), ui(ONE), ui(method="dea"), ui(state={"job_state": "running"})):
        assert set(shown.reasons) == set(CONTROLS)
        assert all(reason == "" or reason.endswith(".") for reason in shown.reasons.values())


def test_usually_only_what_needs_a_ground_truth_is_off():
    assert off(ui()) == {"kind", "resample_truth"}
    assert off(ui(inputs=PanelInputs(ground_truth_id="vtk2"))) == set()
    assert "kind" not in off(ui(target_kind="fn"))  # so that it can be taken back


def test_without_a_model_what_depends_on_it_is_off():
    shown = ui(None)
    assert off(shown) == {"target", "layers", "folds", "kind", "resample_truth"}
    assert (shown.layers, shown.folds) == ((), ())


def test_a_model_of_one_label_and_fold_leaves_no_choice_of_them():
    shown = ui(ONE)
    assert off(shown) == {"target", "folds", "kind", "resample_truth"}
    assert "vessel" in shown.reasons["target"]
    assert [option.text for option in shown.targets] == ["vessel"]


def test_targets_are_all_labels_together_and_each():
    shown = ui(target="MCA")
    assert [option.text for option in shown.targets] == ["All labels together (foreground)", "ICA (1)", "MCA (2+3)"]
    assert shown.target == "MCA"
    assert ui(target="gone").target == ""


def test_the_usual_layers_are_checked_and_special_ones_explained():
    shown = ui()
    assert keys(shown.layers) == [layer.alias for layer in MANY.layers]
    assert shown.layers_checked == MANY.default_layers
    told = {option.key: option.tooltip for option in shown.layers}
    assert "inside it by construction" in told["decoder.2"]
    assert "Before" in told["encoder.1.conv"]
    mixing = dataclasses.replace(MANY.layers[1], channel_token=True)
    shown = ui(dataclasses.replace(MANY, layers=(MANY.layers[0], mixing, *MANY.layers[2:])))
    assert "says little about where" in shown.layers[1].tooltip


def test_a_method_at_the_input_has_no_layers_and_no_pooling():
    shown = ui(method="dea")
    assert {"layers", "layer_maps", "pool", "pool_mode", "preset"} <= off(shown)
    assert set(shown.settings) == {"regions", "region_size_mm", "max_regions", "reach_mm", "fill"}
    assert ui(method="dea", settings=("fill=blur",)).settings["fill"] == "blur"
    assert ui().settings == {}


def test_a_preset_that_fits_no_more_can_be_taken_back():
    assert "preset" not in off(ui(method="dea", preset="paper"))


def test_while_something_runs_everything_is_off():
    shown = ui(state={"job_state": "running"})
    assert off(shown) == set(CONTROLS)


def test_a_model_trained_without_mirroring_offers_none():
    assert "mirror" in off(ui(dataclasses.replace(MANY, mirrors=False)))


def test_parts_of_a_region_are_in_sight_where_there_are_several():
    def of(*names: str):
        parts = NodeParts(SEGMENTS, tuple(Part(name, name) for name in names))
        return ui(inputs=PanelInputs(region_id="vtk3", region_name="R", region_parts=parts))

    assert not of().region_parts_visible
    assert not of("left").region_parts_visible
    assert of("left", "right").region_parts_visible
    assert of("left", "right").region_parts_checked == ("left", "right")


def test_devices_are_offered_as_they_are_known():
    assert [option.text for option in ui().devices] == ["Automatic", "CPU"]
    known = KnownDevices(found=DeviceList((GPU, CPU)))
    assert keys(ui(known=known).devices) == ["auto", "cuda:0", "cpu"]
    assert [option.text for option in ui(known=known).devices][1:] == [
        "cuda:0, 10.0 of 15 GB free, NVIDIA T4",
        "CPU, 2 threads, 2.0 of 4 GB free",
    ]


def test_a_device_of_another_computer_stays_chosen_and_says_so():
    assert ui(device="cuda:3").devices[-1].text == "cuda:3 (not looked for yet)"
    known = KnownDevices(found=DeviceList((CPU,)))
    assert ui(known=known, device="cuda:3").devices[-1].text == "cuda:3 (not found here)"
    assert ui(known=known, device="cuda:3").device == "cuda:3"


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (DeviceFacts("cuda:1", "GPU", None, None), "cuda:1, GPU"),
        (DeviceFacts("mps", "Apple GPU", 1536, None), "mps, 1.5 GB free, Apple GPU"),
    ],
)
def test_what_is_not_known_of_a_device_is_left_out(facts, text):
    assert device_text(facts) == text


def test_the_hint_says_why_no_gpu_can_be_chosen():
    assert ui().device_hint == ""
    assert ui(known=KnownDevices(asking=True)).device_hint == "Looking for GPUs..."
    found = DeviceList((CPU,), "torch 2.13.0 is built without CUDA")
    assert ui(known=KnownDevices(found=found)).device_hint == "No CUDA GPU: torch 2.13.0 is built without CUDA."
    assert "could not be looked for: x" in ui(known=KnownDevices(problem="x")).device_hint
    missing = ui(state={"runtime": RUNTIME_MISSING})
    assert "once the packages are installed" in missing.device_hint
    assert "refresh_devices" in off(missing)
    assert "refresh_devices" in off(ui(known=KnownDevices(asking=True)))


def test_the_title_says_what_differs_from_the_usual():
    assert (ui().title, ui().title_tooltip) == ("Advanced", "")
    assert ui(thresholds="0.2 0.3 0.4").title == "Advanced"
    assert ui(pool=4, method="seg-grad-cam").title == "Advanced (changed: method)"
    assert ui(device="cpu", step=0.4).title == "Advanced (changed: device, step)"
    three = ui(device="cpu", step=0.4, replace=False)
    assert three.title == "Advanced (3 changed)"
    assert three.title_tooltip == "Not as usual: device, step, earlier results stay."
    assert ui(layers=("encoder.0",), folds=("1",), target="ICA").title == "Advanced (3 changed)"
