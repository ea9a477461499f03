"""What is said of a model without torch is what the loaded model is, and the refusals are the same."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from UMambaXAILogic.engine.errors import ModelError
from UMambaXAILogic.engine.inference.target import resolve_target
from UMambaXAILogic.engine.model.architecture import architecture_of
from UMambaXAILogic.engine.model.builder import build_network, configuration_manager
from UMambaXAILogic.engine.model.facts import ModelFacts, model_facts
from UMambaXAILogic.engine.model.layer_names import umamba_layers
from UMambaXAILogic.engine.model.layers import all_layers, resolve_layers
from UMambaXAILogic.engine.model.loading import Model, load_model
from UMambaXAILogic.engine.model.plans import network_configuration
from UMambaXAILogic.engine.model.topology import Topology

ORACLE = (
    "UMambaBot_2d",
    "UMambaBot_3d",
    "UMambaEnc_2d",
    "UMambaEnc_2d_5st",
    "UMambaEnc_3d",
)
FIXTURES = ("bot_2d", "bot_3d", "enc_2d", "enc_3d")
OF_TWO_CHANNELS = ("UMambaBot_3d_aniso", "UMambaEnc_3d_aniso")  # the network exists, and an input here is one volume


def agrees(facts: ModelFacts, model: Model) -> None:
    """Everything that both know."""
    assert facts.architecture == model.architecture
    assert facts.is_legacy == model.is_legacy
    assert facts.trainer_name == model.trainer_name
    assert facts.configuration_name == model.configuration_name
    assert facts.dimension == model.dimension
    assert facts.default_folds == model.folds
    assert facts.has_regions == model.label_manager.has_regions
    assert facts.ignored_value == model.label_manager.ignore_label
    assert facts.mirrors == bool(model.allowed_mirroring_axes)
    assert facts.has_profile == (model.reference_profile.profile is not None)
    assert facts.default_layers == tuple(layer.alias for layer in resolve_layers(model))
    assert [(layer.alias, layer.channel_token, layer.is_last_decoder) for layer in facts.layers] == [
        (layer.alias, layer.channel_token, layer.is_last_decoder) for layer in all_layers(model.network)
    ]
    for label in facts.labels:
        assert resolve_target(model.label_manager, label.name).label_values == label.values
    assert len(facts.labels) == len(resolve_target(model.label_manager, "foreground").channels)
    if facts.dimension == 2:
        assert (facts.patch_size, facts.spacing_mm) == (model.patch_size[::-1], model.spacing_mm[::-1])


def exported(folder: Path, target: Path) -> Path:
    """The layout of nnUNetv2_export_model_to_zip."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, Path("Dataset001_X") / folder.name / path.relative_to(folder))
    return target


def test_the_demo_model():
    facts = model_facts("demo")
    agrees(facts, load_model("demo"))
    assert facts.dataset_name == "Dataset901_PhantomVessels"
    assert (facts.architecture, facts.dimension) == ("UMambaEnc", 3)
    assert [(label.name, label.values) for label in facts.labels] == [("vessel", (1,))]
    assert facts.spacing_mm == (0.6, 0.6, 1.114)
    assert facts.patch_size == (96, 96, 32)
    assert facts.channel == "CT"
    assert facts.folds == (0,)
    assert facts.default_layers == ("encoder.2", "encoder.3", "decoder.0", "decoder.1", "decoder.2")


@pytest.mark.parametrize("known_network", ORACLE, indirect=True)
def test_models_of_the_original_project(known_network, write_checkpoint, tmp_path):
    known = known_network
    folder = tmp_path / f"{known.trainer}__nnUNetPlans__{known.configuration}"
    weights = {key: known.weights[own] for key, own in known.keys.items()}
    write_checkpoint(folder / "fold_0" / "checkpoint_final.pth", weights, known.trainer, known.configuration)
    (folder / "plans.json").write_text(json.dumps(known.plans))
    (folder / "dataset.json").write_text(json.dumps(known.dataset_json))
    model = load_model(folder)
    agrees(model_facts(folder), model)
    agrees(model_facts(exported(folder, tmp_path / "exported.zip")), model)


