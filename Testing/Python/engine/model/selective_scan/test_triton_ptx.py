"""What Triton compiles for GPUs computes the definition and its gradients, run by the GPU of ptx_machine.py."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch

from UMambaXAILogic.engine.model.selective_scan import ScanArguments, selective_scan

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None or sys.platform != "linux",
    reason="needs triton, which this platform's package index lacks",
)


Scan = Callable[..., tuple[torch.Tensor, torch.Tensor]]


def memory_from(tensor: torch.Tensor) -> torch.Tensor:
    """All that lies in memory from the tensor's first value on, without a copy: strides reach beyond a slice."""
    count = tensor.untyped_storage().size() // tensor.element_size() - tensor.storage_offset()
    return torch.as_strided(tensor.detach(), (count,), (1,))


@pytest.fixture
def scan_on(sibling, monkeypatch) -> Callable[..., Scan]:
    """The Triton backend, with every launch compiled for a compute capability and run without a GPU."""
    from UMambaXAILogic.engine.model.selective_scan import triton_gpu

    compiler, machine = sibling("triton_compiler"), sibling("ptx_machine")
    kernels = {name: getattr(triton_gpu, name) for name in compiler.KERNELS}

    def install(capability: int, change: Callable[[str], str] = str) -> Scan:
        def run(launch: Any, grid: tuple[int, ...]) -> None:
            kernel, values, options = launch
            compiled = compiler.compile_for(launch, capability)
            passed = [
                memory_from(value).numpy() if isinstance(value, torch.Tensor) else value
                for parameter, value in zip(kernel.params, values, strict=False)
                if not compiler.is_constant(parameter, value)
            ]
            machine.launch(change(compiled.asm["ptx"]), grid[0], compiled.metadata.shared, passed)

        for name, kernel in kernels.items():
            monkeypatch.setattr(triton_gpu, name, compiler.StandIn(kernel, run))
        return lambda **arguments: triton_gpu.scan(ScanArguments(**arguments), True)

    return install


def results(arguments: dict[str, Any], scan: Scan) -> dict[str, torch.Tensor]:
    """Output, last state, and the gradients of their squares."""
    leaves = {
        name: value.detach().clone().requires_grad_()
        for name, value in arguments.items()
        if isinstance(value, torch.Tensor)
    }
    output, last = scan(**(arguments | leaves))
    gradients = torch.autograd.grad(output.square().sum() + last.square().sum(), list(leaves.values()))
    return dict(zip(["output", "last state", *leaves], [output, last, *gradients], strict=True))


@pytest.mark.parametrize(
    ("capability", "case", "programs"),
    [
        (75, {"channels": 2, "length": 304, "options": "bs"}, 1),
        (80, {"channels": 3, "length": 304}, 1),
        (90, {"channels": 3, "length": 304}, 1),
        (90, {"channels": 4, "length": 131, "kinds": "gv", "options": "s"}, 100),
        (86, {"channels": 4, "length": 70, "states": 5, "kinds": "cg", "options": "z"}, 2),
        (80, {"channels": 2, "length": 100, "states": 33, "kinds": "vc", "options": "D"}, 2),
        (80, {"channels": 1, "length": 600, "states": 2}, 2),
    ],
    ids=str,
)
def test_compiled_kernels_agree_with_the_reference(
    capability, case, programs, scan_on, make, relative_error, monkeypatch
):
    from UMambaXAILogic.engine.model.selective_scan import triton_gpu

    monkeypatch.setattr(triton_gpu, "PROGRAMS", programs)
    arguments = make(**case)
    wide = {name: value.double() if isinstance(value, torch.Tensor) else value for name, value in arguments.items()}

    def reference(**given: Any) -> tuple[torch.Tensor, torch.Tensor]:
        output, last_state = selective_scan(**given, return_last_state=True, backend="torch-chunked")
        return output, last_state

    expected = results(wide, reference)
    for name, value in results(arguments, scan_on(capability)).items():
        assert relative_error(value, expected[name]) < 1e-5, name


def test_a_missing_barrier_shows(scan_on, make, relative_error):
    arguments = make(channels=1, length=128)
    expected = selective_scan(**arguments, backend="reference")
    assert relative_error(scan_on(80)(**arguments)[0], expected) < 1e-5
    unordered, _ = scan_on(80, lambda ptx: re.sub(r"bar\.sync[^;]*;", "", ptx))(**arguments)
    assert not relative_error(unordered, expected) < 1e-5


def test_carrying_crosses_its_span(scan_on, make, relative_error, monkeypatch):
    """More tiles than the 16 that are carried at a time."""
    from UMambaXAILogic.engine.model.selective_scan import triton_gpu

    monkeypatch.setattr(triton_gpu, "SPAN_VALUES", 256)
    monkeypatch.setattr(triton_gpu, "TILE_VALUES", 256)
    arguments = make(channels=1, length=16 * 35)
    output, last_state = scan_on(80)(**arguments)
    expected, expected_state = selective_scan(**arguments, return_last_state=True, backend="reference")
    assert relative_error(output, expected) < 1e-5 and relative_error(last_state, expected_state) < 1e-5
