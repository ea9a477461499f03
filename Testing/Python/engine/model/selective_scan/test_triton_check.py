"""Before the Triton kernels are used, a small scan shows whether they work on this GPU."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
import torch

from UMambaXAILogic.engine.model.selective_scan import load_backend, triton_check

CPU = torch.device("cpu")


def test_backends_that_agree_differ_by_rounding():
    assert triton_check.largest_difference(load_backend("numba").scan, CPU) < triton_check.TOLERANCE / 10


@pytest.mark.parametrize("factor", [1.001, torch.nan])
def test_a_wrong_result_shows(factor):
    def scan(arguments, return_last_state):
        output, last_state = load_backend("numba").scan(arguments, return_last_state)
        return output * factor, last_state

    assert not triton_check.largest_difference(scan, CPU) < triton_check.TOLERANCE


def test_the_comparison_is_made_in_inference_mode_too():
    with torch.inference_mode():
        assert triton_check.largest_difference(load_backend("numba").scan, CPU) < triton_check.TOLERANCE


@pytest.fixture
def pretended_gpu(monkeypatch):
    """Computes the comparison on the CPU, with ``scan`` for Triton's kernels."""

    def install(scan) -> None:
        module = ModuleType("triton_gpu")
        module.scan = scan
        package = sys.modules[triton_check.__package__]
        monkeypatch.setitem(sys.modules, f"{triton_check.__package__}.triton_gpu", module)
        monkeypatch.setattr(package, "triton_gpu", module, raising=False)
        monkeypatch.setattr(triton_check.importlib.util, "find_spec", lambda name: name)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
        difference = triton_check.largest_difference
        monkeypatch.setattr(triton_check, "largest_difference", lambda scan, device: difference(scan, CPU))

    return install


def test_nothing_keeps_kernels_that_work(pretended_gpu):
    pretended_gpu(load_backend("numba").scan)
    assert triton_check.obstacle() is None


def test_what_fails_is_told_in_words(pretended_gpu):
    def scan(arguments, return_last_state):
        raise RuntimeError("Failed to find C compiler.\nPlease specify one")

    pretended_gpu(scan)
    assert triton_check.obstacle() == "its kernels do not run here (Failed to find C compiler.)"


def test_wrong_results_are_told_in_words(pretended_gpu):
    pretended_gpu(lambda arguments, wants: tuple(2 * x for x in load_backend("numba").scan(arguments, wants)))
    assert "differ from those of torch-chunked" in triton_check.obstacle()


def test_a_missing_package_is_told_in_words(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(triton_check.importlib.util, "find_spec", lambda name: None)
    assert triton_check.obstacle() == "the package triton is not installed"
