"""The backend is chosen openly: one place decides, says why, and never swaps what was asked for."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest
import torch

from UMambaXAILogic.engine.errors import NotInstalledError, UsageError
from UMambaXAILogic.engine.model.selective_scan import (
    ScanArguments,
    available_backends,
    choice,
    choose_backend,
    selective_scan,
)


@pytest.fixture
def without(monkeypatch):
    """Pretend that backends lack something."""

    def remove(**obstacles: str) -> None:
        monkeypatch.setattr(choice, "_obstacle", lambda name: obstacles.get(name.replace("-", "_")))
        choice._choose.cache_clear()

    yield remove
    choice._choose.cache_clear()


def test_this_machine_has_the_backends_that_need_no_gpu():
    obstacles = available_backends()
    assert list(obstacles) == ["numba", "triton", "mamba-ssm", "torch-chunked", "reference"]
    assert obstacles["numba"] is obstacles["torch-chunked"] is obstacles["reference"] is None


def test_the_cpu_gets_the_fused_kernels():
    assert choose_backend("cpu").name == "numba"
    assert choose_backend(torch.device("cpu")).reason


def test_without_numba_the_cpu_gets_torch_and_is_told_why(without):
    without(numba="the package numba is not installed")
    chosen = choose_backend("cpu")
    assert chosen.name == "torch-chunked"
    assert "numba is not installed" in chosen.reason and "pip install numba" in chosen.reason


def test_cuda_gets_triton_where_its_kernels_work(without):
    without()
    assert choose_backend("cuda:1").name == "triton"


def test_cuda_without_triton_gets_mamba_ssm_and_is_told_why(without):
    without(triton="the package triton is not installed")
    chosen = choose_backend("cuda")
    assert chosen.name == "mamba-ssm" and "triton is not installed" in chosen.reason


def test_cuda_without_either_gets_torch_on_the_gpu_and_is_told_why(without):
    without(triton="its kernels do not run here (no C compiler)", mamba_ssm="No module named mamba_ssm")
    chosen = choose_backend("cuda")
    assert chosen.name == "torch-chunked"
    assert "no C compiler" in chosen.reason and "mamba_ssm" in chosen.reason


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="needs triton")
def test_a_scan_that_the_fused_kernels_do_not_compute_falls_to_torch_and_says_why(without, make):
    without()
    fits = ScanArguments(**make())
    assert choose_backend("cuda", "auto", fits).name == "triton"
    chosen = choose_backend("cuda", "auto", ScanArguments(**make(channels=1, states=257)))
    assert chosen.name == "torch-chunked"
    assert "Triton kernels compute at most 256" in chosen.reason and "mamba-ssm computes at most 256" in chosen.reason


def test_mamba_ssm_is_passed_over_where_it_does_not_compute_the_dtype(without, make):
    without(triton="the package triton is not installed")
    chosen = choose_backend("cuda", "auto", ScanArguments(**make(dtype=torch.float64)))
    assert chosen.name == "torch-chunked" and "float64" in chosen.reason


def test_other_devices_get_torch():
    assert choose_backend("mps").name == "torch-chunked"


def test_the_reference_is_never_chosen_by_itself(without):
    without(numba="gone", triton="gone", mamba_ssm="gone")
    assert {choose_backend(device).name for device in ("cpu", "cuda", "mps", "xpu")} == {"torch-chunked"}


@pytest.mark.parametrize("name", ["numba", "triton", "mamba-ssm", "torch-chunked", "reference"])
def test_what_is_asked_for_is_used(without, name):
    without()
    assert choose_backend("cuda" if name in ("triton", "mamba-ssm") else "cpu", name).name == name


@pytest.mark.parametrize(
    ("device", "name", "reason"),
    [
        ("cuda", "numba", "CPU only.*cuda"),
        ("cpu", "triton", "CUDA devices only.*cpu"),
        ("cpu", "mamba-ssm", "CUDA devices only.*cpu"),
    ],
)
def test_a_backend_for_another_device_is_refused(without, device, name, reason):
    without()
    with pytest.raises(NotInstalledError, match=reason) as caught:
        choose_backend(device, name)
    assert caught.value.remedy


def test_a_missing_backend_is_refused_with_the_remedy(without, make):
    without(numba="the package numba is not installed")
    with pytest.raises(NotInstalledError, match="numba is not installed") as caught:
        selective_scan(**make(), backend="numba")
    assert "pip install numba" in caught.value.remedy


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize("name", ["triton", "mamba-ssm"])
def test_gpu_kernels_are_refused_on_a_machine_without_cuda(name, make):
    with pytest.raises(NotInstalledError, match="no CUDA device"):
        selective_scan(**make(), backend=name)


def test_an_unknown_backend_is_refused_with_the_names(make):
    with pytest.raises(UsageError, match="'fastest'.*numba, triton, mamba-ssm, torch-chunked, reference"):
        selective_scan(**make(), backend="fastest")


def run(code: str, **environment: str) -> str:
    import os

    completed = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, timeout=120
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout.strip()


def test_importing_the_package_does_not_load_the_compilers():
    code = "import sys, UMambaXAILogic.engine.model.selective_scan; print({'numba', 'triton'} & set(sys.modules))"
    assert run(code) == "set()"


def test_switched_off_compilation_is_noticed():
    code = (
        "from UMambaXAILogic.engine.model.selective_scan import choose_backend as c; x = c('cpu'); "
        "print(x.name, x.reason)"
    )
    answer = run(code, NUMBA_DISABLE_JIT="1")
    assert answer.startswith("torch-chunked") and "NUMBA_DISABLE_JIT" in answer
