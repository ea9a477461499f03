"""Weights fit their network, or the message says why not."""

from __future__ import annotations

import pytest
import torch

from UMambaXAILogic.engine.errors import ModelError
from UMambaXAILogic.engine.model.topology import Topology
from UMambaXAILogic.engine.model.umamba import UMambaEnc
from UMambaXAILogic.engine.model.weights import load_weights, unique_weights


def enc(patch: int = 8, features=(4, 8)) -> UMambaEnc:
    torch.manual_seed(0)
    return UMambaEnc(Topology(features, ((3, 3, 3),) * 2, ((1, 1, 1), (2, 2, 2)), (2, 1), (1,), (patch,) * 3), 1, 2)


def test_a_network_takes_its_own_state_and_half_precision():
    weights = {key: value.half() for key, value in enc().state_dict().items()}
    network = enc()
    load_weights(network, weights, "test")
    for key, value in network.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, weights[key].float())


@pytest.mark.parametrize("dropped", ["decoder.encoder.", "all_modules"])
def test_second_names_may_be_left_out(dropped):
    source, network = enc(), enc()
    with torch.no_grad():
        for parameter in source.parameters():
            parameter.add_(1)
    weights = {key: value for key, value in source.state_dict().items() if dropped not in key}
    assert len(weights) < len(source.state_dict())
    load_weights(network, weights, "test")
    for key, value in network.state_dict().items():
        assert torch.equal(value, source.state_dict()[key]), key


def test_either_name_alone_is_enough():
    source = enc()
    weights = {key: value for key, value in source.state_dict().items() if not key.startswith("encoder.")}
    network = enc()
    torch.nn.init.zeros_(network.encoder.stem[0].conv1.weight)
    load_weights(network, weights, "test")
    assert torch.equal(network.encoder.stem[0].conv1.weight, source.encoder.stem[0].conv1.weight)


def test_unique_weights_hold_each_parameter_once_and_are_a_copy():
    network = enc()
    weights = unique_weights(network)
    assert set(weights) == {name for name, _ in network.named_parameters()}
    torch.nn.init.zeros_(network.encoder.stem[0].conv1.weight)
    network.load_state_dict(weights, strict=False)
    assert network.encoder.stem[0].conv1.weight.abs().sum() > 0


def test_missing_and_unexpected_parameters_are_listed():
    weights = dict(enc().state_dict())
    for prefix in ("", "decoder."):
        del weights[f"{prefix}encoder.stages.1.0.conv3.bias"]
    weights["encoder.extra.weight"] = torch.zeros(1)
    with pytest.raises(
        ModelError, match=r"1 missing \(encoder.stages.1.0.conv3.bias\); 1 not expected \(encoder.extra"
    ):
        load_weights(enc(), weights, "test")


def test_long_lists_are_cut():
    with pytest.raises(ModelError, match=r"missing \(.* and \d+ more\)"):
        load_weights(enc(), {}, "test")


def test_enc_weights_of_another_patch_size_are_refused():
    channel_token = enc(patch=2)  # the deepest map has one voxel and eight channels
    with pytest.raises(ModelError, match=r"mamba_layers.1.norm.weight is \[8\] instead of \[1\].*patch size"):
        load_weights(channel_token, enc().state_dict(), "test")


def test_a_refused_file_leaves_the_network_as_it_was():
    network, weights = enc(), {key: value + 1 for key, value in enc().state_dict().items()}
    before = unique_weights(network)
    weights["decoder.seg_layers.0.bias"] = torch.zeros(7)
    with pytest.raises(ModelError, match="shape differs"):
        load_weights(network, weights, "test")
    assert all(torch.equal(value, before[name]) for name, value in unique_weights(network).items())


def test_contradictory_second_names_are_refused():
    weights = dict(enc().state_dict())
    weights["decoder.encoder.stem.0.conv1.bias"] = weights["encoder.stem.0.conv1.bias"] + 1
    with pytest.raises(ModelError, match="contradict themselves"):
        load_weights(enc(), weights, "test")


def test_a_diverged_training_is_refused():
    weights = dict(enc().state_dict())
    weights["decoder.seg_layers.0.bias"] = torch.tensor([0.0, float("nan")])
    with pytest.raises(ModelError, match="NaN or infinity"):
        load_weights(enc(), weights, "test")
