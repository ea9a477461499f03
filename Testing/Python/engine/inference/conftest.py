"""A tiny U-Mamba in float64, dressed as a loaded model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
import torch
from nnunetv2.utilities.label_handling.label_handling import LabelManager

from UMambaXAILogic.engine.model.topology import Topology
from UMambaXAILogic.engine.model.umamba import UMambaBot, UMambaEnc


@dataclass
class TinyModel:
    """What prediction and explanation need of a model."""

    network: torch.nn.Module
    label_manager: LabelManager
    patch_size: tuple[int, ...]
    allowed_mirroring_axes: tuple[int, ...] | None
    parameter_sets: list[dict]
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @property
    def folds(self) -> tuple[int, ...]:
        return tuple(range(len(self.parameter_sets)))

    def use_fold(self, fold: int) -> None:
        self.network.load_state_dict(self.parameter_sets[fold])

    def layers(self) -> list[SimpleNamespace]:
        encoder, decoder = self.network.encoder, self.network.decoder
        modules = {"encoder.0": encoder.stages[0], "encoder.1": encoder.stages[1], "encoder.2": encoder.stages[2]}
        if encoder.mamba_layers is not None:
            modules |= {f"encoder.{i}": layer for i, layer in enumerate(encoder.mamba_layers)}
        else:
            modules["encoder.2"] = self.network.mamba_layer
        modules |= {f"decoder.{i}": stage for i, stage in enumerate(decoder.stages)}
        return [SimpleNamespace(alias=alias, module=module) for alias, module in modules.items()]


@pytest.fixture
def make_tiny_model() -> Callable[..., TinyModel]:
    """Build one: ``make_tiny_model(dimension=3, kind="enc", heads=3, folds=1, mirror_axes=None, regions=False)``."""

    def make(dimension=3, kind="enc", heads=3, folds=1, mirror_axes=None, regions=False) -> TinyModel:
        patch = (8,) * dimension
        topology = Topology(
            features=(4, 6, 8),
            kernel_sizes=((3,) * dimension,) * 3,
            strides=((1,) * dimension, (2,) * dimension, (2,) * dimension),
            encoder_blocks=(2, 2, 2),
            decoder_blocks=(1, 1),
            patch_size=patch,
        )
        torch.manual_seed(7)
        build = UMambaEnc if kind == "enc" else UMambaBot
        sets = []
        for _ in range(folds):
            network = build(topology, 1, heads, deep_supervision=False).double().eval()
            with torch.no_grad():
                for parameter in network.parameters():
                    parameter.add_(0.05 * torch.randn_like(parameter))
            network.requires_grad_(False)
            sets.append({key: value.clone() for key, value in network.state_dict().items()})
        if regions:
            labels = {"background": 0, "whole": [1, 2], "core": [2]}
            manager = LabelManager(labels, regions_class_order=[1, 2])
        else:
            manager = LabelManager({"background": 0, **{f"class{i}": i for i in range(1, heads)}}, None)
        return TinyModel(network, manager, patch, mirror_axes, sets)

    return make
