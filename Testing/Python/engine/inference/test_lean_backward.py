"""The leaner backward pass gives torch's own gradients, and does measurably less."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from UMambaXAILogic.engine.inference.lean_backward import LeanBackward
from UMambaXAILogic.engine.model.small_convolutions import use_onednn


class Decoder(nn.Module):
    """A decoder stage: features and a skip joined, two paths over the joined map, InstanceNorm, in-place operations."""

    def __init__(self, dimension: int, change: str = "") -> None:
        super().__init__()
        convolution = {2: nn.Conv2d, 3: nn.Conv3d}[dimension]
        norm = {2: nn.InstanceNorm2d, 3: nn.InstanceNorm3d}[dimension]
        self.change = change
        self.path = convolution(7, 4, 3, padding=1, stride=2)
        self.short = convolution(7, 4, 1, stride=(2,) * dimension)
        self.norm = norm(4, affine=True)
        self.activation = nn.LeakyReLU(inplace=True)

    def forward(self, features, skip):
        features = features * 1
        joined = torch.cat((features, skip), 1)
        if self.change == "joined":
            joined.mul_(2)
        if self.change == "features":
            features.mul_(2)
        y = self.norm(self.path(joined))
        y += self.short(joined)
        return self.activation(y)


def gradients(network, features, skip, *, lean):
    features = features.clone().requires_grad_(True)
    if lean:
        with LeanBackward():
            result = network(features * 1, skip)
    else:
        result = network(features * 1, skip)
    (found,) = torch.autograd.grad(result[:, 1].square().sum(), features)
    return result.detach(), found


def a_case(dimension, batch=1):
    torch.manual_seed(0)
    return torch.randn(batch, 3, *[6] * dimension).double(), torch.randn(batch, 4, *[6] * dimension).double()


@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("change", ["", "joined", "features"])
def test_values_and_gradients_are_torchs(dimension, batch, change):
    network = Decoder(dimension, change).double().requires_grad_(False)
    case = a_case(dimension, batch)
    plain, expected = gradients(network, *case, lean=False)
    lean, found = gradients(network, *case, lean=True)
    assert torch.equal(plain, lean)
    assert torch.allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("groups, padding", [(7, 0), (1, "same")])
def test_convolutions_of_other_kinds_are_left_alone(groups, padding):
    features, skip = a_case(3)
    weight = torch.randn(7, 7 // groups, 3, 3, 3).double()

    def network(a, b):
        return F.conv3d(torch.cat((a, b), 1), weight, padding=padding, groups=groups)

    assert torch.allclose(
        gradients(network, features, skip, lean=True)[1], gradients(network, features, skip, lean=False)[1]
    )


def test_a_skip_with_a_gradient_keeps_it():
    network = Decoder(3).double().requires_grad_(False)
    features, skip = (part.requires_grad_(True) for part in a_case(3))
    expected = torch.autograd.grad(network(features, skip).sum(), [features, skip])
    with LeanBackward():
        result = network(features * 1, skip)
    found = torch.autograd.grad(result.sum(), [features, skip])
    assert all(torch.allclose(a, b) for a, b in zip(found, expected, strict=True))


def test_parameters_that_learn_keep_their_gradient():
    network = Decoder(3).double()
    features, skip = a_case(3)
    features.requires_grad_(True)
    expected = torch.autograd.grad(network(features, skip).sum(), list(network.parameters()))
    with LeanBackward():
        result = network(features * 1, skip)
    found = torch.autograd.grad(result.sum(), list(network.parameters()))
    assert all(torch.allclose(a, b) for a, b in zip(found, expected, strict=True))


def test_the_gradient_of_a_skip_that_wants_none_is_not_computed():
    network = Decoder(3).double().requires_grad_(False)
    features, skip = a_case(3)
    counts = {}
    for lean in (False, True):
        with FlopCounterMode(display=False) as counter:
            gradients(network, features, skip, lean=lean)
        counts[lean] = counter.get_total_flops()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(features * 1, skip)
        counts[lean] -= counter.get_total_flops()
    # 3 of 7 channels lead on.
    assert counts[True] * 7 == counts[False] * 3


class InputGradients(TorchDispatchMode):
    """Channels of every convolution's gradient, by whichever library."""

    def __init__(self) -> None:
        super().__init__()
        self.channels: list[int] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        if func.name() == "aten::convolution_backward":
            self.channels.append(result[0].shape[1])
        if func.name() == "mkldnn::_convolution_transpose_pointwise":
            self.channels.append(result.shape[1])
        return result


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="skipped: torch without oneDNN")
@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("change", ["", "joined", "features"])
def test_convolutions_of_small_maps_leave_the_skips_gradient_out_too(dimension, change):
    exact = Decoder(dimension, change).double().requires_grad_(False)
    features, skip = a_case(dimension)
    expected = gradients(exact, features, skip, lean=False)[1]
    network = use_onednn(Decoder(dimension, change).requires_grad_(False))
    network.load_state_dict(exact.state_dict())
    plain, _ = gradients(network, features.float(), skip.float(), lean=False)
    with InputGradients() as seen:
        lean, found = gradients(network, features.float(), skip.float(), lean=True)
    assert torch.equal(plain, lean)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)
    assert seen.channels == [3 if not change else 7] * 2


def test_nothing_is_recorded_without_gradients():
    features, skip = a_case(3)
    with torch.no_grad(), LeanBackward():
        joined = torch.cat((features.requires_grad_(True), skip), 1)
    assert not vars(joined)
