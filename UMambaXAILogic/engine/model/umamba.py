"""The U-Mamba networks (Ma, Li and Wang 2024, arXiv 2401.04722), Bot and Enc, 2-D and 3-D.

Modules carry the original project's parameter names, so checkpoints load key for key in either direction.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from torch import Tensor, nn

from .blocks import CONVOLUTIONS, Upsample, concatenate_skip, residual_stage
from .mamba import MambaLayer
from .state_aliases import add_state_aliases
from .topology import Topology


class Encoder(nn.Module):
    """Stem and residual stages, each optionally followed by a Mamba layer.

    Args:
        topology: shape of the U-Net.
        in_channels: channels of the input image.
        mamba_layers: one module per stage, or None where the encoder has no such layers.
    """

    def __init__(self, topology: Topology, in_channels: int, mamba_layers: Sequence[nn.Module] | None = None) -> None:
        super().__init__()
        features, blocks = topology.features, topology.umamba_encoder_blocks
        no_stride = (1,) * topology.dimension
        self.stem = residual_stage(in_channels, features[0], topology.kernel_sizes[0], no_stride, blocks[0])
        below = (features[0], *features[:-1])
        self.stages = nn.ModuleList(
            residual_stage(below[s], features[s], topology.kernel_sizes[s], topology.strides[s], blocks[s])
            for s in range(topology.n_stages)
        )
        self.mamba_layers = None if mamba_layers is None else nn.ModuleList(mamba_layers)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, C, *patch) -> the output of every stage, finest first."""
        x = self.stem(x)
        skips = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if self.mamba_layers is not None:
                x = self.mamba_layers[index](x)
            skips.append(x)
        return skips


class Decoder(nn.Module):
    """Upsampling path with one segmentation head per stage, deepest stage first.

    Args:
        topology: shape of the U-Net.
        n_outputs: channels of the logits.
        deep_supervision: return the logits of every stage, finest first, instead of the finest alone.
    """

    def __init__(self, topology: Topology, n_outputs: int, deep_supervision: bool) -> None:
        super().__init__()
        self.deep_supervision = deep_supervision
        features, blocks = topology.features, topology.umamba_decoder_blocks
        n_decoder_stages = topology.n_stages - 1
        # The original 2-D networks do not pass the finest skip on.
        self.n_skips = n_decoder_stages - 1 if topology.dimension == 2 else n_decoder_stages
        convolution, no_stride = CONVOLUTIONS[topology.dimension], (1,) * topology.dimension
        self.stages, self.upsample_layers, self.seg_layers = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for s in range(n_decoder_stages):
            deep, level = n_decoder_stages - s, n_decoder_stages - s - 1
            width = features[level]
            in_channels = 2 * width if s < self.n_skips else width
            self.upsample_layers.append(Upsample(features[deep], width, topology.strides[deep]))
            self.stages.append(residual_stage(in_channels, width, topology.kernel_sizes[level], no_stride, blocks[s]))
            self.seg_layers.append(convolution(width, n_outputs, 1))

    def forward(self, skips: list[Tensor]) -> Tensor | list[Tensor]:
        """The encoder's outputs -> logits (B, n_outputs, *patch), or with deep supervision a list, finest first."""
        x = skips[-1]
        logits: list[Tensor] = []
        for s, stage in enumerate(self.stages):
            x = self.upsample_layers[s](x)
            if s < self.n_skips:
                x = concatenate_skip(x, skips[-(s + 2)])
            x = stage(x)
            if self.deep_supervision:
                logits.insert(0, self.seg_layers[s](x))
        return logits if self.deep_supervision else self.seg_layers[-1](x)


class UMambaBot(nn.Module):
    """U-Mamba with one Mamba layer, on the deepest feature map; accepts windows of any size."""

    def __init__(self, topology: Topology, in_channels: int, n_outputs: int, deep_supervision: bool = False) -> None:
        super().__init__()
        self.topology = topology
        self.encoder = Encoder(topology, in_channels)
        self.mamba_layer = MambaLayer(topology.features[-1])
        self.decoder = Decoder(topology, n_outputs, deep_supervision)
        add_state_aliases(self, {"decoder.encoder.": "encoder."})

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        """(B, C, *patch) -> logits, see ``Decoder.forward``."""
        skips = self.encoder(x)
        skips[-1] = self.mamba_layer(skips[-1])
        return self.decoder(skips)


class UMambaEnc(nn.Module):
    """U-Mamba with Mamba layers in the encoder: at every stage in 3-D, at every other one, the deepest
    included, in 2-D. Where it has channel-token stages it accepts windows of the planned patch size only.
    """

    def __init__(self, topology: Topology, in_channels: int, n_outputs: int, deep_supervision: bool = False) -> None:
        super().__init__()
        self.topology = topology
        self.encoder = Encoder(topology, in_channels, [_mamba_at(topology, s) for s in range(topology.n_stages)])
        self.decoder = Decoder(topology, n_outputs, deep_supervision)
        add_state_aliases(self, {"decoder.encoder.": "encoder."})

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        """(B, C, *patch) -> logits, see ``Decoder.forward``."""
        return self.decoder(self.encoder(x))


def _mamba_at(topology: Topology, stage: int) -> nn.Module:
    """The module that follows an encoder stage of U-Mamba Enc."""
    if not topology.has_mamba(stage):
        return nn.Identity()
    if topology.is_channel_token(stage):
        return MambaLayer(prod(topology.map_sizes[stage]), channel_token=True)
    return MambaLayer(topology.features[stage])
