"""Memory that runs out while maps are judged: the same numbers, and what was computed is not computed again."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine import Request
from UMambaXAILogic.engine.benchmark import BenchmarkRequest, run_benchmark
from UMambaXAILogic.engine.benchmark import removal as removal_module
from UMambaXAILogic.engine.benchmark.deletion import Deletion
from UMambaXAILogic.engine.benchmark.deletion_curve import DeletionCurves
from UMambaXAILogic.engine.errors import MemoryExhaustedError
from UMambaXAILogic.engine.memory_plan.run_memory import RunMemory
from UMambaXAILogic.engine.model.loading import load_model
from UMambaXAILogic.engine.progress import OnlyStopped, Reporter


@pytest.fixture
def case(make_tiny_model, make_explained):
    return make_explained(make_tiny_model(mirror_axes=(2,)), (8, 8, 12), mirror=True)


@pytest.fixture
def ranking(case):
    return np.random.default_rng(0).random(case.plan.shape).astype(np.float32)


def drawn(case, ranking, reporter=None):
    curves = DeletionCurves(case, {"map": ranking}, 3, "shell", 0, reporter or Reporter())
    return curves.draw(), curves.cost


def judged(case, ranking, reporter=None):
    deletion = Deletion(case, "blur", 0, reporter or Reporter())
    return deletion.curves(ranking, Reporter()), deletion.cost


@pytest.mark.parametrize("compute", [drawn, judged])
@pytest.mark.parametrize("at", [1, 9])
def test_a_curve_goes_on_where_it_was(case, ranking, compute, at, fail_passes, listener):
    expected, cost = compute(case, ranking)
    assert cost["forward_passes"] > 9
    case.memory = RunMemory()
    failing = fail_passes(case.model.network, {at}, MemoryError())
    assert compute(case, ranking, listener) == (expected, cost)
    assert failing.passes == cost["forward_passes"] + 1 and len(listener.warnings) == 1


def test_a_curve_whose_images_do_not_fit_goes_on(case, ranking, monkeypatch, listener):
    expected = drawn(case, ranking)
    case.memory = RunMemory()
    calls, change = [], removal_module.Change

    def failing(*given):
        calls.append(1)
        if len(calls) == 3:
            raise MemoryError
        return change(*given)

    monkeypatch.setattr(removal_module, "Change", failing)
    assert drawn(case, ranking, listener) == expected and len(listener.warnings) == 1


def test_where_nothing_is_left_to_save_a_curve_ends(case, ranking, fail_passes):
    fail_passes(case.model.network, set(range(5, 99)), torch.cuda.OutOfMemoryError("CUDA out of memory."))
    with pytest.raises(MemoryExhaustedError, match="CUDA out of memory"):
        drawn(case, ranking)


def test_who_only_stops_a_computation_hears_of_memory_all_the_same(listener):
    quiet = OnlyStopped(listener)
    quiet.warning("component_left_out", "was said before")
    quiet.warning("memory_ran_out", "comes when it comes")
    assert listener.warnings == ["comes when it comes"]


def test_a_benchmark_says_once_that_memory_ran_out(make_trained_folder, write_test_volume, tmp_path, fail_passes):
    """In the re-made maps of its last axis, say."""
    volume, model = write_test_volume((16, 14, 12)), str(make_trained_folder())
    counters = []

    def run(out, at):
        def load(*given, **named):
            loaded = load_model(*given, **named)
            counters.append(fail_passes(loaded.network, at, MemoryError("no memory")))
            return loaded

        case = Request(volume, model, out, method="embedding-similarity", layers=("decoder.1",), step=1.0)
        return run_benchmark(BenchmarkRequest(case=case, baselines=("random",), axes=("robustness",)), load=load)

    expected = run(tmp_path / "a", set())
    found = run(tmp_path / "b", {counters[0].passes - 1})
    assert counters[1].passes == counters[0].passes + 1
    assert [warning["code"] for warning in found.body["warnings"]].count("memory_ran_out") == 1
    numbers = [[{**m, "cost": None} for m in result.body["methods"]] for result in (found, expected)]
    assert json.dumps(numbers[0]) == json.dumps(numbers[1])
