"""Convolutions of small maps: the values and gradients of torch's own, by another way."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from UMambaXAILogic.engine.model.small_convolutions import SmallMapConv2d, SmallMapConv3d, use_onednn

KINDS = {2: (nn.Conv2d, SmallMapConv2d), 3: (nn.Conv3d, SmallMapConv3d)}

pytestmark = pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="skipped: torch without oneDNN")


def frozen(kind: type[nn.Module], *arguments, **options) -> nn.Module:
    torch.manual_seed(0)
    return kind(*arguments, **options).requires_grad_(False)


@st.composite
def cases(draw) -> tuple[nn.Module, torch.Tensor]:
    axes = draw(st.sampled_from([2, 3]))

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(axes))

    width, stride, padding = each(1, 3), each(1, 2), each(0, 1)
    shape = [draw(st.integers(low, 9)) for low in (max(3, w) for w in width)]
    channels = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    module = frozen(KINDS[axes][0], *channels, width, stride, padding, bias=draw(st.booleans()))
    return module, torch.randn(1, channels[0], *shape)


@given(cases())
@settings(max_examples=60, deadline=None)
def test_values_and_gradients_are_those_in_double_precision(case):
    module, patch = case
    reference = type(module)(
        module.in_channels,
        module.out_channels,
        module.kernel_size,
        module.stride,
        module.padding,
        bias=module.bias is not None,
    ).double()
    reference.load_state_dict(module.state_dict())
    exact = patch.double().requires_grad_(True)
    expected = reference(exact)
    upstream = torch.randn(expected.shape)
    (expected * upstream).sum().backward()

    use_onednn(module)
    seen = patch.clone().requires_grad_(True)
    found = module(seen)
    found.backward(upstream)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(seen.grad.double(), exact.grad, rtol=1e-5, atol=1e-5)
    with torch.inference_mode():
        assert torch.equal(module(patch), found)


def calls(action) -> set[str]:
    """Names of the operations of torch that an action runs."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        action()
    return {event.key for event in profile.key_averages()}


@pytest.mark.parametrize("axes", [2, 3])
def test_the_slow_way_is_left(axes: int):
    module = frozen(KINDS[axes][0], 4, 4, 3, padding=1)
    patch = torch.randn(1, 4, *[8] * axes, requires_grad=True)

    def both_ways():
        module(patch).sum().backward()

    assert any("slow_conv" in name for name in calls(both_ways))  # else torch has changed, and this is not needed
    use_onednn(module)
    assert type(module) is KINDS[axes][1]
    assert not any("slow_conv" in name for name in calls(both_ways))


def test_what_it_cannot_take_over_is_convolved_as_ever():
    small = torch.randn(1, 4, 8, 8, 8)
    double = use_onednn(frozen(nn.Conv3d, 4, 4, 3).double())
    assert double(small.double()).dtype == torch.float64
    trained = use_onednn(nn.Conv3d(4, 4, 3))
    trained(small).sum().backward()
    assert trained.weight.grad is not None
    grouped = use_onednn(frozen(nn.Conv3d, 4, 4, 3, groups=2))
    assert type(grouped) is nn.Conv3d
    assert use_onednn(frozen(nn.Conv3d, 4, 4, 3, padding="same")).padding == "same"
    with torch.autocast("cpu", torch.bfloat16):
        assert use_onednn(frozen(nn.Conv3d, 4, 4, 3))(small).dtype == torch.bfloat16


def test_a_network_keeps_its_parameters_and_hooks():
    network = nn.Sequential(nn.Conv3d(1, 4, 3), nn.LeakyReLU(), nn.Conv3d(4, 1, 1)).requires_grad_(False)
    before = list(network.parameters())
    seen = []
    network[0].register_forward_hook(lambda *_: seen.append(True))
    assert use_onednn(network) is network
    network(torch.randn(1, 1, 8, 8, 8))
    assert seen == [True]
    assert all(after is parameter for after, parameter in zip(network.parameters(), before, strict=True))
