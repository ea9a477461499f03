"""Hooks see what the layer put out, whatever later operations do to the tensor."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from UMambaXAILogic.engine.inference.capture import LayerCapture


class InPlaceNetwork(nn.Module):
    """Every known trap in one: in-place LeakyReLU after a layer, and ``y += x``."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv3d(1, 4, 3, padding=1)
        self.second = nn.Conv3d(4, 4, 3, padding=1)
        self.third = nn.Conv3d(4, 4, 3, padding=1)
        self.head = nn.Conv3d(4, 2, 1)
        self.activation = nn.LeakyReLU(inplace=True)

    def forward(self, x):
        x = self.activation(self.first(x))
        y = self.activation(self.second(x))
        z = self.third(y)
        z += y
        return self.head(self.activation(z))


class OutOfPlaceNetwork(InPlaceNetwork):
    """The same function without in-place operations."""

    def forward(self, x):
        leaky = nn.functional.leaky_relu
        self.seen = {}
        self.seen["first"] = self.first(x)
        x = leaky(self.seen["first"])
        self.seen["second"] = self.second(x)
        y = leaky(self.seen["second"])
        self.seen["third"] = self.third(y)
        return self.head(leaky(self.seen["third"] + y))


@pytest.fixture
def networks():
    torch.manual_seed(0)
    tricky, plain = InPlaceNetwork().double(), OutOfPlaceNetwork().double()
    plain.load_state_dict(tricky.state_dict())
    tricky.requires_grad_(False)
    return tricky, plain


@pytest.mark.parametrize("names", [("first",), ("second",), ("third",), ("first", "second", "third")])
def test_in_place_operations_do_not_change_what_is_seen(networks, names):
    tricky, plain = networks
    patch = torch.randn(1, 1, 6, 6, 6, dtype=torch.float64)
    logits = plain(patch)
    gradients = dict(zip(plain.seen, torch.autograd.grad(logits[:, 1].sum(), list(plain.seen.values())), strict=True))

    seen = {}
    upstream = torch.zeros_like(logits)
    upstream[:, 1] = 1
    with LayerCapture(tricky, [(name, getattr(tricky, name)) for name in names]) as capture:
        for _ in range(2):  # the second window knows already which layers need a copy
            seen.clear()
            found = capture.explain(patch, lambda _: upstream, lambda *args: seen.__setitem__(args[0], args[1:]))
    assert torch.allclose(found, logits)
    assert set(seen) == set(names)
    for name in names:
        activation, gradient = seen[name]
        assert torch.allclose(activation, plain.seen[name])
        assert torch.allclose(gradient, gradients[name])


def test_the_network_stands_for_its_input(networks):
    tricky, plain = networks
    patch = torch.randn(1, 1, 6, 6, 6, dtype=torch.float64, requires_grad=True)
    logits = plain(patch)
    expected, at_second = torch.autograd.grad(logits[:, 1].sum(), [patch, plain.seen["second"]])
    upstream = torch.zeros_like(logits)
    upstream[:, 1] = 1
    seen = {}
    with LayerCapture(tricky, [("input", tricky), ("second", tricky.second)]) as capture:
        capture.explain(patch.detach(), lambda _: upstream, lambda *args: seen.__setitem__(args[0], args[1:]))
    assert torch.equal(seen["input"][0], patch) and torch.allclose(seen["input"][1], expected)
    assert torch.allclose(seen["second"][1], at_second)
    assert not tricky._forward_pre_hooks


def test_parameters_and_layers_before_the_first_wanted_one_get_no_gradient(networks):
    tricky, _ = networks
    before = []
    tricky.first.register_forward_hook(lambda _m, _i, out: before.append(out.requires_grad))
    with LayerCapture(tricky, [("third", tricky.third)]) as capture:
        logits = torch.ones(1, 2, 4, 4, 4, dtype=torch.float64)
        capture.explain(torch.randn(1, 1, 4, 4, 4, dtype=torch.float64), lambda _: logits, lambda *_: None)
    assert before == [False]
    assert all(parameter.grad is None for parameter in tricky.parameters())


def test_hooks_are_gone_afterwards_even_after_an_error(networks):
    tricky, _ = networks
    with (
        pytest.raises(RuntimeError, match="stop"),
        LayerCapture(tricky, [("first", tricky.first), ("second", tricky.second)]) as capture,
    ):

        def upstream(_):
            raise RuntimeError("stop")

        capture.explain(torch.randn(1, 1, 4, 4, 4, dtype=torch.float64), upstream, lambda *_: None)
    assert not tricky.first._forward_hooks and not tricky.second._forward_hooks


def test_a_layer_the_score_does_not_depend_on_is_not_received():
    class TwoHeads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.unused = nn.Conv3d(1, 2, 1), nn.Conv3d(1, 2, 1)

        def forward(self, x):
            self.unused(x)
            return self.used(x)

    network = TwoHeads().requires_grad_(False)
    seen = []
    with LayerCapture(network, [("used", network.used), ("unused", network.unused)]) as capture:
        capture.explain(torch.randn(1, 1, 2, 2, 2), torch.ones_like, lambda alias, *_: seen.append(alias))
    assert seen == ["used"]
