"""U-Mamba's networks as they were before 27 March 2024.

They carry the same class and trainer names as today's and share no convolutional block with them: a ResNet-D
encoder and a decoder with transposed convolutions, both from nnU-Net's own library, block counts as planned, a
Mamba layer at every stage of Enc, and no channel tokens.
"""

from __future__ import annotations

from typing import Any

from dynamic_network_architectures.building_blocks.residual_encoders import ResidualEncoder
from dynamic_network_architectures.building_blocks.unet_residual_decoder import UNetResDecoder
from torch import Tensor, nn

from .blocks import CONVOLUTIONS
from .mamba import MambaLayer
from .state_aliases import add_state_aliases
from .topology import Topology


class LegacyEncoder(ResidualEncoder):
    """nnU-Net's residual encoder, each stage optionally followed by a Mamba layer."""

    def __init__(self, topology: Topology, in_channels: int, with_mamba: bool) -> None:
        super().__init__(
            in_channels,
            topology.n_stages,
            list(topology.features),
            CONVOLUTIONS[topology.dimension],
            [list(kernel) for kernel in topology.kernel_sizes],
            [list(stride) for stride in topology.strides],
            list(topology.encoder_blocks),
            conv_bias=True,
            norm_op=nn.InstanceNorm2d if topology.dimension == 2 else nn.InstanceNorm3d,
            norm_op_kwargs={"eps": 1e-5, "affine": True},
            nonlin=nn.LeakyReLU,
            nonlin_kwargs={"inplace": True},
            return_skips=True,
        )
        self.mamba_layers = nn.ModuleList(MambaLayer(width) for width in topology.features) if with_mamba else None

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


class LegacyUMambaEnc(nn.Module):
    """The former U-Mamba Enc; accepts windows of any size."""

    def __init__(self, topology: Topology, in_channels: int, n_outputs: int, deep_supervision: bool = False) -> None:
        super().__init__()
        self.encoder = LegacyEncoder(topology, in_channels, with_mamba=True)
        self.decoder = _decoder(self.encoder, topology, n_outputs, deep_supervision)

    def forward(self, x: Tensor) -> Any:
        """(B, C, *patch) -> logits (B, n_outputs, *patch), or with deep supervision a list, finest first."""
        return self.decoder(self.encoder(x))


class LegacyUMambaBot(nn.Module):
    """The former U-Mamba Bot; accepts windows of any size."""

    def __init__(self, topology: Topology, in_channels: int, n_outputs: int, deep_supervision: bool = False) -> None:
        super().__init__()
        self.encoder = LegacyEncoder(topology, in_channels, with_mamba=False)
        self.mamba_layer = MambaLayer(topology.features[-1])
        self.decoder = _decoder(self.encoder, topology, n_outputs, deep_supervision)
        # Those checkpoints keep the layer's two parts at the top.
        add_state_aliases(self, {"ln.": "mamba_layer.norm.", "mamba.": "mamba_layer.mamba."})

    def forward(self, x: Tensor) -> Any:
        """(B, C, *patch) -> logits, as ``LegacyUMambaEnc.forward``."""
        skips = self.encoder(x)
        skips[-1] = self.mamba_layer(skips[-1])
        return self.decoder(skips)


def _decoder(encoder: LegacyEncoder, topology: Topology, n_outputs: int, deep_supervision: bool) -> UNetResDecoder:
    return UNetResDecoder(encoder, n_outputs, list(topology.decoder_blocks), deep_supervision)
