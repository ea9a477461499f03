"""Gradients of every argument, against finite differences and against the reference in float64."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.autograd import gradcheck

from UMambaXAILogic.engine.model.selective_scan import selective_scan

NAMES = ("u", "delta", "A", "B", "C", "D", "z", "delta_bias")


def gradients(arguments: dict[str, Any], backend: str, of_last_state: bool = True) -> dict[str, torch.Tensor]:
    """Of a fixed random weighting of the output, and of the last state where asked."""
    leaves = {
        name: value.detach().clone().requires_grad_()
        for name, value in arguments.items()
        if isinstance(value, torch.Tensor)
    }
    output, last = selective_scan(**(arguments | leaves), return_last_state=True, backend=backend)
    random = torch.Generator().manual_seed(7)

    def weights(tensor: torch.Tensor) -> torch.Tensor:
        return torch.randn(tensor.shape, generator=random, dtype=torch.float64).to(tensor.dtype)

    total = (output * weights(output)).sum() + (last * weights(last)).sum() * of_last_state
    return dict(zip(leaves, torch.autograd.grad(total, list(leaves.values())), strict=True))


def in_float64(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value.double() if isinstance(value, torch.Tensor) else value for name, value in arguments.items()}


@pytest.mark.usefixtures("short_chunks")
@pytest.mark.parametrize("kinds", ["vv", "gv", "vc", "cg", "cc"])
@pytest.mark.parametrize("options", ["z", "Dzbs"])
def test_finite_differences(backend, kinds, options, make):
    arguments = make(batch=2, channels=2, length=7, states=3, kinds=kinds, options=options, dtype=torch.float64)
    names = [name for name in NAMES if arguments[name] is not None]
    values = [arguments[name].requires_grad_() for name in names]

    def scan(*tensors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        changed = arguments | dict(zip(names, tensors, strict=True))
        return selective_scan(**changed, return_last_state=True, backend=backend)

    assert gradcheck(scan, values)


@pytest.mark.usefixtures("short_chunks")
@pytest.mark.parametrize("kinds", ["vv", "gg", "gv", "cv", "cc"])
@pytest.mark.parametrize(("channels", "length", "states"), [(18, 300, 16), (14, 515, 16), (2, 129, 33), (16, 1, 1)])
def test_float32_gradients_are_those_of_the_reference_in_float64(
    fast_backend, kinds, channels, length, states, make, relative_error
):
    arguments = make(batch=2, channels=channels, length=length, states=states, kinds=kinds)
    expected = gradients(in_float64(arguments), "reference")
    for name, gradient in gradients(arguments, fast_backend).items():
        assert gradient.dtype == torch.float32
        assert relative_error(gradient, expected[name]) < 1e-5, name


def test_a_long_sequence_crosses_every_internal_boundary(make, relative_error, monkeypatch):
    """Tiles, checkpoints and the spans in which gradients of B and C are collected."""
    from UMambaXAILogic.engine.model.selective_scan import numba_cpu

    monkeypatch.setattr(numba_cpu, "SHARES_BYTES", 1)
    arguments = make(channels=20, length=1111, states=16, kinds="vg")
    expected = gradients(in_float64(arguments), "torch-chunked")
    for name, gradient in gradients(arguments, "numba").items():
        assert relative_error(gradient, expected[name]) < 1e-5, name


@pytest.mark.parametrize("wanted", NAMES)
def test_a_gradient_does_not_depend_on_which_others_are_wanted(fast_backend, wanted, make):
    arguments = make(length=200, batch=2)
    expected = gradients(arguments, fast_backend, of_last_state=False)[wanted]
    leaf = arguments[wanted].detach().requires_grad_()
    output = selective_scan(**(arguments | {wanted: leaf}), backend=fast_backend)
    random = torch.Generator().manual_seed(7)
    weights = torch.randn(output.shape, generator=random, dtype=torch.float64).float()
    (gradient,) = torch.autograd.grad((output * weights).sum(), leaf)
    assert torch.equal(gradient, expected)


def test_gradients_have_the_dtype_of_what_they_belong_to(fast_backend, make):
    arguments = make(length=64)
    for name in ("u", "delta", "B", "C", "z"):
        arguments[name] = arguments[name].bfloat16()
    result = gradients(arguments, fast_backend, of_last_state=False)
    assert {name: gradient.dtype for name, gradient in result.items()} == {
        name: arguments[name].dtype for name in result
    }


def test_bfloat16_gradients_are_those_of_float32_rounded_once(make):
    arguments = make(batch=2, channels=6, length=700)
    rows = ("u", "delta", "B", "C", "z")
    narrow = {
        name: value.bfloat16() if name in rows else value
        for name, value in arguments.items()
        if isinstance(value, torch.Tensor)
    }
    weights = torch.randn(2, 6, 700).bfloat16()
    found = []
    for convert in (torch.Tensor.clone, torch.Tensor.float):
        leaves = {name: convert(value).detach().requires_grad_() for name, value in narrow.items()}
        output = selective_scan(**leaves, delta_softplus=True, backend="numba")
        found.append(torch.autograd.grad(output, list(leaves.values()), weights.to(output.dtype)))
    for name, gradient, expected in zip(narrow, *found, strict=True):
        assert gradient.dtype == narrow[name].dtype
        assert torch.equal(gradient, expected.to(gradient.dtype)), name


def test_no_gradient_is_kept_where_none_is_wanted(fast_backend, make):
    assert selective_scan(**make(), backend=fast_backend).grad_fn is None
    arguments = make()
    arguments["u"].requires_grad_()
    with torch.no_grad():
        assert selective_scan(**arguments, backend=fast_backend).grad_fn is None