@pytest.mark.parametrize("known_network", (*FIXTURES, *ORACLE, *OF_TWO_CHANNELS), indirect=True)
def test_the_layers_that_are_planned_are_those_of_the_network(known_network):
    known = known_network
    nnunets_own = configuration_manager(PlansManager(known.plans), known.configuration)
    network = build_network(known.trainer, nnunets_own, known.in_channels, 2, deep_supervision=False)
    planned = network_configuration(known.plans, known.configuration)["architecture"]["arch_kwargs"]
    assert planned.items() <= nnunets_own.network_arch_init_kwargs.items()
    topology = Topology.from_architecture(planned, nnunets_own.patch_size)
    layers = umamba_layers(topology, architecture_of(known.trainer, None), is_legacy=False)
    assert [(layer.alias, layer.channel_token, layer.is_last_decoder) for layer in layers] == [
        (layer.alias, layer.channel_token, layer.is_last_decoder) for layer in all_layers(network)
    ]


@pytest.mark.parametrize("trainer", ["nnUNetTrainerUMambaBot", "nnUNetTrainerUMambaEnc", "nnUNetTrainer"])
@pytest.mark.parametrize("dimension", [2, 3])
def test_every_network_from_a_folder_and_from_a_zip(make_trained_folder, tmp_path, trainer, dimension):
    folder = make_trained_folder(trainer=trainer, dimension=dimension, folds=2, patch=8)
    model = load_model(folder)
    facts = model_facts(folder)
    agrees(facts, model)
    assert facts.folds == (0, 1)
    assert model_facts(exported(folder, tmp_path / "exported.zip")) == facts


def test_a_model_of_the_legacy_generation(make_trained_folder, write_checkpoint):
    for trainer, dimension in (("nnUNetTrainerUMambaEnc", 2), ("nnUNetTrainerUMambaBot", 3)):
        folder = make_trained_folder(trainer=trainer, dimension=dimension, patch=8)
        model = load_model(folder)
        network = build_network(trainer, model.configuration_manager, 1, 2, True, legacy=True)
        weights = {f"module.{name}": value for name, value in network.state_dict().items()}
        write_checkpoint(folder / "fold_0" / "checkpoint_final.pth", weights, trainer, model.configuration_name)
        facts = model_facts(folder)
        assert facts.is_legacy
        agrees(facts, load_model(folder))


def test_regions_and_axis_orders(make_trained_folder):
    labels = {"background": 0, "whole": [1, 2], "core": 2, "ignore": 3}
    folder = make_trained_folder(
        labels=labels, regions_class_order=[1, 2], patch=8, spacing=(3.0, 1.0, 2.0), transpose=(1, 2, 0)
    )
    facts = model_facts(folder)
    agrees(facts, load_model(folder))
    assert facts.has_regions
    assert [(label.name, label.values) for label in facts.labels] == [("whole", (1, 2)), ("core", (2,))]
    assert facts.spacing_mm == (1.0, 3.0, 2.0)  # network axis n is z y x axis (1, 2, 0)[n]: y 3, x 1, z 2


def test_the_folders_name_says_the_configuration_where_the_checkpoint_does_not(make_trained_folder):
    folder = make_trained_folder(trainer="nnUNetTrainerUMambaBot", patch=8)
    path = folder / "fold_0" / "checkpoint_final.pth"
    torch.save(torch.load(path, weights_only=True) | {"init_args": {}}, path)
    assert model_facts(folder).configuration_name == load_model(folder).configuration_name == "3d_fullres"


def test_several_configurations_are_told_apart(make_trained_folder, tmp_path):
    folder = make_trained_folder(trainer="nnUNetTrainerUMambaBot", patch=8)
    for name in ("T__P__3d_fullres", "T__P__3d_lowres"):
        shutil.copytree(folder, tmp_path / name)
    same_refusal(tmp_path)
    assert model_facts(tmp_path, "3d_fullres").configuration_name == "3d_fullres"


