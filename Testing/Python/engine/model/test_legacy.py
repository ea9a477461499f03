"""U-Mamba as it was before 27 March 2024."""

from __future__ import annotations

import pytest
import torch
from dynamic_network_architectures.architectures.unet import ResidualUNet
from torch import nn

from UMambaXAILogic.engine.model.legacy import LegacyUMambaBot, LegacyUMambaEnc
from UMambaXAILogic.engine.model.mamba import MambaLayer
from UMambaXAILogic.engine.model.topology import Topology
from UMambaXAILogic.engine.model.weights import load_weights

CONVOLUTION = {2: nn.Conv2d, 3: nn.Conv3d}
INSTANCE_NORM = {2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}


def topology(dimension: int) -> Topology:
    ones, twos = (1,) * dimension, (2,) * dimension
    return Topology((4, 8, 12), ((3,) * dimension,) * 3, (ones, twos, twos), (1, 2, 2), (1, 2), (8,) * dimension)


def residual_unet(shape: Topology) -> ResidualUNet:
    """nnU-Net's library network that the former U-Mamba put its Mamba layers into."""
    return ResidualUNet(
        1,
        shape.n_stages,
        list(shape.features),
        CONVOLUTION[shape.dimension],
        [list(k) for k in shape.kernel_sizes],
        [list(s) for s in shape.strides],
        list(shape.encoder_blocks),
        3,
        list(shape.decoder_blocks),
        conv_bias=True,
        norm_op=INSTANCE_NORM[shape.dimension],
        norm_op_kwargs={"eps": 1e-5, "affine": True},
        nonlin=nn.LeakyReLU,
        nonlin_kwargs={"inplace": True},
    )


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("network_class", [LegacyUMambaBot, LegacyUMambaEnc])
def test_without_its_mamba_layers_it_is_the_residual_unet(dimension, network_class):
    torch.manual_seed(0)
    shape = topology(dimension)
    plain, network = residual_unet(shape).eval(), network_class(shape, 1, 3).eval()
    weights = dict(plain.state_dict())
    weights |= {key: value for key, value in network.state_dict().items() if "mamba" in key}
    load_weights(network, weights, "test")
    if network_class is LegacyUMambaBot:
        network.mamba_layer = nn.Identity()
    else:
        network.encoder.mamba_layers = nn.ModuleList(nn.Identity() for _ in range(3))
    x = torch.randn(1, 1, *shape.patch_size)
    with torch.no_grad():
        assert torch.equal(network(x), plain(x))


def test_bot_keeps_norm_and_mamba_at_the_top():
    network = LegacyUMambaBot(topology(3), 1, 3)
    former = {
        key.replace("mamba_layer.norm.", "ln.").replace("mamba_layer.mamba.", "mamba."): value + 1
        for key, value in network.state_dict().items()
        if not key.startswith(("ln.", "mamba."))
    }
    assert "ln.weight" in former
    assert "mamba.A_log" in former
    load_weights(network, former, "test")
    assert torch.equal(network.mamba_layer.norm.weight.detach(), torch.full((12,), 2.0))


def test_enc_has_a_mamba_layer_over_space_at_every_stage():
    network = LegacyUMambaEnc(topology(2), 1, 3)
    assert [type(layer) for layer in network.encoder.mamba_layers] == [MambaLayer] * 3
    assert [layer.dim for layer in network.encoder.mamba_layers] == [4, 8, 12]
    assert not any(layer.channel_token for layer in network.encoder.mamba_layers)


def test_every_head_answers_with_deep_supervision():
    x = torch.randn(1, 1, 8, 8)
    logits = LegacyUMambaEnc(topology(2), 1, 3, deep_supervision=True)(x)
    assert [tuple(item.shape) for item in logits] == [(1, 3, 8, 8), (1, 3, 4, 4)]
