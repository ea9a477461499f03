"""On a CUDA device the results are those of the reference on the CPU."""

from __future__ import annotations

import pytest
import torch

from UMambaXAILogic.engine.model.selective_scan import available_backends, choose_backend, selective_scan

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.mark.parametrize("name", ["torch-chunked", "mamba-ssm"])
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


def test_the_gpu_is_never_left_silently():
    assert choose_backend("cuda").name in ("mamba-ssm", "torch-chunked")