def test_nothing_of_it_needs_packages(tmp_path):
    code = (
        "import sys\n"
        "for name in ('torch', 'nnunetv2', 'numpy', 'dynamic_network_architectures'): sys.modules[name] = None\n"
        "from UMambaXAILogic.engine.model.facts import model_facts\n"
        "print(model_facts('demo').architecture)"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "UMambaEnc"


# Refusals: whatever the panel says before a run is what the run would have said.


def same_refusal(reference: str | Path) -> str:
    with pytest.raises(ModelError) as loading:
        load_model(reference)
    with pytest.raises(ModelError) as looking:
        model_facts(reference)
    assert (looking.value.message, looking.value.remedy) == (loading.value.message, loading.value.remedy)
    return str(looking.value)


@pytest.fixture(scope="module")
def shipped(make_trained_folder) -> Path:
    """A trained folder of two folds; never changed."""
    return make_trained_folder(trainer="nnUNetTrainerUMambaBot", folds=2, patch=8)


@pytest.fixture
def folder(shipped, tmp_path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(shipped, tmp_path / "Dataset001_X" / shipped.name))


def change(path: Path, **replaced) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | replaced))


def change_configuration(folder: Path, **replaced) -> None:
    plans = json.loads((folder / "plans.json").read_text())
    plans["configurations"]["3d_fullres"].update(replaced)
    (folder / "plans.json").write_text(json.dumps(plans))


def change_checkpoint(folder: Path, fold: int = 0, **replaced) -> None:
    path = folder / f"fold_{fold}" / "checkpoint_final.pth"
    torch.save(torch.load(path, weights_only=True) | replaced, path)


SPOILED = {
    "no plans": (lambda folder: (folder / "plans.json").unlink(), "plans.json is missing"),
    "no labels": (lambda folder: (folder / "dataset.json").unlink(), "dataset.json is missing"),
    "damaged plans": (lambda folder: (folder / "plans.json").write_text("{"), "cannot be read"),
    "other plans": (lambda folder: (folder / "plans.json").write_text("[]"), "is not nnU-Net v2's"),
    "no fold": (lambda folder: [shutil.rmtree(path) for path in folder.glob("fold_*")], "no trained fold"),
    "two channels": (
        lambda folder: change(folder / "dataset.json", channel_names={"0": "T1", "1": "T2"}),
        "expects 2 input channels",
    ),
    "channels that are a number": (
        lambda folder: change(folder / "dataset.json", channel_names=3),
        "expects 0 input channels",
    ),
    "cascade": (lambda folder: change_configuration(folder, previous_stage="3d_lowres"), "second stage of a cascade"),
    "reader": (lambda folder: change(folder / "plans.json", image_reader_writer="MyReader"), "'MyReader'"),
    "patch size": (lambda folder: change_configuration(folder, patch_size=[8, 8, 0]), "above 0"),
    "patch and strides": (lambda folder: change_configuration(folder, patch_size=[8, 8, 6]), "cannot be halved"),
    "preprocessor": (lambda folder: change_configuration(folder, preprocessor_name="os"), "preprocessor 'os'"),
    "background": (
        lambda folder: change(folder / "dataset.json", labels={"vessel": 1}),
        "labels of .*dataset.json cannot be used: there is no label 'background'",
    ),
    "foreground": (
        lambda folder: change(folder / "dataset.json", labels={"background": 0}),
        "cannot be used: there is no foreground label",
    ),
    "regions without an order": (
        lambda folder: change(folder / "dataset.json", labels={"background": 0, "v": [1, 2]}),
        "regions_class_order is None for 1 region",
    ),
    "an ignored label in between": (
        lambda folder: change(folder / "dataset.json", labels={"background": 0, "v": 2, "ignore": 1}),
        "'ignore' is 1 and not one more than the highest, 2",
    ),
    "labels that are a number": (lambda folder: change(folder / "dataset.json", labels=3), "labels .*cannot be used"),
    "two trainings": (
        lambda folder: change_checkpoint(folder, 1, trainer_name="nnUNetTrainerUMambaEnc"),
        "not trained alike",
    ),
    "no trainer": (
        lambda folder: [change_checkpoint(folder, fold, trainer_name=None) for fold in (0, 1)],
        "does not name its trainer",
    ),
    "bare weights": (
        lambda folder: torch.save({"state": torch.ones(2)}, folder / "fold_0" / "checkpoint_final.pth"),
        "holds no 'network_weights'",
    ),
    "another configuration": (
        lambda folder: [change_checkpoint(folder, fold, init_args={"configuration": "2d"}) for fold in (0, 1)],
        "no configuration '2d'",
    ),
    "a network of somebody else's": (
        lambda folder: (
            [change_checkpoint(folder, fold, trainer_name="MyTrainer") for fold in (0, 1)],
            change_configuration(
                folder, architecture={"network_class_name": "my.Net", "arch_kwargs": {}, "_kw_requires_import": []}
            ),
        ),
        "'my.Net' .trainer 'MyTrainer'. is not one this program knows",
    ),
}


