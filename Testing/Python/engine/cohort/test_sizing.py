"""How many processes, on which device, with how much of the machine each."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from UMambaXAILogic.engine.case.plan import plan_methods
from UMambaXAILogic.engine.cohort import sizing
from UMambaXAILogic.engine.cohort.request import CohortRequest
from UMambaXAILogic.engine.cohort.sizing import case_bytes, network_shape, plan_workers
from UMambaXAILogic.engine.memory_plan.method_cost import method_cost
from UMambaXAILogic.engine.model.layers import resolve_layers
from UMambaXAILogic.engine.model.loading import load_model
from UMambaXAILogic.engine.request import Request
from UMambaXAILogic.engine.volume import Geometry

GRID = Geometry((100, 80, 60), (0.4, 0.4, 1.0))
GIB = 2**30


@pytest.fixture(scope="module")
def model(model_folder):
    return load_model(model_folder)


@pytest.fixture
def machine(monkeypatch):
    """``machine(cores, free_gb, gpus)``: what this machine is said to have; its cores run two threads each."""

    def pretend(cores: int, free_gb: float, gpus: int = 0) -> None:
        monkeypatch.setattr("dask.system.cpu_count", lambda: cores)
        monkeypatch.setattr("psutil.cpu_count", lambda logical: max(1, cores // 2))
        monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(available=int(free_gb * GIB)))
        monkeypatch.setattr("torch.cuda.device_count", lambda: gpus)
        kind = "cuda" if gpus else "cpu"
        monkeypatch.setattr(sizing, "resolve_device", lambda name: SimpleNamespace(type=kind))

    return pretend


def plan(model, cases: int = 50, device: str = "auto", memory_limit_gb=None, method="seg-xres-cam", **options):
    template = Request("m.csv", "demo", "out", device=device, memory_limit_gb=memory_limit_gb, method=method)
    return plan_workers(CohortRequest("m.csv", "out", template, **options), model, [GRID] * cases)


def cost(model, method="seg-xres-cam"):
    return method_cost(model, plan_methods(Request("v", "demo", "out", method=method)), resolve_layers(model), "numba")


def need_bytes(model, method="seg-xres-cam") -> int:
    """Of a process and its case."""
    return sizing._process_bytes(model) + case_bytes(model, GRID, cost(model, method), on_gpu=False)


def test_cores_are_shared_out(model, machine):
    machine(16, 1000)
    planned = plan(model)
    assert (planned.workers, planned.threads, planned.gpus[0]) == (8, 2, None) and "core" in planned.reason
    assert planned.memory_limit_gb == pytest.approx(0.9 * 1000 / 8 - sizing._process_bytes(model) / GIB)
    machine(1, 1000)
    assert (plan(model).workers, plan(model).threads) == (1, 1)


def test_memory_limits_how_many(model, machine):
    need_gb = need_bytes(model) / GIB
    machine(16, 3.5 * need_gb / 0.9)
    planned = plan(model)
    assert planned.workers == 3 and planned.threads == 5 and "GB" in planned.reason
    machine(16, 3.0001 * need_gb / 0.9)
    assert plan(model).workers == 3
    assert cost(model, "dea").window.explain > cost(model).window.explain, "gradients at the input need more"
    machine(16, 0.01)  # the case itself says that it does not fit
    assert plan(model).workers == 1 and plan(model).memory_limit_gb > 0


def test_there_are_no_more_processes_than_cases(model, machine):
    machine(16, 1000)
    assert plan(model, cases=3).workers == 3 and plan(model, cases=3).threads == 5
    assert plan(model, cases=3, workers=8).workers == 3


def test_what_is_asked_for_is_done(model, machine):
    machine(4, 1000)
    assert (plan(model, workers=6).workers, plan(model, workers=6).threads) == (6, 1)
    assert plan(model, workers=2, threads=3).threads == 3
    assert plan(model, memory_limit_gb=2.5).memory_limit_gb == 2.5


def test_there_is_a_process_for_each_gpu(model, machine, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    machine(32, 1000, gpus=4)
    planned = plan(model)
    assert planned.gpus == ("0", "1", "2", "3") and planned.threads == 8 and "GPU" in planned.reason
    assert plan(model, workers=6).gpus == ("0", "1", "2", "3", "0", "1")
    assert plan(model, device="cuda:2").gpus == (None,)  # the name says which; what is visible stays as it is
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7,GPU-a1")
    machine(32, 1000, gpus=2)
    assert plan(model).gpus == ("7", "GPU-a1")


def test_the_networks_grid_has_its_spacing(model, make_trained_folder):
    assert model.spacing_mm == (1.0, 0.8, 0.8)
    assert network_shape(model, GRID) == (60, 40, 50)
    flat = load_model(str(make_trained_folder(trainer="nnUNetTrainerUMambaBot", dimension=2)))
    assert network_shape(flat, GRID) == (60, 40, 50)  # the slices stay as they are
    turned = make_trained_folder(trainer="nnUNetTrainerUMambaBot", dimension=2, transpose=(2, 0, 1))
    assert network_shape(load_model(str(turned)), GRID) == (100, 75, 40)  # x stays, z and y are resampled


def test_activations_lie_where_the_network_is(model):
    of_case = cost(model)
    on_cpu, on_gpu = (case_bytes(model, GRID, of_case, on_gpu) for on_gpu in (False, True))
    assert on_cpu > on_gpu
    forward, backward = of_case.window.forward, of_case.window.explain
    feature_map = 4 * 4 * 16**3  # four channels of a patch in float32
    assert 3 * feature_map < forward < backward < 100 * feature_map
