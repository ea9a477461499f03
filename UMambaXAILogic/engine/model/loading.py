"""From a reference (trained folder, exported zip or ``demo``) to a model that is ready to run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from nnunetv2.utilities.label_handling.label_handling import LabelManager
from nnunetv2.utilities.plans_handling.plans_handler import ConfigurationManager, PlansManager
from torch import Tensor, nn

from ..device import make_current
from ..errors import ModelError
from ..memory_plan.heap import give_back_large_pieces
from .architecture import architecture_of
from .builder import build_network, configuration_manager
from .checkpoint import read_checkpoint
from .folder import DATASET, TrainedFolder
from .labels import foreground_labels
from .mamba import set_scan_backend
from .plans_check import REORIENTING_READERS, check_plans
from .reference import opened_model
from .reference_profile import NO_PROFILE, CarriedProfile, profile_in_folder
from .selective_scan import choose_backend
from .trained_network import trained_configuration
from .weights import load_weights, unique_weights


@dataclass(eq=False)
class Model:
    """A trained network with everything nnU-Net needs to run it.

    Args:
        reference: what the user gave.
        folder: the trained folder; for a zip, the zip.
        trainer_name: class name of the trainer.
        architecture: ``UMambaBot``, ``UMambaEnc``, ``PlainConvUNet`` or ``ResidualEncoderUNet``.
        is_legacy: U-Mamba as it was before 27 March 2024.
        folds: numbers of the folds, or ``("all",)``.
        plans_manager, configuration_manager, configuration_name, dataset_json, label_manager: nnU-Net's own.
        allowed_mirroring_axes: spatial axes nnU-Net mirrors at inference, or None.
        sha256: of the checkpoint, hexadecimal; with several folds, of their hashes one after the other.
        network: in evaluation mode, on ``device``, without deep supervision and without parameter gradients; it
            holds the weights of the fold last passed to ``use_fold``, at first those of ``folds[0]``.
        parameter_sets: per fold, parameter name -> tensor on the CPU.
        device: where the network is.
        reference_profile: the domain statistics of the training cases, where the folder carries them.
    """

    reference: str
    folder: Path
    trainer_name: str
    architecture: str
    is_legacy: bool
    folds: tuple[int | str, ...]
    plans_manager: PlansManager
    configuration_manager: ConfigurationManager
    configuration_name: str
    dataset_json: dict[str, Any]
    label_manager: LabelManager
    allowed_mirroring_axes: tuple[int, ...] | None
    sha256: str
    network: nn.Module
    parameter_sets: dict[int | str, dict[str, Tensor]]
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    reference_profile: CarriedProfile = NO_PROFILE

    @property
    def patch_size(self) -> tuple[int, ...]:
        """Voxels of one window, in the network's axis order."""
        return tuple(int(voxels) for voxels in self.configuration_manager.patch_size)

    @property
    def dimension(self) -> int:
        """2 or 3."""
        return len(self.patch_size)

    @property
    def spacing_mm(self) -> tuple[float, ...]:
        """Voxel spacing the network sees, in its axis order; two numbers for a 2-D configuration."""
        return tuple(float(spacing) for spacing in self.configuration_manager.spacing)

    @property
    def has_scan(self) -> bool:
        """Whether the network contains selective scans."""
        return self.architecture.startswith("UMamba")

    @property
    def labels(self) -> dict[str, Any]:
        """Label name -> value, or list of values for a region."""
        return self.dataset_json["labels"]

    @property
    def reader_writer_name(self) -> str:
        """Class name of the nnU-Net reader the model was trained with."""
        return self.plans_manager.plans["image_reader_writer"]

    @property
    def reorients(self) -> bool:
        """Whether that reader turns images to RAS, so that results do not depend on storage order."""
        return self.reader_writer_name in REORIENTING_READERS

    @property
    def training_orientation(self) -> str | None:
        """Orientation code of the training images as the network saw them; None where nothing recorded it."""
        return "RAS" if self.reorients else None

    def use_fold(self, fold: int | str) -> None:
        """Put a fold's weights into ``network``.

        Args:
            fold: one of ``folds``.
        """
        self.network.load_state_dict(self.parameter_sets[fold], strict=False)


