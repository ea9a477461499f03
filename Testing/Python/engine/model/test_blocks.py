"""InstanceNorm of the networks: torch's numbers, only more accurate on small maps."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from UMambaXAILogic.engine.model.blocks import InstanceNorm


@pytest.mark.parametrize("space", [(2, 2, 2), (9, 7, 5), (20, 20, 20), (3, 3), (70, 70)])
def test_equals_torchs_instance_norm(space):
    torch.manual_seed(0)
    ours = InstanceNorm(5)
    theirs = (nn.InstanceNorm2d if len(space) == 2 else nn.InstanceNorm3d)(5, eps=1e-5, affine=True)
    with torch.no_grad():
        ours.weight.normal_()
        ours.bias.normal_()
    theirs.load_state_dict(ours.state_dict())
    maps = torch.randn(2, 5, *space) + 3
    found, expected = ours(maps), theirs.double()(maps.double())
    assert found.dtype == torch.float32
    assert (found - expected).abs().max() < 1e-5


def test_small_maps_are_rounded_once():
    torch.manual_seed(0)
    norm = InstanceNorm(64)
    maps = torch.randn(1, 64, 2, 2, 2) * 1e-3 + 1
    exact = norm.double()(maps.double())
    found = norm.float()(maps)
    assert torch.equal(found, exact.float())


def test_a_map_without_a_batch_is_refused():
    with pytest.raises(ValueError, match="batch"):
        InstanceNorm(3)(torch.zeros(3, 4, 4))
