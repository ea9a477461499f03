"""Every network's feature maps have stable names."""

from __future__ import annotations

import pytest
import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet
from torch import nn

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.model.layers import all_layers, resolve_layers
from UMambaXAILogic.engine.model.legacy import LegacyUMambaBot, LegacyUMambaEnc
from UMambaXAILogic.engine.model.topology import Topology
from UMambaXAILogic.engine.model.umamba import UMambaBot, UMambaEnc


def topology(n_stages: int, dimension: int = 3, features: tuple[int, ...] | None = None) -> Topology:
    ones, twos = (1,) * dimension, (2,) * dimension
    return Topology(
        features or tuple(min(4 * 2**i, 16) for i in range(n_stages)),
        ((3,) * dimension,) * n_stages,
        (ones,) + (twos,) * (n_stages - 1),
        (2,) * n_stages,
        (1,) * (n_stages - 1),
        (2 ** (n_stages - 1) * 2,) * dimension,
    )


def nnunet(network_class, n_stages: int, dimension: int = 2) -> nn.Module:
    shape = topology(n_stages, dimension)
    blocks = "n_conv_per_stage" if network_class is PlainConvUNet else "n_blocks_per_stage"
    return network_class(
        input_channels=1,
        n_stages=n_stages,
        features_per_stage=list(shape.features),
        conv_op={2: nn.Conv2d, 3: nn.Conv3d}[dimension],
        kernel_sizes=3,
        strides=[list(stride) for stride in shape.strides],
        num_classes=2,
        n_conv_per_stage_decoder=1,
        conv_bias=True,
        norm_op={2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}[dimension],
        norm_op_kwargs={"affine": True},
        nonlin=nn.LeakyReLU,
        nonlin_kwargs={"inplace": True},
        **{blocks: 1},
    )


NETWORKS = {
    "bot_3d": lambda: UMambaBot(topology(3), 1, 2),
    "bot_2d": lambda: UMambaBot(topology(4, 2), 1, 2),
    "enc_3d": lambda: UMambaEnc(topology(3), 1, 2),
    "enc_2d": lambda: UMambaEnc(topology(4, 2), 1, 2),
    "legacy_bot": lambda: LegacyUMambaBot(topology(3), 1, 2),
    "legacy_enc": lambda: LegacyUMambaEnc(topology(3, 2), 1, 2),
    "plain": lambda: nnunet(PlainConvUNet, 4),
    "residual": lambda: nnunet(ResidualEncoderUNet, 4),
}
every_network = pytest.mark.parametrize("build", NETWORKS.values(), ids=NETWORKS.keys())


def aliases(layers) -> list[str]:
    return [layer.alias for layer in layers]


def patch_of(network: nn.Module) -> tuple[int, ...]:
    """The patch size of ``topology``."""
    is_2d = any(isinstance(module, nn.Conv2d) for module in network.modules())
    return (2 ** len(network.encoder.stages),) * (2 if is_2d else 3)


def maps_and_gradients(network: nn.Module, layers, patch: tuple[int, ...], seed: int = 0):
    torch.manual_seed(seed)
    network = network.double().eval().requires_grad_(False)
    found, as_hooked = {}, {}

    def keep(alias):
        def hook(_module, _inputs, output):
            found[alias] = output
            as_hooked[alias] = output.detach().clone()

        return hook

    hooks = [layer.module.register_forward_hook(keep(layer.alias)) for layer in layers]
    logits = network(torch.randn(1, 1, *patch, dtype=torch.float64).requires_grad_())
    for hook in hooks:
        hook.remove()
    weights = torch.randn_like(logits)
    gradients = torch.autograd.grad((weights * logits).sum(), list(found.values()))
    return found, as_hooked, dict(zip(found, gradients, strict=True)), logits


def test_bot_ends_its_encoder_after_the_bottleneck_mamba():
    network = UMambaBot(topology(3), 1, 2)
    layers = {layer.alias: layer.module for layer in all_layers(network)}
    assert list(layers) == ["encoder.0", "encoder.1", "encoder.2.conv", "encoder.2", "decoder.0", "decoder.1"]
    assert layers["encoder.2"] is network.mamba_layer
    assert layers["encoder.2.conv"] is network.encoder.stages[2]


def test_enc_names_the_map_after_and_before_each_mamba_layer():
    network = UMambaEnc(topology(3), 1, 2)
    layers = {layer.alias: layer.module for layer in all_layers(network)}
    assert list(layers)[:4] == ["encoder.0.conv", "encoder.0", "encoder.1.conv", "encoder.1"]
    assert layers["encoder.1"] is network.encoder.mamba_layers[1]
    assert layers["encoder.1.conv"] is network.encoder.stages[1]


