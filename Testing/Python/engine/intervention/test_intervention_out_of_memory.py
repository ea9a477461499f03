"""Memory that runs out while input is changed and scored again: work goes on where it was, with the same scores."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from UMambaXAILogic.engine.attribution import get_method
from UMambaXAILogic.engine.errors import MemoryExhaustedError
from UMambaXAILogic.engine.intervention import Change, Intervention, evidence
from UMambaXAILogic.engine.memory_plan.places import Place
from UMambaXAILogic.engine.memory_plan.run_memory import RunMemory
from UMambaXAILogic.engine.methods.catalogue import METHOD_FACTS
from UMambaXAILogic.engine.progress import Reporter


@pytest.fixture
def case(make_tiny_model, make_explained):
    return make_explained(make_tiny_model(folds=2, mirror_axes=(2,)), (8, 8, 12), mirror=True)


@pytest.fixture
def change():
    values = torch.randn(1, 8, 8, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return Change((slice(0, 8), slice(0, 8), slice(2, 7)), values)


def scored(case, change, reporter=None):
    intervention = Intervention(case, reporter or Reporter())
    return intervention.scores(change), intervention.original, intervention.forward_passes


def explained(name, case, reporter=None, **settings):
    given = {"region_size_mm": 5.0, "max_regions": 5, "reach_mm": 3.0, **settings}
    chosen = dataclasses.replace(METHOD_FACTS[name].defaults, **given)
    return get_method(name).explain(case, [], chosen, reporter or Reporter())


@pytest.mark.parametrize("at", [1, 4, 9, 14])
def test_scores_are_the_same_and_one_pass_is_computed_twice(case, change, at, fail_passes, listener):
    expected, original, passes = scored(case, change)
    assert passes > 14, "before, within and after the passes over the unchanged input"
    case.memory = RunMemory()
    failing = fail_passes(case.model.network, {at}, MemoryError("no memory"))
    assert scored(case, change, listener) == (expected, original, passes)
    assert failing.passes == passes + 1
    assert len(listener.warnings) == 1 and "no memory" in listener.warnings[0] and "files" in listener.warnings[0]


def test_every_allocator_is_understood(case, change, memory_error, fail_passes, listener):
    expected = scored(case, change)
    fail_passes(case.model.network, {6}, memory_error)
    assert scored(case, change, listener) == expected and len(listener.warnings) == 1


def test_where_nothing_is_left_to_save_it_says_what_would_do(case, change, fail_passes, listener):
    fail_passes(case.model.network, {6, 7}, MemoryError("no memory"))
    with pytest.raises(MemoryExhaustedError, match="no memory") as error:
        scored(case, change, listener)
    assert "crop the volume" in error.value.remedy and "layers" not in error.value.remedy


def test_other_errors_are_not_taken_for_it(case, change, fail_passes, listener):
    fail_passes(case.model.network, {6}, RuntimeError("shapes do not fit"))
    with pytest.raises(RuntimeError, match="shapes"):
        scored(case, change, listener)
    assert not listener.warnings


@pytest.mark.parametrize("name", ["occlusion", "supervoxel", "dea"])
def test_regions_go_on_where_they_were(case, name, fail_passes, listener):
    expected = explained(name, case)
    case.memory = RunMemory()
    failing = fail_passes(case.model.network, {20}, MemoryError())
    found = explained(name, case, listener)
    assert found.aliases == expected.aliases and found.details == expected.details
    assert all(np.array_equal(found.on_network_grid(key), expected.on_network_grid(key)) for key in found.aliases)
    assert found.forward_passes == expected.forward_passes == failing.passes - 1
    assert len(listener.warnings) == 1
    assert listener.fractions == sorted(listener.fractions) and listener.fractions[-1] <= 1


def test_both_kinds_of_evidence_shrink_the_plan(case, fail_passes, listener):
    expected = explained("dea", case)
    case.memory = RunMemory()
    fail_passes(case.model.network, {2, 40}, MemoryError())
    assert np.array_equal(explained("dea", case, listener).combined(), expected.combined())
    assert ["again" in listener.warnings[0], "files" in listener.warnings[1]] == [True, True]


@pytest.mark.parametrize("name", ["make_regions", "make_fill", "_filled"])
def test_what_regions_and_fills_take_may_run_out_too(case, monkeypatch, listener, name):
    """Logits make room for them."""
    expected = explained("occlusion", case)
    case.memory = RunMemory()
    sums = case.memory.accumulator(case.logits.shape, case.logits.dtype, Place.HOST)
    sums.tensor.copy_(case.logits)
    case.logits = case.memory.settled(sums)
    address, calls, compute = case.logits.data_ptr(), [], getattr(evidence, name)

    def failing(*given, **named):
        calls.append(1)
        if len(calls) == 1:
            raise MemoryError
        return compute(*given, **named)

    monkeypatch.setattr(evidence, name, failing)
    found = explained("occlusion", case, listener)
    assert np.array_equal(found.on_network_grid("input"), expected.on_network_grid("input"))
    assert len(listener.warnings) == 1 and case.logits.data_ptr() != address
