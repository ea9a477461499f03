"""The segmentation is identical to what nnU-Net's own predictor gives: network, folds, step and mirroring alike."""

from __future__ import annotations

import json

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

from UMambaXAILogic.engine import Request, run_case
from UMambaXAILogic.engine.model.loading import load_model

TILTED = (0.98006658, -0.19866933, 0.0, 0.19866933, 0.98006658, 0.0, 0.0, 0.0, 1.0)
CASES = {
    "U-Mamba Enc": {"seed": 7},
    "U-Mamba Bot": {"trainer": "nnUNetTrainerUMambaBot"},
    "plain U-Net": {"trainer": "nnUNetTrainer"},
    "2-D": {"trainer": "nnUNetTrainerUMambaBot", "dimension": 2},
    "regions": {
        "trainer": "nnUNetTrainer",
        "labels": {"background": 0, "whole": [1, 2], "core": 2},
        "regions_class_order": [1, 2],
    },
    "transposed": {"trainer": "nnUNetTrainer", "transpose": (1, 0, 2), "spacing": (0.8, 1.0, 0.8)},
    "two folds": {"trainer": "nnUNetTrainerUMambaBot", "folds": 2},
    "reorienting reader": {"trainer": "nnUNetTrainer", "reader": "SimpleITKIOWithReorient"},
    "patch larger than the volume": {"trainer": "nnUNetTrainer", "patch": 32, "spacing": (1.5, 1.5, 1.5)},
}


def by_nnunet(folder, volume, out, *, mirror, step):
    """nnU-Net's predictor, reader, preprocessing, export and writer; only the network object is handed over."""
    model = load_model(folder)
    predictor = nnUNetPredictor(
        tile_step_size=step,
        use_mirroring=mirror,
        perform_everything_on_device=False,
        device=torch.device("cpu"),
        allow_tqdm=False,
    )
    parameters = [{**model.network.state_dict(), **model.parameter_sets[fold]} for fold in model.folds]
    predictor.manual_initialization(
        model.network,
        model.plans_manager,
        model.configuration_manager,
        parameters,
        model.dataset_json,
        model.trainer_name,
        model.allowed_mirroring_axes,
    )
    predictor.predict_from_files_sequential([[str(volume)]], [str(out)])
    return sitk.ReadImage(f"{out}.nii.gz")


@pytest.mark.parametrize("name", CASES)
def test_segmentation_is_identical(name, make_trained_folder, write_test_volume, tmp_path):
    folder = make_trained_folder(**CASES[name])
    volume = write_test_volume(direction=TILTED)
    mirror, step = name in ("U-Mamba Bot", "2-D", "two folds"), 0.7 if name == "plain U-Net" else 0.5
    expected = by_nnunet(folder, volume, tmp_path / "nnunet", mirror=mirror, step=step)
    result = run_case(Request(volume, str(folder), tmp_path / "ours", mirror=mirror, step=step))
    found = sitk.ReadImage(str(result.files["segmentation"]))

    expected_array, found_array = sitk.GetArrayFromImage(expected), sitk.GetArrayFromImage(found)
    counts = np.bincount(expected_array.ravel())
    assert (counts > 50).sum() >= 2, f"a segmentation worth comparing, not {counts}"
    assert np.array_equal(found_array, expected_array)
    assert np.allclose(found.GetDirection(), expected.GetDirection(), atol=1e-6)
    assert np.allclose(found.GetOrigin(), expected.GetOrigin(), atol=1e-4)
    metrics = json.loads(result.files["metrics"].read_text())
    assert metrics["segmentation"]["pm_voxels"] == int(np.count_nonzero(found_array))
