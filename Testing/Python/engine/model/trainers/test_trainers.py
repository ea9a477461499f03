"""nnU-Net finds the trainers by name, trains U-Mamba with them on the CPU, and resumes."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine.model.loading import load_model
from UMambaXAILogic.engine.model.trainers import FOLDER

TRAINERS = (
    "nnUNetTrainerUMambaBot",
    "nnUNetTrainerUMambaEnc",
    "nnUNetTrainerUMambaEncNoAMP",
    "nnUNetTrainerUMambaEncDemo",
)
DATASET = "Dataset999_PhantomSmoke"


@pytest.fixture(scope="module")
def find_trainer(repository):
    """nnU-Net's own lookup, with the one environment variable a user sets."""
    path = repository / "Utilities" / "DemoModel" / "nnunet_command.py"
    spec = importlib.util.spec_from_file_location("nnunet_command", path)
    command = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(command)
    declared = command.declare_torchvision_operators()
    from nnunetv2.utilities.find_objects import recursive_find_trainer_class_by_name

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("nnUNet_extTrainer", str(FOLDER))
        yield recursive_find_trainer_class_by_name
    del declared


@pytest.fixture(scope="module")
def plans(repository) -> dict:
    """The demo model's plans with two stages and tiny windows."""
    plans = json.loads((repository / "Utilities" / "DemoModel" / "nnUNetDemoPlans.json").read_text())
    plans["dataset_name"] = DATASET
    configuration = plans["configurations"]["3d_fullres"]
    configuration["patch_size"] = [8, 16, 16]
    configuration["architecture"]["arch_kwargs"] |= {
        "n_stages": 3,
        "features_per_stage": [4, 8, 16],
        "kernel_sizes": [[3, 3, 3]] * 3,
        "strides": [[1, 1, 1], [2, 2, 2], [2, 2, 2]],
        "n_conv_per_stage": [1, 1, 1],
        "n_conv_per_stage_decoder": [1, 1],
    }
    return plans


@pytest.fixture
def prepared(tmp_path, monkeypatch, plans) -> dict:
    """nnU-Net's folders with two tiny preprocessed cases; returns the dataset.json."""
    from nnunetv2.training.dataloading.nnunet_dataset import nnUNetDatasetBlosc2

    for name in ("raw", "preprocessed", "results"):
        monkeypatch.setenv(f"nnUNet_{name}", str(tmp_path / name))
    monkeypatch.setenv("nnUNet_n_proc_DA", "0")
    dataset_json = {
        "channel_names": {"0": "CT"},
        "labels": {"background": 0, "vessel": 1},
        "numTraining": 2,
        "file_ending": ".nii.gz",
    }
    base = tmp_path / "preprocessed" / DATASET
    folder = base / plans["configurations"]["3d_fullres"]["data_identifier"]
    folder.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for case in ("a", "b"):
        image = generator.normal(size=(1, 12, 24, 24)).astype(np.float32)
        segmentation = (image > 1).astype(np.int16)
        properties = {"class_locations": {1: np.argwhere(segmentation > 0)}}
        nnUNetDatasetBlosc2.save_case(image, segmentation, properties, str(folder / case))
    (base / "dataset_fingerprint.json").write_text("{}")
    (base / "splits_final.json").write_text(json.dumps([{"train": ["a"], "val": ["b"]}]))
    return dataset_json


def make_trainer(trainer_class, plans, dataset_json):
    plans = json.loads(json.dumps(plans)) | {"continue_training": False}
    return trainer_class(plans, "3d_fullres", 0, dataset_json, torch.device("cpu"))


def run_epochs(trainer, last: int) -> None:
    """Train up to epoch ``last``, one iteration an epoch."""
    trainer.num_iterations_per_epoch = trainer.num_val_iterations_per_epoch = 1
    trainer.num_epochs = last
    trainer.run_training()


@pytest.mark.parametrize("name", TRAINERS)
def test_nnunet_finds_the_trainer_in_the_documented_folder(find_trainer, name):
    assert find_trainer(name).__name__ == name


@pytest.mark.parametrize(("name", "architecture"), [(TRAINERS[0], "UMambaBot"), (TRAINERS[3], "UMambaEnc")])
def test_one_iteration_gives_a_checkpoint_that_loads_and_resumes(
    find_trainer, prepared, plans, name, architecture, tmp_path
):
    trainer_class = find_trainer(name)
    trainer = make_trainer(trainer_class, plans, prepared)
    run_epochs(trainer, 1)
    fold = Path(trainer.output_folder)
    model = load_model(fold.parent)
    assert (model.architecture, model.trainer_name, model.folds) == (architecture, name, (0,))
    trained = trainer.network.state_dict()
    for key, tensor in model.network.state_dict().items():
        torch.testing.assert_close(tensor, trained[key])

    resumed = make_trainer(trainer_class, plans, prepared)
    resumed.load_checkpoint(str(fold / "checkpoint_final.pth"))
    assert resumed.current_epoch == 1
    run_epochs(resumed, 2)
    assert torch.load(fold / "checkpoint_final.pth", weights_only=False)["current_epoch"] == 2


def test_the_static_builder_takes_the_patch_size_from_the_configuration(find_trainer, plans):
    """Enc's channel-token stages have weights whose shape follows from the patch."""
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    widths = []
    for patch in ([8, 16, 16], [8, 8, 8]):
        changed = json.loads(json.dumps(plans))
        changed["configurations"]["3d_fullres"]["patch_size"] = patch
        manager = PlansManager(changed)
        network = find_trainer("nnUNetTrainerUMambaEnc").build_network_architecture(
            manager, manager.get_configuration("3d_fullres"), 1, 2, False
        )
        widths.append(network.encoder.mamba_layers[2].dim)
    assert widths == [16, 2 * 2 * 2]  # 2 x 4 x 4 voxels > 16 channels; 2 x 2 x 2 voxels <= 16 channels


def test_noamp_computes_in_full_precision_under_autocast(find_trainer, prepared, plans):
    outputs = {}
    for name in ("nnUNetTrainerUMambaEnc", "nnUNetTrainerUMambaEncNoAMP"):
        trainer = make_trainer(find_trainer(name), plans, prepared)
        trainer.initialize()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            outputs[name] = trainer.network(torch.zeros(1, 1, 8, 16, 16))[0].dtype
        assert trainer.grad_scaler is None
    assert list(outputs.values()) == [torch.bfloat16, torch.float32]


def test_the_documented_command_prints_the_folder(repository):
    """The line a user copies from the package's docstring."""
    import UMambaXAILogic.engine.model.trainers as trainers

    command = re.search(r'python -c "([^"]+)"', trainers.__doc__).group(1)
    printed = subprocess.run(
        [sys.executable, "-c", command], cwd=repository, capture_output=True, text=True, check=True
    )
    assert Path(printed.stdout.strip()) == FOLDER
    assert (FOLDER / "nnUNetTrainerUMambaEnc.py").is_file()


def test_the_demo_trainer_mirrors_left_and_right_only(find_trainer, prepared, plans):
    trainer = make_trainer(find_trainer("nnUNetTrainerUMambaEncDemo"), plans, prepared)
    *_, patch, axes = trainer.configure_rotation_dummyDA_mirroring_and_inital_patch_size()
    assert (patch, axes, trainer.inference_allowed_mirroring_axes) == ([8, 16, 16], (2,), (2,))