@pytest.mark.parametrize("spoil", SPOILED, ids=str)
def test_a_spoiled_folder_and_its_zip_are_refused_with_the_words_of_a_run(folder, tmp_path, spoil):
    change_it, words = SPOILED[spoil]
    change_it(folder)
    assert re.search(words, same_refusal(folder))
    same_refusal(exported(folder, tmp_path / "spoiled.zip"))


def test_what_is_no_model_at_all_is_refused_with_the_words_of_a_run(folder, tmp_path):
    assert "does not exist" in same_refusal(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    assert "plans.json is missing" in same_refusal(tmp_path / "empty")
    assert "Give the folder above it" in same_refusal(folder / "fold_0")
    (tmp_path / "text.zip").write_text("no zip")
    assert "neither a trained folder nor a zip" in same_refusal(tmp_path / "text.zip")
    assert "neither a trained folder nor a zip" in same_refusal(folder / "fold_0" / "checkpoint_final.pth")


def test_a_damaged_zip_is_refused(folder, tmp_path):
    whole = exported(folder, tmp_path / "whole.zip").read_bytes()
    place = whole.index(b"plans.json") + 300
    (tmp_path / "damaged.zip").write_bytes(whole[:place] + bytes(200) + whole[place + 200 :])
    same_refusal(tmp_path / "damaged.zip")


@pytest.mark.parametrize("name", ["../plans.json", "/plans.json", "C:/plans.json", "a/..\\..\\plans.json"])
def test_a_zip_that_points_outside_is_refused(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as archive:
        archive.writestr(name, "{}")
    assert "points outside the archive" in same_refusal(tmp_path / "evil.zip")


def test_text_that_is_too_long_to_be_plans_is_refused_before_it_is_read(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("UMambaXAILogic.engine.model.folder.MAX_JSON_BYTES", 1000)
    monkeypatch.setattr("UMambaXAILogic.engine.model.archive.MAX_JSON_BYTES", 1000)
    assert "nnU-Net did not write that" in same_refusal(folder)
    same_refusal(exported(folder, tmp_path / "long.zip"))


def test_channels_may_be_a_list(folder):
    change(folder / "dataset.json", channel_names=["CTA"])
    assert model_facts(folder).channel == "CTA"


@pytest.mark.parametrize("trainer", ["nnUNetTrainerUMambaEnc", "nnUNetTrainer"])
def test_absurd_numbers_in_plans_cost_nothing(make_trained_folder, trainer):
    folder = make_trained_folder(trainer=trainer, patch=8)
    plans = json.loads((folder / "plans.json").read_text())
    plans["configurations"]["3d_fullres"]["architecture"]["arch_kwargs"]["n_stages"] = 10**12
    (folder / "plans.json").write_text(json.dumps(plans))
    with pytest.raises(ModelError, match="U-Net of 1000000000000 stages; at most 32"):
        model_facts(folder)


def test_text_that_is_nested_without_end_is_refused(folder):
    (folder / "plans.json").write_text("[" * 100_000)
    same_refusal(folder)
