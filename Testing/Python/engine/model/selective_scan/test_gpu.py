"""On a CUDA device the results are those of the reference on the CPU."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from UMambaXAILogic.engine.model.selective_scan import available_backends, choose_backend, selective_scan

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.mark.parametrize("name", ["torch-chunked", "triton", "mamba-ssm"])
@pytest.mark.parametrize("kinds", ["vv", "gg", "cc"])
def test_output_and_gradients(name, kinds, make, relative_error):
    obstacle = available_backends()[name]
    if obstacle is not None:
        pytest.skip(obstacle)
    arguments = make(batch=2, channels=8, length=500, kinds=kinds)
    results = []
    for device, backend in (("cpu", "reference"), ("cuda", name)):
        leaves = {
            key: value.to(device).requires_grad_()
            for key, value in arguments.items()
            if isinstance(value, torch.Tensor)
        }
        output = selective_scan(**(arguments | leaves), backend=backend)
        assert output.device.type == device
        results.append([output, *torch.autograd.grad(output.square().sum(), list(leaves.values()))])
    for expected, value in zip(*results, strict=True):
        assert relative_error(value.cpu(), expected) < 1e-4


def gradients(arguments: dict[str, Any], backend: str) -> list[torch.Tensor]:
    """Of the squared output on the GPU, after the output itself."""
    leaves = {key: value.cuda().requires_grad_() for key, value in arguments.items() if isinstance(value, torch.Tensor)}
    output = selective_scan(**(arguments | leaves), backend=backend)
    return [output, *torch.autograd.grad(output.square().sum(), list(leaves.values()))]


@pytest.fixture
def triton() -> str:
    obstacle = available_backends()["triton"]
    if obstacle is not None:
        pytest.skip(obstacle)
    return "triton"


@pytest.mark.parametrize(("channels", "length"), [(64, 20_001), (640, 512), (3, 129), (1, 1)])
def test_triton_agrees_with_torch(triton, channels, length, make, relative_error):
    arguments = make(channels=channels, length=length)
    for value, expected in zip(gradients(arguments, triton), gradients(arguments, "torch-chunked"), strict=True):
        assert relative_error(value.cpu(), expected.cpu()) < 1e-4


@pytest.mark.parametrize("length", [300, 20_000])
def test_triton_agrees_with_mamba_ssm(triton, length, make, relative_error):
    obstacle = available_backends()["mamba-ssm"]
    if obstacle is not None:
        pytest.skip(obstacle)
    arguments = make(batch=2, channels=64, length=length)
    for value, expected in zip(gradients(arguments, triton), gradients(arguments, "mamba-ssm"), strict=True):
        assert relative_error(value.cpu(), expected.cpu()) < 1e-4


def test_triton_gives_the_same_bits_in_every_run(triton, make):
    arguments = make(batch=2, channels=32, length=5000)
    first, *others = (gradients(arguments, triton) for _ in range(5))
    for other in others:
        assert all(torch.equal(a, b) for a, b in zip(first, other, strict=True))


def test_triton_computes_where_offsets_exceed_32_bits(triton, relative_error):
    """The last of 1100 channels begins beyond 2^31 values."""
    if torch.cuda.mem_get_info()[0] < 40 * 2**30:
        pytest.skip("needs 40 GiB of free GPU memory")
    channels, length = 1100, 2_000_000
    u = torch.randn(1, channels, length, device="cuda")
    delta = torch.rand_like(u).mul_(0.1)
    A = -torch.rand(channels, 1, device="cuda") - 0.1
    B = torch.randn(1, 1, length, device="cuda")
    output = selective_scan(u, delta, A, B, B, backend=triton)
    last = slice(channels - 1, channels)
    expected = selective_scan(u[:, last], delta[:, last], A[last], B, B, backend="torch-chunked")
    assert relative_error(output[:, last].cpu(), expected.cpu()) < 1e-4


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")
def test_triton_computes_on_the_device_of_its_tensors(triton, make, relative_error):
    arguments = make(length=300)
    on_second = {
        key: value.to("cuda:1") if isinstance(value, torch.Tensor) else value for key, value in arguments.items()
    }
    output = selective_scan(**on_second, backend=triton)
    assert output.device == torch.device("cuda:1")
    assert relative_error(output.cpu(), selective_scan(**arguments, backend="reference")) < 1e-4


def test_the_gpu_is_never_left_silently():
    assert choose_backend("cuda").name in ("triton", "mamba-ssm", "torch-chunked")
