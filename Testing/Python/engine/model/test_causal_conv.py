"""The compiled convolution agrees with a sum written down in numpy, and its gradients with finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.model import causal_conv
from UMambaXAILogic.engine.model.causal_conv import causal_conv1d


@pytest.fixture(params=["compiled", "torch"])
def way(request, monkeypatch) -> str:
    """With numba and without."""
    if request.param == "torch":
        monkeypatch.setattr(causal_conv, "backend_obstacle", lambda name: "not installed")
    return request.param


def by_hand(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, silu: bool) -> np.ndarray:
    y = np.zeros(x.shape)
    width = weight.shape[1]
    for step in range(x.shape[2]):
        for k in range(width):
            source = step - width + 1 + k
            if source >= 0:
                y[:, :, step] += weight[:, k] * x[:, :, source]
    y += 0 if bias is None else bias[:, None]
    return y / (1 + np.exp(-y)) if silu else y


def arguments(batch=2, channels=3, length=50, width=4, dtype=torch.float64, bias=True):
    random = torch.Generator().manual_seed(length)
    x = torch.randn(batch, channels, length, generator=random, dtype=torch.float64).to(dtype)
    weight = torch.randn(channels, width, generator=random, dtype=torch.float64).to(dtype)
    return x, weight, torch.randn(channels, generator=random, dtype=torch.float64).to(dtype) if bias else None


@pytest.mark.parametrize("length", [1, 3, 16, 512, 513, 1200])
@pytest.mark.parametrize("width", [1, 4, 17])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ["silu", None])
def test_output(way, length, width, bias, activation):
    x, weight, shift = arguments(length=length, width=width, bias=bias)
    expected = by_hand(x.numpy(), weight.numpy(), None if shift is None else shift.numpy(), activation == "silu")
    assert np.allclose(causal_conv1d(x, weight, shift, activation), expected, rtol=1e-12, atol=1e-12)
    if way == "compiled":
        single = causal_conv1d(x.float(), weight.float(), None if shift is None else shift.float(), activation)
        assert np.abs(single.numpy() - expected).max() < 1e-6 * np.abs(expected).max()


@pytest.mark.parametrize("length", [1, 5, 18])
@pytest.mark.parametrize("activation", ["silu", None])
def test_finite_differences(way, length, activation):
    values = [value.requires_grad_() for value in arguments(length=length)]
    assert gradcheck(lambda *tensors: causal_conv1d(*tensors, activation), values)
    assert gradcheck(lambda x, weight: causal_conv1d(x, weight, None, activation), values[:2])


@pytest.mark.parametrize("length", [511, 513, 1500])
def test_gradients_across_tiles(length, monkeypatch):
    values = [value.requires_grad_() for value in arguments(length=length)]
    weights = torch.randn(2, 3, length, dtype=torch.float64)
    compiled = torch.autograd.grad((causal_conv1d(*values) * weights).sum(), values)
    monkeypatch.setattr(causal_conv, "backend_obstacle", lambda name: "not installed")
    for gradient, expected in zip(
        compiled, torch.autograd.grad((causal_conv1d(*values) * weights).sum(), values), strict=True
    ):
        assert torch.allclose(gradient, expected, rtol=1e-10, atol=1e-12)


def test_the_number_of_threads_changes_no_bit(monkeypatch):
    monkeypatch.setattr(causal_conv, "_TASK_VALUES", 100)
    before = torch.get_num_threads()
    results = []
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            values = [value.requires_grad_() for value in arguments(length=700, channels=9, dtype=torch.float32)]
            output = causal_conv1d(*values)
            results.append([output, *torch.autograd.grad(output.sum(), values)])
    finally:
        torch.set_num_threads(before)
    assert all(torch.equal(a, b) for a, b in zip(*results, strict=True))


def test_half_of_a_wider_tensor_needs_no_copy_and_gives_the_same():
    x, weight, bias = arguments(length=80, dtype=torch.float32)
    wide = torch.cat([x, torch.full_like(x, torch.nan)], dim=1)
    assert torch.equal(causal_conv1d(wide.chunk(2, dim=1)[0], weight, bias), causal_conv1d(x, weight, bias))


def test_strided_input_gives_the_same():
    x, weight, bias = arguments(length=80, dtype=torch.float32)
    turned = x.transpose(1, 2).contiguous().transpose(1, 2)
    assert torch.equal(causal_conv1d(turned, weight, bias), causal_conv1d(x, weight, bias))


def test_bfloat16_is_computed_in_float32_and_rounded_once():
    narrow = [value.bfloat16().requires_grad_() for value in arguments(length=1100)]
    wide = [value.detach().float().requires_grad_() for value in narrow]
    output, expected = causal_conv1d(*narrow), causal_conv1d(*wide)
    assert output.dtype == torch.bfloat16
    assert torch.equal(output, expected.bfloat16())
    ones = torch.ones_like(expected)
    gradients = torch.autograd.grad(output, narrow, ones.bfloat16())
    for gradient, wanted in zip(gradients, torch.autograd.grad(expected, wide, ones), strict=True):
        assert torch.equal(gradient, wanted.bfloat16())


def test_float16_is_computed_by_torch():
    x, weight, bias = (value.half() for value in arguments())
    assert causal_conv1d(x, weight, bias).dtype == torch.float16


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": torch.zeros(3, 50)}, r"\(3, 50\)"),
        ({"x": torch.zeros(2, 3, 0)}, r"\(2, 3, 0\)"),
        ({"weight": torch.zeros(2, 4)}, r"\(2, 4\)"),
        ({"bias": torch.zeros(4)}, r"bias.*\(4,\)"),
        ({"activation": "relu"}, "'relu'"),
    ],
)
def test_what_does_not_fit_is_named(change, message):
    x, weight, bias = arguments()
    with pytest.raises(UsageError, match=message):
        causal_conv1d(**({"x": x, "weight": weight, "bias": bias} | change))
