"""What a model is, read from its folder or zip in a moment: for doors that have no torch.

The same checks in the same order as in ``loading.load_model``, with the same words, as far as they go without the
weights; what is said here of layers and labels is what the loaded model will have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ModelError
from .architecture import UMAMBA_TRAINERS, architecture_of
from .archive import unpack_description
from .checkpoint_head import read_head
from .folder import DATASET, REFERENCE_PROFILE, TrainedFolder
from .labels import Label, foreground_labels, has_regions, ignored_value
from .layer_names import PlannedLayer, default_layer_names, umamba_layers, unet_layers
from .plans import network_configuration
from .plans_check import channel_names, check_plans
from .reference import opened_model
from .topology import Topology, planned_stages
from .trained_network import trained_configuration


@dataclass(frozen=True)
class ModelFacts:
    """A model that was found usable as far as can be seen without its weights.

    Args:
        dataset_name: what it was trained on, as its plans say; empty where they do not.
        architecture: a member of ``architecture.ARCHITECTURES``.
        is_legacy: U-Mamba as it was before 27 March 2024.
        trainer_name: class name of the trainer.
        configuration_name: ``3d_fullres`` and the like.
        labels: what it segments, without the background.
        ignored_value: of annotations, where nobody knows what is there; None where there is none.
        has_regions: labels may overlap.
        patch_size: voxels of one window, x y z; two numbers for a 2-D model.
        spacing_mm: of the voxels it was trained on, x y z; two numbers for a 2-D model.
        channel: name of its one input channel.
        folds: that were trained: numbers, or ``"all"``.
        default_folds: those that are used where none are named.
        mirrors: it was trained so that windows may be mirrored at inference.
        has_profile: it carries the domain statistics of its training cases.
        layers: all that can be explained, in forward order.
        default_layers: aliases of those that are explained where none are named.
    """

    dataset_name: str
    architecture: str
    is_legacy: bool
    trainer_name: str
    configuration_name: str
    labels: tuple[Label, ...]
    ignored_value: int | None
    has_regions: bool
    patch_size: tuple[int, ...]
    spacing_mm: tuple[float, ...]
    channel: str
    folds: tuple[int | str, ...]
    default_folds: tuple[int | str, ...]
    mirrors: bool
    has_profile: bool
    layers: tuple[PlannedLayer, ...]
    default_layers: tuple[str, ...]

    @property
    def dimension(self) -> int:
        """2 or 3."""
        return len(self.patch_size)


def model_facts(reference: str | Path, configuration: str | None = None) -> ModelFacts:
    """Look at a model.

    Args:
        reference, configuration: as for ``load_model``.

    Raises:
        ModelError: it cannot be used, as ``load_model`` would say.
    """
    with opened_model(reference, configuration, unpack_description) as opened:
        return _facts_of(opened.folder, configuration)


def _facts_of(folder: TrainedFolder, configuration: str | None) -> ModelFacts:
    heads = {fold: read_head(path) for fold, path in folder.select(None).items()}
    first = next(iter(heads.values()))
    name = trained_configuration(folder, heads, configuration)
    planned = network_configuration(folder.plans, name)
    check_plans(folder, planned, name)
    labels = foreground_labels(folder.dataset_json, folder.path / DATASET)
    architecture = architecture_of(first.trainer_name, planned["architecture"]["network_class_name"])
    layers, n_stages = _layers(planned, architecture, first.is_legacy_umamba)
    return ModelFacts(
        dataset_name=str(folder.plans.get("dataset_name") or ""),
        architecture=architecture,
        is_legacy=first.is_legacy_umamba,
        trainer_name=first.trainer_name,
        configuration_name=name,
        labels=labels,
        ignored_value=ignored_value(folder.dataset_json),
        has_regions=has_regions(folder.dataset_json),
        patch_size=tuple(int(voxels) for voxels in _in_storage_order(folder, planned["patch_size"])),
        spacing_mm=tuple(float(spacing) for spacing in _in_storage_order(folder, planned["spacing"])),
        channel=channel_names(folder)[0],
        folds=tuple(folder.checkpoints),
        default_folds=tuple(heads),
        mirrors=first.mirrors,
        has_profile=(folder.path / REFERENCE_PROFILE).is_file(),
        layers=layers,
        default_layers=default_layer_names(n_stages, n_stages - 1),
    )


def _layers(planned: Mapping[str, Any], architecture: str, is_legacy: bool) -> tuple[tuple[PlannedLayer, ...], int]:
    """The layers, and how many stages the encoder has."""
    arch_kwargs, patch_size = planned["architecture"]["arch_kwargs"], planned["patch_size"]
    if architecture in UMAMBA_TRAINERS.values():
        topology = Topology.from_architecture(arch_kwargs, patch_size)
        return umamba_layers(topology, architecture, is_legacy), topology.n_stages
    try:
        n_stages = planned_stages(arch_kwargs)
        if n_stages < 2:
            raise ValueError(f"it has {n_stages} stage(s)")
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The plans do not describe a {architecture}: {error}.") from error
    return unet_layers(n_stages), n_stages


def _in_storage_order(folder: TrainedFolder, values: list[Any]) -> list[Any]:
    """Numbers of the network's axes as x y z; a 2-D network has no first axis."""
    if len(values) == 2:
        return values[::-1]
    return [values[axis] for axis in folder.plans["transpose_backward"]][::-1]
