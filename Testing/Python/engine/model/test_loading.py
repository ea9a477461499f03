"""A reference becomes a model that is ready to run, or an error that says what is wrong with it."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine.errors import ModelError, NotInstalledError, UsageError
from UMambaXAILogic.engine.model import reference
from UMambaXAILogic.engine.model.builder import build_network
from UMambaXAILogic.engine.model.loading import load_model


@pytest.fixture(scope="module")
def shipped(make_trained_folder) -> Path:
    """A trained folder of two folds; never changed."""
    return make_trained_folder(trainer="nnUNetTrainerUMambaBot", folds=2, patch=8)


@pytest.fixture
def folder(shipped, tmp_path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(shipped, tmp_path / "Dataset001_X" / shipped.name))


def change_json(path: Path, **replaced) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | replaced))


def change_configuration(folder: Path, **replaced) -> None:
    plans = json.loads((folder / "plans.json").read_text())
    plans["configurations"]["3d_fullres"].update(replaced)
    (folder / "plans.json").write_text(json.dumps(plans))


def change_checkpoint(folder: Path, fold: int = 0, **replaced) -> None:
    path = folder / f"fold_{fold}" / "checkpoint_final.pth"
    torch.save(torch.load(path, weights_only=True) | replaced, path)


def export(folder: Path, target: Path) -> Path:
    """The layout of nnUNetv2_export_model_to_zip."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, Path("Dataset001_X") / folder.name / path.relative_to(folder))
    return target


def test_a_trained_folder_tells_everything_about_the_model(shipped):
    model = load_model(shipped)
    assert model.architecture == "UMambaBot"
    assert model.trainer_name == "nnUNetTrainerUMambaBot"
    assert model.configuration_name == "3d_fullres"
    assert model.folder == shipped
    assert (model.dimension, model.patch_size) == (3, (8, 8, 8))
    assert model.folds == (0, 1)
    assert model.labels == {"background": 0, "vessel": 1}
    assert model.label_manager.num_segmentation_heads == 2
    assert model.allowed_mirroring_axes == (0, 1, 2)
    assert model.reader_writer_name == "SimpleITKIO"
    assert (model.reorients, model.training_orientation) == (False, None)
    assert model.device == torch.device("cpu")
    assert not model.is_legacy


def test_the_network_is_ready_to_be_explained(shipped):
    model = load_model(shipped)
    assert not model.network.training
    assert not any(parameter.requires_grad for parameter in model.network.parameters())
    assert model.network(torch.zeros(1, 1, 8, 8, 8)).shape == (1, 2, 8, 8, 8)


def test_each_fold_brings_its_own_weights(shipped):
    model = load_model(shipped)
    for fold in (1, 0):
        model.use_fold(fold)
        saved = torch.load(shipped / f"fold_{fold}" / "checkpoint_final.pth", weights_only=True)["network_weights"]
        for name, parameter in model.network.named_parameters():
            assert torch.equal(parameter, saved[name]), name


def test_one_fold_may_be_chosen(shipped):
    model = load_model(shipped, folds=[1])
    assert model.folds == (1,)
    assert model.sha256 != load_model(shipped, folds=[0]).sha256


@pytest.mark.parametrize("make_reference", [str, lambda folder: folder.parent, lambda folder: folder.parent.parent])
def test_a_folder_above_serves_if_it_holds_one_model(folder, make_reference):
    assert load_model(make_reference(folder)).folder == folder


def test_the_zip_that_nnunet_exports_is_read(folder, tmp_path):
    archive = export(folder, tmp_path / "model.zip")
    model = load_model(str(archive))
    assert model.reference == str(archive)
    assert model.folder == archive
    assert model.sha256 == load_model(folder).sha256
    x = torch.randn(1, 1, 8, 8, 8)
    assert torch.equal(model.network(x), load_model(folder).network(x))


