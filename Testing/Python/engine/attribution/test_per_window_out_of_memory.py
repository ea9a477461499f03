"""Memory that runs out while windows are explained by themselves (preset ``paper``): work goes on where it was."""

from __future__ import annotations

import pytest
import torch

from UMambaXAILogic.engine.attribution.gradient_cam import zero_padded_map
from UMambaXAILogic.engine.attribution.per_window import explain_per_window
from UMambaXAILogic.engine.errors import MemoryExhaustedError
from UMambaXAILogic.engine.memory_plan.places import Place
from UMambaXAILogic.engine.memory_plan.run_memory import RunMemory
from UMambaXAILogic.engine.progress import Reporter


@pytest.fixture(params=[(2, (3, 8, 12)), (3, (8, 8, 12))], ids=["two-dimensional", "three-dimensional"])
def case(make_tiny_model, make_explained, request):
    dimension, shape = request.param
    return make_explained(make_tiny_model(dimension=dimension, kind="bot", folds=2), shape, score="logit")


def explained(case, memory=None, reporter=None):
    case.memory = memory or RunMemory()

    def signed_map(_alias, activation, gradient):
        return zero_padded_map(activation, gradient, 2, "max")

    return explain_per_window(case, case.model.layers(), signed_map, reporter or Reporter())


def same(found, expected):
    assert (found.explained_windows, found.forward_passes) == (expected.explained_windows, expected.forward_passes)
    assert torch.equal(found.counts, expected.counts) and found.sums.keys() == expected.sums.keys()
    return all(torch.equal(found.sums[name], expected.sums[name]) for name in expected.sums)


def test_maps_are_the_same_and_only_failed_passes_are_computed_twice(case, fail_passes, listener):
    counter = fail_passes(case.model.network, set(), MemoryError())
    expected = explained(case)
    undisturbed = counter.passes
    memory = RunMemory()
    failing = fail_passes(case.model.network, {3, 5}, MemoryError())
    assert same(explained(case, memory, listener), expected)
    assert memory.recompute and memory.maps is Place.FILE
    assert ["again" in listener.warnings[0], "files" in listener.warnings[1]] == [True, True]
    # A pass that begins anew finds out anew which layers are overwritten in place, by one more forward pass.
    assert failing.passes <= undisturbed + 2 + 2
    assert listener.fractions == sorted(listener.fractions) and listener.fractions[-1] == 1


def test_memory_may_run_out_while_maps_are_formed(case, monkeypatch, listener):
    expected = explained(case)
    calls = []

    def failing(_alias, activation, gradient):
        calls.append(1)
        if len(calls) == 8:
            raise MemoryError
        return zero_padded_map(activation, gradient, 2, "max")

    case.memory = RunMemory()
    found = explain_per_window(case, case.model.layers(), failing, listener)
    assert same(found, expected) and len(listener.warnings) == 1


def test_where_nothing_is_left_to_save_it_says_what_would_do(case, fail_passes, listener):
    fail_passes(case.model.network, set(range(1, 99)), MemoryError("no memory"))
    with pytest.raises(MemoryExhaustedError, match="no memory") as error:
        explained(case, RunMemory(batch=4), listener)
    assert len(listener.warnings) == 2, "there are no batches here"
    assert "deeper layers" in error.value.remedy


def test_other_errors_are_not_taken_for_it(case, fail_passes):
    fail_passes(case.model.network, {2}, RuntimeError("shapes do not fit"))
    with pytest.raises(RuntimeError, match="shapes"):
        explained(case)


def test_where_sums_lie_changes_nothing(case, tmp_path):
    assert same(explained(case, RunMemory(maps=Place.FILE, scratch=tmp_path)), explained(case))
