"""What mamba-ssm's kernels are given. A stand-in with their rules takes their place, since they need a GPU."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest
import torch

from UMambaXAILogic.engine.errors import UsageError
from UMambaXAILogic.engine.model.selective_scan import ScanArguments, mamba_ssm, selective_scan


@pytest.fixture
def calls(monkeypatch) -> list[dict[str, Any]]:
    """Installs a stand-in for ``selective_scan_fn`` that checks dtypes as the kernels do, and records its calls."""
    recorded: list[dict[str, Any]] = []

    def selective_scan_fn(
        u, delta, A, B, C, D=None, z=None, delta_bias=None, delta_softplus=False, return_last_state=False
    ):
        assert u.dtype in (torch.float16, torch.bfloat16, torch.float32)
        assert delta.dtype == u.dtype and (z is None or z.dtype == u.dtype)
        assert A.dtype == torch.float32
        for parameter in (D, delta_bias):
            assert parameter is None or parameter.dtype == torch.float32
        for projection in (B, C):
            assert projection.dtype == (torch.float32 if projection.dim() == 2 else u.dtype)
        recorded.append(locals())
        return selective_scan(u, delta, A, B, C, D, z, delta_bias, delta_softplus, return_last_state, backend="numba")

    interface = ModuleType("mamba_ssm.ops.selective_scan_interface")
    interface.selective_scan_fn = selective_scan_fn
    for name, module in {
        "mamba_ssm": ModuleType("mamba_ssm"),
        "mamba_ssm.ops": ModuleType("mamba_ssm.ops"),
        interface.__name__: interface,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)
    return recorded


@pytest.mark.parametrize("options", ["", "Dz", "bs", "Dzbs"])
@pytest.mark.parametrize("kinds", ["vv", "gc"])
def test_every_argument_arrives_in_its_place(calls, make, options, kinds):
    arguments = make(kinds=kinds, options=options)
    output, last = mamba_ssm.scan(ScanArguments(**arguments), True)
    expected, expected_last = selective_scan(**arguments, return_last_state=True, backend="numba")
    assert torch.equal(output, expected) and torch.equal(last, expected_last)


def test_the_last_state_is_made_only_where_asked(calls, make):
    output, last = mamba_ssm.scan(ScanArguments(**make()), False)
    assert last is None and output.shape == (1, 4, 20)
    assert calls[0]["return_last_state"] is False


def test_mixed_dtypes_are_brought_to_what_the_kernels_take(calls, make):
    arguments = make(kinds="vc")
    arguments["u"] = arguments["u"].half()
    arguments["D"] = arguments["D"].half()
    output, _ = mamba_ssm.scan(ScanArguments(**arguments), False)
    assert output.dtype == torch.float16


def test_what_the_kernels_do_not_compute_is_refused(calls, make):
    with pytest.raises(UsageError, match="float64"):
        mamba_ssm.scan(ScanArguments(**make(dtype=torch.float64)), False)
    with pytest.raises(UsageError, match="257"):
        mamba_ssm.scan(ScanArguments(**make(states=257, channels=1)), False)
    assert calls == []