def test_enc_2d_has_mamba_at_every_other_stage_only():
    names = aliases(all_layers(UMambaEnc(topology(4, 2), 1, 2)))
    assert [name for name in names if name.endswith("conv")] == ["encoder.1.conv", "encoder.3.conv"]
    assert [name for name in names if name.startswith("encoder") and not name.endswith("conv")] == [
        f"encoder.{i}" for i in range(4)
    ]


def test_the_papers_layers_are_the_default_of_six_stages_and_more():
    paper = ["encoder.4", "encoder.5", *(f"decoder.{j}" for j in range(5))]
    for n_stages in (6, 7):
        assert aliases(resolve_layers(nnunet(PlainConvUNet, n_stages))) == paper


def test_smaller_networks_default_to_the_two_deepest_and_all_decoder_stages():
    assert aliases(resolve_layers(UMambaEnc(topology(4), 1, 2))) == [
        "encoder.2", "encoder.3", "decoder.0", "decoder.1", "decoder.2",
    ]  # fmt: skip
    assert aliases(resolve_layers(UMambaBot(topology(2), 1, 2))) == ["encoder.0", "encoder.1", "decoder.0"]


def test_layers_come_in_forward_order_and_once():
    network = UMambaBot(topology(3), 1, 2)
    assert aliases(resolve_layers(network, ["decoder.1", "encoder.0", "decoder.1"])) == ["encoder.0", "decoder.1"]


@pytest.mark.parametrize("names", [["encoder.9"], ["encoder.0", "nothing"], ["encoder.0.conv"]])
def test_an_unknown_name_is_refused_with_the_valid_ones(names):
    with pytest.raises(UsageError, match=rf"'{names[-1]}'.*encoder.0, encoder.1, encoder.2.conv, encoder.2, decoder.0"):
        resolve_layers(UMambaBot(topology(3), 1, 2), names)


def test_no_names_at_all_are_refused():
    with pytest.raises(UsageError, match="No layer was named"):
        resolve_layers(UMambaBot(topology(3), 1, 2), [])


@every_network
def test_hooked_maps_are_not_changed_afterwards_and_get_a_gradient(build):
    network = build()
    layers = all_layers(network)
    found, as_hooked, gradients, _ = maps_and_gradients(network, layers, patch_of(network))
    assert set(found) == set(aliases(layers))
    for alias in found:
        assert torch.equal(found[alias].detach(), as_hooked[alias])
        assert float(gradients[alias].abs().max()) > 0


@every_network
def test_the_last_decoder_layer_is_what_the_head_reads(build):
    network = build()
    layers = all_layers(network)
    found, _, _, logits = maps_and_gradients(network, layers, patch_of(network))
    (last,) = [layer for layer in layers if layer.is_last_decoder]
    assert last is layers[-1]
    assert torch.equal(last.head(found[last.alias]), logits)
    assert all(layer.head is None for layer in layers if layer.alias.startswith("encoder"))


def test_channel_token_layers_are_flagged():
    shape = topology(3, features=(4, 8, 16))  # maps of 512, 64 and 8 voxels
    flags = {layer.alias: layer.channel_token for layer in all_layers(UMambaEnc(shape, 1, 2))}
    assert [alias for alias, flag in flags.items() if flag] == ["encoder.2"]


@pytest.mark.parametrize(
    ("name", "flagged"),
    [
        # channels: 4, 8, 16, 16; the residual network passes encoder.2 on beside the norm
        ("plain", ["encoder.0", "encoder.1", "encoder.2"]),
        ("residual", ["encoder.0", "encoder.1"]),
        ("legacy_enc", ["encoder.0", "encoder.1"]),
        ("enc_3d", []),
        ("bot_3d", []),
    ],
)
def test_layers_before_an_instance_norm_are_flagged(name, flagged):
    assert [layer.alias for layer in all_layers(NETWORKS[name]()) if layer.before_instance_norm] == flagged


@pytest.mark.parametrize("name", ["plain", "residual"])
def test_the_gradients_mean_vanishes_where_flagged(name):
    network = NETWORKS[name]()
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.kernel_size[0] > 1:
            module.padding, module.padding_mode = (1, 1), "circular"  # without a border the mean vanishes exactly
            module._reversed_padding_repeated_twice = [1, 1, 1, 1]
    layers = all_layers(network)
    _, _, gradients, _ = maps_and_gradients(network, layers, (32, 32))
    for layer in layers:
        if layer.alias.startswith("encoder"):
            gradient = gradients[layer.alias]
            ratio = float((gradient.mean((2, 3)).abs() / gradient.abs().mean((2, 3))).max())
            assert (ratio < 1e-6) == layer.before_instance_norm, (layer.alias, ratio)
