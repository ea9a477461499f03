"""Whether plans can be followed: said before anything is computed, and nothing unknown is ever called.

nnU-Net looks up preprocessors, normalisations, resampling functions and label managers by the names in plans.json, in
whatever its modules hold, and calls what it finds. Plans come from users: only nnU-Net's own names are let through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ModelError
from .folder import TrainedFolder

#: nnU-Net's readers that turn every image to RAS before the network sees it.
REORIENTING_READERS = ("SimpleITKIOWithReorient", "NibabelIOWithReorient")
STORAGE_ORDER_READERS = ("SimpleITKIO", "NibabelIO", "NaturalImage2DIO", "Tiff3DIO")
PREPROCESSORS = ("DefaultPreprocessor",)
LABEL_MANAGERS = ("LabelManager",)
NORMALIZATIONS = (
    "CTNormalization",
    "ZScoreNormalization",
    "NoNormalization",
    "RescaleTo01Normalization",
    "RGBTo01Normalization",
)
RESAMPLING = ("resample_data_or_seg_to_shape", "resample_torch_fornnunet", "no_resampling_hack")
_RESAMPLED = ("resampling_fn_data", "resampling_fn_seg", "resampling_fn_probabilities")
_NEEDED_OF_A_CONFIGURATION = (
    "patch_size",
    "spacing",
    "normalization_schemes",
    "use_mask_for_norm",
    "preprocessor_name",
    *_RESAMPLED,
    *(f"{name}_kwargs" for name in _RESAMPLED),
)
#: What nnU-Net's normalisation of CT reads of the training set's intensities.
_CT_INTENSITIES = ("mean", "std", "percentile_00_5", "percentile_99_5")


def check_plans(folder: TrainedFolder, configuration: Mapping[str, Any], name: str) -> None:
    """Refuse plans that cannot be followed here.

    Args:
        folder: the trained folder.
        configuration: the configuration that was trained, with what it inherits.
        name: its name.

    Raises:
        ModelError: an entry is missing, contradictory or unknown, the model is the second stage of a cascade, or it
            reads several channels.
    """
    missing = [key for key in _NEEDED_OF_A_CONFIGURATION if key not in configuration]
    if missing:
        raise ModelError(f"Configuration {name!r} of {folder.path / 'plans.json'} has no {', '.join(missing)}.")
    _check_grid(folder, configuration, name)
    if configuration.get("previous_stage") is not None:
        raise ModelError(
            f"{folder.path} is the second stage of a cascade ({name!r} after {configuration['previous_stage']!r}); "
            "it needs the first stage's segmentation as a second input.",
            "Use a model of the configuration 3d_fullres, 3d_lowres or 2d.",
        )
    channels = channel_names(folder)
    if len(channels) != 1:
        raise ModelError(
            f"{folder.path} expects {len(channels)} input channels ({', '.join(channels)}); "
            "an input here is one volume.",
            "Use a model trained on one channel.",
        )
    reader = folder.plans["image_reader_writer"]
    if reader not in REORIENTING_READERS + STORAGE_ORDER_READERS:
        raise ModelError(
            f"The model was trained with the image reader {reader!r}, whose orientation of images is unknown.",
            f"Known are: {', '.join(REORIENTING_READERS + STORAGE_ORDER_READERS)}.",
        )
    _check_known("preprocessor", configuration["preprocessor_name"], PREPROCESSORS)
    _check_known("label manager", folder.plans.get("label_manager", LABEL_MANAGERS[0]), LABEL_MANAGERS)
    for key in _RESAMPLED:
        _check_known("resampling function", configuration[key], RESAMPLING)
        if not isinstance(configuration[f"{key}_kwargs"], dict):
            raise ModelError(f"The settings {key}_kwargs of {folder.path / 'plans.json'} are not named settings.")
    _check_normalization(folder, configuration, name)


def channel_names(folder: TrainedFolder) -> list[str]:
    """What the model's input channels are called; none where dataset.json does not say."""
    channels = folder.dataset_json.get("channel_names", folder.dataset_json.get("modality"))
    if isinstance(channels, dict):
        channels = list(channels.values())
    return [str(channel) for channel in channels] if isinstance(channels, list) else []


def _check_grid(folder: TrainedFolder, configuration: Mapping[str, Any], name: str) -> None:
    patch_size, spacing = configuration["patch_size"], configuration["spacing"]
    if not (
        _is_list_of(patch_size, int)
        and _is_list_of(spacing, float)
        and len(patch_size) in (2, 3)
        and len(spacing) == len(patch_size)
    ):
        raise ModelError(
            f"The patch size {patch_size!r} and spacing {spacing!r} of configuration {name!r} of "
            f"{folder.path / 'plans.json'} are not two or three numbers above 0 each."
        )
    forward, backward = folder.plans["transpose_forward"], folder.plans["transpose_backward"]
    axes = [0, 1, 2]
    if not (
        isinstance(forward, list)
        and isinstance(backward, list)
        and sorted(map(str, forward)) == sorted(map(str, backward)) == [str(axis) for axis in axes]
        and [forward[axis] for axis in backward] == axes
    ):
        raise ModelError(
            f"The axis orders {forward!r} and {backward!r} of {folder.path / 'plans.json'} are not a permutation of "
            "0, 1, 2 and its inverse."
        )


def _check_normalization(folder: TrainedFolder, configuration: Mapping[str, Any], name: str) -> None:
    schemes, masked = configuration["normalization_schemes"], configuration["use_mask_for_norm"]
    if not (isinstance(schemes, list) and isinstance(masked, list) and len(schemes) == len(masked) == 1):
        raise ModelError(
            f"Configuration {name!r} of {folder.path / 'plans.json'} has the normalisations {schemes!r} with the masks "
            f"{masked!r} for one channel."
        )
    _check_known("normalisation", schemes[0], NORMALIZATIONS)
    known = folder.plans.get(
        "foreground_intensity_properties_per_channel", folder.plans.get("foreground_intensity_properties_by_modality")
    )
    first = known.get("0") if isinstance(known, dict) else None
    needed = _CT_INTENSITIES if schemes[0] == "CTNormalization" else ()
    if not isinstance(first, dict) or any(not isinstance(first.get(key), (int, float)) for key in needed):
        raise ModelError(
            f"{folder.path / 'plans.json'} does not hold the training set's intensities "
            f"({', '.join(_CT_INTENSITIES)}) that {schemes[0]} needs.",
            "Give the plans.json that nnU-Net wrote for this training.",
        )


def _check_known(what: str, name: Any, known: Sequence[str]) -> None:
    if name not in known:
        raise ModelError(
            f"The plans name the {what} {name!r}, which is none of nnU-Net's own.", f"Known are: {', '.join(known)}."
        )


def _is_list_of(values: Any, kind: type[int] | type[float]) -> bool:
    """Whether values are a list of positive numbers, of whole ones if ``kind`` is int."""
    kinds = (int,) if kind is int else (int, float)
    if not isinstance(values, (list, tuple)):
        return False
    return all(isinstance(value, kinds) and not isinstance(value, bool) and value > 0 for value in values)