def test_several_models_are_listed_and_chosen_by_configuration(folder):
    other = folder.with_name("nnUNetTrainerUMambaBot__nnUNetPlans__3d_lowres")
    shutil.copytree(folder, other)
    plans = json.loads((other / "plans.json").read_text())
    plans["configurations"]["3d_lowres"] = plans["configurations"]["3d_fullres"]
    (other / "plans.json").write_text(json.dumps(plans))
    for fold in (0, 1):
        change_checkpoint(other, fold, init_args={"configuration": "3d_lowres"})
    with pytest.raises(ModelError, match="holds 2 trained models: .*3d_fullres.*3d_lowres"):
        load_model(folder.parent)
    assert load_model(folder.parent, configuration="3d_lowres").configuration_name == "3d_lowres"
    with pytest.raises(ModelError, match="is configuration '3d_fullres', not '3d_lowres'"):
        load_model(folder, configuration="3d_lowres")


def test_demo_is_the_shipped_model(folder, monkeypatch):
    monkeypatch.setattr(reference, "resource_path", {"demo_model": folder}.__getitem__)
    model = load_model("demo")
    assert (model.reference, model.folder) == ("demo", folder)


def test_an_unfinished_training_serves_where_no_fold_is_finished(folder):
    for fold in (0, 1):
        (folder / f"fold_{fold}" / "checkpoint_final.pth").rename(folder / f"fold_{fold}" / "checkpoint_best.pth")
    assert load_model(folder).folds == (0, 1)


def test_unfinished_folds_are_left_out_beside_finished_ones_but_can_be_named(folder):
    (folder / "fold_1" / "checkpoint_final.pth").rename(folder / "fold_1" / "checkpoint_best.pth")
    assert load_model(folder).folds == (0,)
    assert load_model(folder, folds=[1]).folds == (1,)


def test_fold_all_is_used_if_named_or_alone(folder):
    shutil.copytree(folder / "fold_0", folder / "fold_all")
    assert load_model(folder).folds == (0, 1)
    assert load_model(folder, folds=["all"]).folds == ("all",)
    shutil.rmtree(folder / "fold_0")
    shutil.rmtree(folder / "fold_1")
    assert load_model(folder).folds == ("all",)


@pytest.mark.parametrize("reader", ["SimpleITKIOWithReorient", "NibabelIOWithReorient"])
def test_a_reorienting_reader_is_recognised(folder, reader):
    change_json(folder / "plans.json", image_reader_writer=reader)
    model = load_model(folder)
    assert (model.reorients, model.training_orientation) == (True, "RAS")


def test_regions_are_kept(make_trained_folder):
    labels = {"background": 0, "whole": [1, 2], "core": 2}
    model = load_model(make_trained_folder(labels=labels, regions_class_order=[1, 2], patch=8))
    assert model.label_manager.has_regions
    assert model.labels == labels


@pytest.mark.parametrize("trainer", ["nnUNetTrainerUMambaEnc", "nnUNetTrainer"])
@pytest.mark.parametrize("dimension", [2, 3])
def test_other_networks_load_alike(make_trained_folder, trainer, dimension):
    model = load_model(make_trained_folder(trainer=trainer, dimension=dimension, patch=8))
    assert model.dimension == dimension
    assert model.network(torch.zeros(1, 1, *model.patch_size)).shape[1] == 2


@pytest.mark.parametrize("known_network", ["UMambaEnc_3d", "UMambaEnc_2d", "UMambaBot_3d"], indirect=True)
def test_a_folder_of_the_original_project_loads(known_network, write_checkpoint, tmp_path):
    known = known_network
    folder = tmp_path / f"{known.trainer}__nnUNetPlans__{known.configuration}"
    weights = {key: known.weights[own] for key, own in known.keys.items()}
    write_checkpoint(folder / "fold_0" / "checkpoint_final.pth", weights, known.trainer, known.configuration)
    (folder / "plans.json").write_text(json.dumps(known.plans))
    (folder / "dataset.json").write_text(json.dumps(known.dataset_json))
    model = load_model(folder)
    with torch.no_grad():
        difference = (model.network(known.input) - known.logits[0]).abs().max() / known.logits[0].abs().max()
    assert float(difference) <= 2e-4
    assert model.architecture == known.trainer.removeprefix("nnUNetTrainer")


