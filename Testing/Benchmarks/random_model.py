"""A trained folder with random weights, of any size: for what depends on the network's shape and not on its knowledge.

folder = write_random_model(Path(...), labels=14, features=(8, 16, 32), patch=(32, 64, 64))
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

from UMambaXAILogic.engine.model.builder import build_network


def write_random_model(
    folder: Path,
    *,
    labels: int = 1,
    features: Sequence[int] = (8, 16, 32),
    patch: Sequence[int] = (32, 64, 64),
    spacing: Sequence[float] = (1.0, 1.0, 1.0),
    trainer: str = "nnUNetTrainerUMambaEnc",
    seed: int = 0,
) -> Path:
    """Write plans.json, dataset.json and one fold below ``folder``.

    Args:
        labels: beside the background.
        features: channels of each stage; every stage after the first halves all axes.
        patch: (z, y, x), a multiple of 2 to the power of the stages but one; (y, x) for a 2-D network.
        spacing: (z, y, x) in mm, or (y, x).
        trainer: its name decides the network.
        seed: of the weights.

    Returns:
        The trained folder.
    """
    stages, axes = len(features), len(patch)
    name = "3d_fullres" if axes == 3 else "2d"
    spacing = spacing[-axes:]
    architecture = {
        "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
        "arch_kwargs": {
            "n_stages": stages,
            "features_per_stage": list(features),
            "conv_op": f"torch.nn.modules.conv.Conv{axes}d",
            "kernel_sizes": [[3] * axes] * stages,
            "strides": [[1] * axes] + [[2] * axes] * (stages - 1),
            "n_conv_per_stage": [2] * stages,
            "n_conv_per_stage_decoder": [2] * (stages - 1),
            "conv_bias": True,
            "norm_op": f"torch.nn.modules.instancenorm.InstanceNorm{axes}d",
            "norm_op_kwargs": {"eps": 1e-5, "affine": True},
            "dropout_op": None,
            "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        },
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }
    intensities = {"mean": 100.0, "std": 60.0, "median": 100.0, "min": -200.0, "max": 500.0}
    intensities |= {"percentile_00_5": -100.0, "percentile_99_5": 400.0}
    configuration = {
        "data_identifier": "nnUNetPlans_benchmark",
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 2,
        "patch_size": list(patch),
        "median_image_size_in_voxels": list(patch),
        "spacing": list(spacing),
        "normalization_schemes": ["CTNormalization"],
        "use_mask_for_norm": [False],
        **_resampling("data", is_seg=False, order=3),
        **_resampling("seg", is_seg=True, order=1),
        **_resampling("probabilities", is_seg=False, order=1),
        "architecture": architecture,
        "batch_dice": True,
    }
    plans = {
        "dataset_name": "Dataset900_Benchmark",
        "plans_name": "nnUNetPlans",
        "original_median_spacing_after_transp": [1.0, *spacing][-3:],
        "original_median_shape_after_transp": [1, *patch][-3:],
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "configurations": {name: configuration},
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {"0": intensities},
    }
    dataset = {
        "channel_names": {"0": "CT"},
        "labels": {"background": 0, **{f"vessel {label}": label for label in range(1, labels + 1)}},
        "numTraining": 1,
        "file_ending": ".nii.gz",
    }
    trained = folder / f"{trainer}__nnUNetPlans__{name}"
    (trained / "fold_0").mkdir(parents=True)
    (trained / "plans.json").write_text(json.dumps(plans))
    (trained / "dataset.json").write_text(json.dumps(dataset))
    torch.manual_seed(seed)
    manager = PlansManager(plans).get_configuration(name)
    network = build_network(trainer, manager, 1, labels + 1, deep_supervision=True)
    checkpoint = {
        "network_weights": network.state_dict(),
        "trainer_name": trainer,
        "init_args": {"configuration": name, "fold": 0},
        "inference_allowed_mirroring_axes": tuple(range(axes)),
        "current_epoch": 1,
    }
    torch.save(checkpoint, trained / "fold_0" / "checkpoint_final.pth")
    return trained


def write_noise_volume(path: Path, shape: Sequence[int], spacing: Sequence[float] = (1.0, 1.0, 1.0)) -> Path:
    """A volume (z, y, x) of noise in Hounsfield units, uncompressed int16; returns ``path``."""
    import SimpleITK as sitk

    values = np.random.default_rng(0).normal(100, 60, shape).astype(np.int16)
    image = sitk.GetImageFromArray(values)
    image.SetSpacing([float(mm) for mm in reversed(spacing)])
    sitk.WriteImage(image, str(path))
    return path


def _resampling(what: str, *, is_seg: bool, order: int) -> dict:
    keywords = {"is_seg": is_seg, "order": order, "order_z": 0, "force_separate_z": None}
    return {
        f"resampling_fn_{what}": "resample_data_or_seg_to_shape",
        f"resampling_fn_{what}_kwargs": keywords,
    }
