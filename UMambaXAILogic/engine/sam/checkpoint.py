"""A SAM or MedSAM from files of the user's own; nothing is ever looked up in a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import ModelError, UsageError
from ..model.checkpoint import read_restricted, sha256_of
from .original_names import is_original, settings_from_shapes, transformers_names
from .transformers_import import import_sam_module

#: How a network wants its pixels: (mean, standard deviation) of each channel after scaling to [0, 1].
#: SAM was trained with the statistics of ImageNet, MedSAM on [0, 1] itself.
PIXEL_SCALES: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "sam": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "medsam": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}
#: Two names of one tensor; files may hold either.
_POSITIONS = ("shared_image_embedding.positional_embedding", "prompt_encoder.shared_embedding.positional_embedding")
_FILES_REMEDY = (
    "Download the checkpoint yourself and give its path: the folder that transformers' save_pretrained wrote, or the "
    ".pth file of SAM or MedSAM."
)


@dataclass(frozen=True)
class SamCheckpoint:
    """A network as it was loaded.

    Args:
        model: transformers' ``SamModel``, in evaluation mode, without parameter gradients.
        device: where it is.
        sha256: of the weights file, hexadecimal.
        pixels: key of ``PIXEL_SCALES``, or ``preprocessor_config.json`` where the folder says it itself.
        pixel_mean, pixel_std: per channel, of pixels in [0, 1].
    """

    model: Any
    device: torch.device
    sha256: str
    pixels: str
    pixel_mean: tuple[float, ...]
    pixel_std: tuple[float, ...]


def load_checkpoint(path: Path, device: torch.device, pixels: str | None = None) -> SamCheckpoint:
    """Load a checkpoint.

    Args:
        path: a folder in Hugging Face's format (config.json and weights), or a .pth file with the state dictionary of
            SAM or MedSAM, of whatever size.
        pixels: key of ``PIXEL_SCALES``; None: what the folder's preprocessor_config.json says, else ``medsam`` where
            the path's last part names MedSAM, else ``sam``. Weights do not tell which it is.

    Raises:
        ModelError: the files are missing, damaged, of another kind of network, or ask for code to be run.
        UsageError: ``pixels`` is not known.
        NotInstalledError: transformers is missing.
    """
    if pixels is not None and pixels not in PIXEL_SCALES:
        raise UsageError(f"The pixel scale {pixels!r} is not known.", f"Choose one of: {', '.join(PIXEL_SCALES)}.")
    path = path.expanduser()
    if not path.exists():
        raise ModelError(f"The checkpoint {path} does not exist.", _FILES_REMEDY)
    model, weights_file = _from_folder(path) if path.is_dir() else (_from_file(path), path)
    name, (mean, std) = _pixel_scale(path, pixels)
    channels = model.config.vision_config.num_channels
    if not len(mean) == len(std) == channels:
        raise ModelError(f"{path} wants {channels} channels, and its pixels are scaled for {len(mean)}.")
    model.requires_grad_(False).eval()
    return SamCheckpoint(model.to(device), device, sha256_of(weights_file), name, mean, std)


def _from_folder(path: Path) -> tuple[Any, Path]:
    settings = _read_json(path / "config.json")
    if settings.get("model_type") != "sam":
        raise ModelError(
            f"{path} holds a model of type {settings.get('model_type')!r}, not a Segment Anything model ('sam').",
            "SAM and MedSAM are read; SAM 2 and later are other networks.",
        )
    files = [path / name for name in ("model.safetensors", "pytorch_model.bin") if (path / name).is_file()]
    if not files:
        raise ModelError(f"{path} has neither model.safetensors nor pytorch_model.bin.", _FILES_REMEDY)
    content = _read_safetensors(files[0]) if files[0].suffix == ".safetensors" else _read_pickle(files[0])
    return _build(path, settings, _plain_weights(files[0], content)), files[0]


def _from_file(path: Path) -> Any:
    weights = _plain_weights(path, _read_pickle(path))
    if not is_original(weights):
        raise ModelError(f"{path} does not hold the weights of SAM or MedSAM.", _FILES_REMEDY)
    return _build(path, settings_from_shapes(weights), transformers_names(weights))


def _build(path: Path, settings: dict[str, Any], weights: dict[str, Tensor]) -> Any:
    """transformers' network with these weights, none of them missing; its own loader would ask the hub."""
    transformers = import_sam_module()
    for one, other in (_POSITIONS, _POSITIONS[::-1]):
        if one in weights:
            weights.setdefault(other, weights[one])
    try:
        model = transformers.SamModel(transformers.SamConfig.from_dict(settings))
        found = model.load_state_dict(weights, strict=False)
    except (RuntimeError, ValueError, TypeError, AttributeError, ZeroDivisionError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ModelError(f"The weights and settings of {path} do not fit together: {reason}", _FILES_REMEDY) from error
    if found.missing_keys:
        others = " and others" if len(found.missing_keys) > 1 else ""
        raise ModelError(
            f"{path} lacks {len(found.missing_keys)} of the network's tensors: {found.missing_keys[0]}{others}.",
            "Give the whole checkpoint: image encoder, prompt encoder and mask decoder.",
        )
    return model


def _read_pickle(path: Path) -> Any:
    try:
        return read_restricted(path)
    except ModelError as error:  # whose remedy is for models of nnU-Net
        raise ModelError(error.message, _FILES_REMEDY) from error


def _read_safetensors(path: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path} cannot be read: {error}.", _FILES_REMEDY) from error


def _plain_weights(path: Path, content: Any) -> dict[str, Tensor]:
    """Name -> tensor, of a plain state dictionary or one inside a training checkpoint; pixel statistics left out."""
    if isinstance(content, Mapping) and isinstance(content.get("model"), Mapping):
        content = content["model"]
    if not isinstance(content, Mapping):
        raise ModelError(f"{path} does not hold named weights.", _FILES_REMEDY)
    found = {}
    for name, value in content.items():
        if isinstance(name, str) and isinstance(value, Tensor):
            found[name.removeprefix("module.")] = value.float()
    return {name: value for name, value in found.items() if not name.startswith("pixel_")}


def _pixel_scale(path: Path, pixels: str | None) -> tuple[str, tuple[tuple[float, ...], tuple[float, ...]]]:
    said = path / "preprocessor_config.json"
    if pixels is None and path.is_dir() and said.is_file():
        scale = _read_json(said)
        if not scale.get("do_normalize", True):
            return said.name, PIXEL_SCALES["medsam"]
        try:
            mean, std = (tuple(float(value) for value in scale[key]) for key in ("image_mean", "image_std"))
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{said} gives no usable image_mean and image_std.") from error
        return said.name, (mean, std)
    if pixels is None:
        pixels = "medsam" if "medsam" in path.name.lower() else "sam"
    return pixels, PIXEL_SCALES[pixels]


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}.", _FILES_REMEDY) from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} is not a table of settings.", _FILES_REMEDY)
    return content