def test_a_model_of_the_legacy_generation_loads(make_trained_folder, write_checkpoint):
    folder = make_trained_folder(trainer="nnUNetTrainerUMambaEnc", patch=8)
    configuration = load_model(folder).configuration_manager
    network = build_network("nnUNetTrainerUMambaEnc", configuration, 1, 2, True, legacy=True)
    write_checkpoint(folder / "fold_0" / "checkpoint_final.pth", network.state_dict(), "nnUNetTrainerUMambaEnc")
    model = load_model(folder)
    assert model.is_legacy
    assert model.architecture == "UMambaEnc"
    network.decoder.deep_supervision = False
    x = torch.randn(1, 1, 8, 8, 8)
    with torch.no_grad():
        assert torch.allclose(model.network(x), network.eval()(x), atol=1e-4)


def test_the_scan_backend_is_passed_on_and_checked(shipped):
    assert load_model(shipped, scan_backend="reference").network.mamba_layer.mamba.scan_backend == "reference"
    with pytest.raises(UsageError, match="'warp' is not a backend"):
        load_model(shipped, scan_backend="warp")
    with pytest.raises(NotInstalledError, match="mamba-ssm"):
        load_model(shipped, scan_backend="mamba-ssm", device="cpu")


@pytest.mark.parametrize("name", ["plans.json", "dataset.json"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"{name} is missing"):
        load_model(folder)


@pytest.mark.parametrize("name", ["plans.json", "dataset.json"])
@pytest.mark.parametrize(("content", "message"), [("{", "cannot be read"), ("[]", "is not nnU-Net v2's")])
def test_a_damaged_file_is_named(folder, name, content, message):
    (folder / name).write_text(content)
    with pytest.raises(ModelError, match=f"{name}.*{message}"):
        load_model(folder)


def test_a_folder_without_checkpoints_is_refused(folder):
    for path in folder.rglob("*.pth"):
        path.rename(path.with_name("checkpoint_latest.pth"))
    with pytest.raises(ModelError, match="no trained fold: neither checkpoint_final.pth nor checkpoint_best.pth"):
        load_model(folder)


def test_a_fold_that_was_not_trained_is_refused_with_those_that_were(folder):
    with pytest.raises(ModelError, match=r"no trained fold 3.*0, 1"):
        load_model(folder, folds=[3])
    with pytest.raises(UsageError, match="No fold was chosen"):
        load_model(folder, folds=[])


def test_a_fold_folder_is_refused_with_the_right_one(folder):
    with pytest.raises(ModelError, match=f"Give the folder above it, {folder}"):
        load_model(folder / "fold_0")


def test_a_reference_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(ModelError, match="does not exist.*'demo'"):
        load_model(tmp_path / "nothing")


@pytest.mark.parametrize("content", [b"", b"not a zip", os.urandom(300)])
def test_a_file_that_is_no_model_is_refused(tmp_path, content):
    path = tmp_path / "model.zip"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="neither a trained folder nor a zip"):
        load_model(path)


def test_a_checkpoint_alone_is_refused(folder):
    with pytest.raises(ModelError, match="neither a trained folder nor a zip.*plans.json"):
        load_model(folder / "fold_0" / "checkpoint_final.pth")


def test_a_zip_without_a_model_is_refused_by_its_own_name(tmp_path):
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    with pytest.raises(ModelError, match=f"{path} is not a trained nnU-Net folder: plans.json is missing"):
        load_model(path)


