"""Layers that can be explained: stable names for the feature maps of every known network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dynamic_network_architectures.building_blocks.residual import StackedResidualBlocks
from torch import nn
from torch.nn.modules.instancenorm import _InstanceNorm

from ..errors import UsageError
from .layer_names import default_layer_names
from .legacy import LegacyUMambaBot, LegacyUMambaEnc
from .mamba import MambaLayer
from .umamba import UMambaBot, UMambaEnc

if TYPE_CHECKING:
    from .loading import Model


@dataclass(frozen=True, eq=False)
class Layer:
    """One feature map of a network.

    Args:
        alias: ``encoder.i`` (0 finest; after the stage's Mamba layer where it has one), ``encoder.i.conv`` (before
            that Mamba layer) or ``decoder.j`` (0 deepest).
        module: its output, (B, C, *space), is the feature map. No later module changes that tensor in place.
        channel_token: a Mamba layer whose tokens are channels: it mixes all positions, so that its map says little
            about where.
        is_last_decoder: the finest decoder stage, which the segmentation head reads.
        before_instance_norm: the map enters nothing but convolutions followed by InstanceNorm, so that the spatial
            mean of its gradient vanishes up to border effects and Seg-Grad-CAM is nearly degenerate there.
        head: the segmentation head of a decoder stage; None for encoder layers.
    """

    alias: str
    module: nn.Module
    channel_token: bool = False
    is_last_decoder: bool = False
    before_instance_norm: bool = False
    head: nn.Module | None = None


def resolve_layers(model: Model | nn.Module, names: Sequence[str] | None = None) -> list[Layer]:
    """The layers called ``names``, in forward order and each once.

    Args:
        model: a loaded model, or its network.
        names: aliases, see ``Layer``; None: the default set, see ``default_layer_names``.

    Raises:
        UsageError: a name is unknown, or there is none.
    """
    network: Any = model if isinstance(model, nn.Module) else model.network
    layers = all_layers(network)
    if names is None:
        names = default_layer_names(len(network.encoder.stages), len(network.decoder.stages))
    if not names:
        raise UsageError("No layer was named.", "Leave the layers out to get the default set.")
    valid = {layer.alias for layer in layers}
    unknown = [name for name in names if name not in valid]
    if unknown:
        raise UsageError(
            f"This network has no layer {', '.join(repr(name) for name in unknown)}.",
            f"It has: {', '.join(layer.alias for layer in layers)}.",
        )
    return [layer for layer in layers if layer.alias in names]


def all_layers(network: nn.Module) -> list[Layer]:
    """Every layer of a U-Mamba, PlainConvUNet or ResidualEncoderUNet network, in forward order."""
    encoder: Any = network.encoder
    decoder: Any = network.decoder
    layers = []
    for index, stage in enumerate(encoder.stages):
        alias = f"encoder.{index}"
        mamba = _mamba_after(network, index)
        vanishing = _gradient_mean_vanishes(network, index)
        if isinstance(mamba, MambaLayer):
            layers.append(Layer(f"{alias}.conv", stage))
            layers.append(Layer(alias, mamba, channel_token=mamba.channel_token, before_instance_norm=vanishing))
        else:
            layers.append(Layer(alias, stage, before_instance_norm=vanishing))
    last = len(decoder.stages) - 1
    for index, (stage, head) in enumerate(zip(decoder.stages, decoder.seg_layers, strict=True)):
        layers.append(Layer(f"decoder.{index}", stage, is_last_decoder=index == last, head=head))
    return layers


def _mamba_after(network: Any, stage: int) -> nn.Module | None:
    if isinstance(network, (UMambaEnc, LegacyUMambaEnc)):
        mamba_layers: Any = network.encoder.mamba_layers
        return mamba_layers[stage]
    if isinstance(network, (UMambaBot, LegacyUMambaBot)) and stage == len(network.encoder.stages) - 1:
        return network.mamba_layer
    return None


def _gradient_mean_vanishes(network: Any, stage: int) -> bool:
    """Whether every path out of an encoder stage is a convolution and an InstanceNorm.

    Today's U-Mamba adds a projection without norm in every block; a residual block of nnU-Net passes its input on
    where the number of channels stays; the deepest stage leaves through a transposed convolution, whose phases have
    separate sums.
    """
    encoder = network.encoder
    is_deepest = stage == len(encoder.stages) - 1
    if isinstance(network, (UMambaBot, UMambaEnc)) or is_deepest or not issubclass(encoder.norm_op, _InstanceNorm):
        return False
    channels = encoder.output_channels
    is_residual = any(isinstance(module, StackedResidualBlocks) for module in encoder.stages[stage + 1].modules())
    return not is_residual or channels[stage] != channels[stage + 1]
