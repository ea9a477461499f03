"""The shape of a U-Net as plans give it and as U-Mamba changes it."""

from __future__ import annotations

import pytest

from UMambaXAILogic.engine.errors import ModelError
from UMambaXAILogic.engine.model.topology import Topology


def arch_kwargs(n_stages: int = 3, **replaced) -> dict:
    return {
        "n_stages": n_stages,
        "features_per_stage": [min(32 * 2**i, 320) for i in range(n_stages)],
        "kernel_sizes": [[3, 3, 3]] * n_stages,
        "strides": [[1, 1, 1]] + [[2, 2, 2]] * (n_stages - 1),
        "n_conv_per_stage": [2] * n_stages,
        "n_conv_per_stage_decoder": [2] * (n_stages - 1),
    } | replaced


@pytest.mark.parametrize(
    ("n_stages", "encoder", "decoder"),
    [
        (4, (2, 2, 1, 1), (2, 2, 1)),
        (5, (2, 2, 2, 1, 1), (2, 2, 2, 1)),
        (6, (2, 2, 2, 1, 1, 1), (2, 2, 2, 1, 1)),
    ],
)
def test_umamba_reduces_the_planned_blocks(n_stages, encoder, decoder):
    topology = Topology.from_architecture(arch_kwargs(n_stages), (64, 64, 64))
    assert topology.umamba_encoder_blocks == encoder
    assert topology.umamba_decoder_blocks == decoder


def test_channel_tokens_where_a_map_has_no_more_voxels_than_channels():
    topology = Topology.from_architecture(arch_kwargs(6), (32, 128, 128))
    assert topology.map_sizes[-1] == (1, 4, 4)
    assert [topology.is_channel_token(stage) for stage in range(6)] == [False] * 4 + [True, True]


def test_equality_counts_as_no_more():
    topology = Topology.from_architecture(arch_kwargs(3, features_per_stage=[32, 64, 64]), (16, 16, 16))
    assert topology.map_sizes[2] == (4, 4, 4)
    assert topology.is_channel_token(2)


def test_single_numbers_stand_for_every_stage_and_axis():
    kwargs = arch_kwargs(3, kernel_sizes=3, n_conv_per_stage=2, n_conv_per_stage_decoder=1, strides=[1, 2, [2, 1, 2]])
    topology = Topology.from_architecture(kwargs, (8, 8, 8))
    assert topology.kernel_sizes == ((3, 3, 3),) * 3
    assert topology.strides == ((1, 1, 1), (2, 2, 2), (2, 1, 2))
    assert topology.decoder_blocks == (1, 1)


def test_residual_plans_name_their_blocks_otherwise():
    kwargs = arch_kwargs(3, n_blocks_per_stage=[1, 3, 4])
    del kwargs["n_conv_per_stage"]
    assert Topology.from_architecture(kwargs, (8, 8, 8)).encoder_blocks == (1, 3, 4)


@pytest.mark.parametrize(
    ("replaced", "patch", "message"),
    [
        ({"n_stages": 4}, (8, 8, 8), "3 feature counts for a U-Net of 4"),
        ({"features_per_stage": [4]}, (8, 8, 8), "U-Net of 1 stage"),
        ({"strides": [[1, 1, 1]]}, (8, 8, 8), "1 strides"),
        ({"n_conv_per_stage_decoder": [2]}, (8, 8, 8), "decoder block counts"),
        ({"kernel_sizes": [[3, 3]] * 3}, (8, 8, 8), r"kernel size \[3, 3\]"),
        ({}, (8, 8, 10), "not a multiple of 4"),
        ({}, (8,), "neither 2-D nor 3-D"),
        ({"features_per_stage": [0, 4, 8]}, (8, 8, 8), "size below 1"),
        ({"features_per_stage": "many"}, (8, 8, 8), "cannot be read"),
    ],
)
def test_plans_that_contradict_themselves_are_refused(replaced, patch, message):
    with pytest.raises(ModelError, match=message):
        Topology.from_architecture(arch_kwargs() | replaced, patch)


def test_a_missing_entry_is_named():
    kwargs = arch_kwargs(3)
    del kwargs["strides"]
    with pytest.raises(ModelError, match="no entry 'strides'"):
        Topology.from_architecture(kwargs, (8, 8, 8))