def load_model(
    reference: str | Path,
    *,
    folds: Sequence[int | str] | None = None,
    device: str | torch.device = "cpu",
    scan_backend: str = "auto",
    configuration: str | None = None,
) -> Model:
    """Load a trained model.

    Args:
        reference: a folder trained by nnU-Net v2 (or one that contains exactly one), the zip that nnU-Net exports,
            or ``"demo"`` for the model that ships with this package.
        folds: fold numbers, or ``"all"`` for the fold of that name; None: all numbered folds.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        scan_backend: selective-scan backend of U-Mamba's Mamba layers.
        configuration: ``3d_fullres`` and the like, where the reference contains several.

    Raises:
        ModelError: the model is missing, damaged, incomplete, contradictory, of an unknown kind, a cascade, or made
            for several input channels.
        UsageError, NotInstalledError: the scan backend is unknown, or cannot be used here.
    """
    with opened_model(reference, configuration) as opened:
        model = _load_folder(str(reference), opened.folder, folds, device, scan_backend, configuration)
        if opened.temporary:
            model.folder = opened.path
        carried = model.reference_profile
        model.reference_profile = replace(carried, problem=opened.in_the_users_words(carried.problem))
        return model


def _load_folder(
    reference: str,
    folder: TrainedFolder,
    folds: Sequence[int | str] | None,
    device: str | torch.device,
    scan_backend: str,
    configuration: str | None,
) -> Model:
    make_current(torch.device(device))
    give_back_large_pieces()
    checkpoints = {fold: read_checkpoint(path) for fold, path in folder.select(folds).items()}
    first = next(iter(checkpoints.values()))
    name = trained_configuration(folder, checkpoints, configuration)
    plans_manager = PlansManager(folder.plans)
    config = configuration_manager(plans_manager, name)
    check_plans(folder, config.configuration, name)
    axes = first.mirroring_axes or ()
    if any(axis >= len(config.patch_size) for axis in axes):
        raise ModelError(f"{first.path} mirrors along axes {axes}, and {name!r} has {len(config.patch_size)} axes.")
    label_manager = _label_manager(plans_manager, folder)
    architecture = architecture_of(first.trainer_name, config.network_arch_class_name)
    network = build_network(
        first.trainer_name,
        config,
        num_input_channels=1,
        num_outputs=label_manager.num_segmentation_heads,
        deep_supervision=False,
        legacy=first.is_legacy_umamba,
    )
    network.requires_grad_(False).eval()
    if architecture.startswith("UMamba"):
        choose_backend(device, scan_backend)  # refuses now rather than in the first window
        set_scan_backend(network, scan_backend)
    parameter_sets = {}
    for fold, checkpoint in checkpoints.items():
        load_weights(network, checkpoint.weights, str(checkpoint.path))
        parameter_sets[fold] = unique_weights(network)
    model = Model(
        reference=reference,
        folder=folder.path,
        trainer_name=first.trainer_name,
        architecture=architecture,
        is_legacy=first.is_legacy_umamba,
        folds=tuple(checkpoints),
        plans_manager=plans_manager,
        configuration_manager=config,
        configuration_name=name,
        dataset_json=folder.dataset_json,
        label_manager=label_manager,
        allowed_mirroring_axes=first.mirroring_axes,
        sha256=_combined_sha256([checkpoint.sha256 for checkpoint in checkpoints.values()]),
        network=network.to(device),
        parameter_sets=parameter_sets,
        device=torch.device(device),
        reference_profile=profile_in_folder(folder.path),
    )
    model.use_fold(model.folds[0])
    return model


def _label_manager(plans_manager: PlansManager, folder: TrainedFolder) -> LabelManager:
    foreground_labels(folder.dataset_json, folder.path / DATASET)
    try:
        return plans_manager.get_label_manager(folder.dataset_json)
    except (AssertionError, AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ModelError(f"The labels of {folder.path / DATASET} cannot be used: {error}.") from error


def _combined_sha256(hashes: list[str]) -> str:
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