def test_a_checkpoint_that_would_run_code_is_refused(folder):
    change_checkpoint(folder, logging={"x": [np.zeros(3)]})
    with pytest.raises(ModelError, match=r"fold_0.*refused: it asks for 'numpy\..*_reconstruct'"):
        load_model(folder)


def test_a_cascade_is_refused(folder):
    change_configuration(folder, previous_stage="3d_lowres")
    with pytest.raises(ModelError, match="second stage of a cascade.*3d_lowres"):
        load_model(folder)


def test_several_channels_are_refused(folder):
    change_json(folder / "dataset.json", channel_names={"0": "T1", "1": "T2"})
    with pytest.raises(ModelError, match="expects 2 input channels.*T1, T2"):
        load_model(folder)


def test_an_unknown_trainer_with_an_unknown_network_is_refused(folder):
    plans = json.loads((folder / "plans.json").read_text())
    plans["configurations"]["3d_fullres"]["architecture"]["network_class_name"] = "my.Network"
    (folder / "plans.json").write_text(json.dumps(plans))
    for fold in (0, 1):
        change_checkpoint(folder, fold, trainer_name="MyTrainer")
    with pytest.raises(ModelError, match="'my.Network'.*'MyTrainer'"):
        load_model(folder)


def test_weights_of_another_network_are_refused(folder):
    for fold in (0, 1):
        change_checkpoint(folder, fold, trainer_name="nnUNetTrainerUMambaEnc")
    with pytest.raises(ModelError, match=r"missing \(encoder.mamba_layers.0.*not expected \(mamba_layer"):
        load_model(folder)


def test_labels_changed_after_training_are_refused(folder):
    change_json(folder / "dataset.json", labels={"background": 0, "a": 1, "b": 2})
    with pytest.raises(ModelError, match=r"seg_layers.*instead of \[3"):
        load_model(folder)


@pytest.mark.parametrize(
    "labels", [{"vessel": 1}, {"background": 0}, {"background": 1, "vessel": 2}, {"background": 0, "v": [1, 2]}, 3]
)
def test_unusable_labels_are_refused(folder, labels):
    change_json(folder / "dataset.json", labels=labels)
    with pytest.raises(ModelError, match="dataset.json cannot be used"):
        load_model(folder)


def test_an_unknown_reader_is_refused(folder):
    change_json(folder / "plans.json", image_reader_writer="MyReader")
    with pytest.raises(ModelError, match="'MyReader'.*orientation"):
        load_model(folder)


def test_folds_of_different_trainings_are_refused(folder):
    change_checkpoint(folder, 1, trainer_name="nnUNetTrainerUMambaEnc")
    with pytest.raises(ModelError, match="not trained alike"):
        load_model(folder)


def test_a_configuration_without_preprocessing_is_refused(folder):
    plans = json.loads((folder / "plans.json").read_text())
    del plans["configurations"]["3d_fullres"]["spacing"]
    (folder / "plans.json").write_text(json.dumps(plans))
    with pytest.raises(ModelError, match="has no spacing"):
        load_model(folder)


@pytest.mark.parametrize("replaced", [{"patch_size": 8}, {"patch_size": [8, 8, "x"]}, {"spacing": [1.0]}])
def test_sizes_that_make_no_sense_are_refused(folder, replaced):
    change_configuration(folder, **replaced)
    with pytest.raises(ModelError, match="patch size.*are not two or three numbers"):
        load_model(folder)


def test_a_folder_of_countless_folders_is_not_searched(tmp_path, monkeypatch):
    monkeypatch.setattr("UMambaXAILogic.engine.model.folder._SEARCH_LIMIT", 3)
    for index in range(4):
        (tmp_path / str(index)).mkdir()
    with pytest.raises(ModelError, match="too many folders"):
        load_model(tmp_path)


def test_the_package_offers_its_doors_lazily():
    import UMambaXAILogic.engine.model as package

    assert package.load_model is load_model
    assert all(hasattr(package, name) for name in package.__all__)
