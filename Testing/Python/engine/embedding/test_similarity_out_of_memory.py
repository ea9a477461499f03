"""Memory that runs out while similarities are stitched: the plan shrinks and work goes on where it was."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from UMambaXAILogic.engine.embedding.box import PromptBox
from UMambaXAILogic.engine.embedding.stages import Stage
from UMambaXAILogic.engine.embedding.stitching import stitch_similarity
from UMambaXAILogic.engine.errors import MemoryExhaustedError
from UMambaXAILogic.engine.memory_plan.places import Place
from UMambaXAILogic.engine.memory_plan.run_memory import RunMemory
from UMambaXAILogic.engine.model.layers import all_layers
from UMambaXAILogic.engine.progress import Reporter

STAGE = Stage({"prototype": 0.5, "global": 0.3, "outside": -0.2}, spatial_floor=0.3)
BOX = PromptBox((2, 1, 3), (12, 12, 14))


@pytest.fixture
def case(make_case):
    return make_case((16, 16, 27), mirror=True, mirror_axes=(2,), trainer="nnUNetTrainerUMambaBot")


def stitched(case, memory=None, reporter=None):
    case = dataclasses.replace(case, memory=memory or RunMemory())
    layers = all_layers(case.model.network)
    return stitch_similarity(case, layers, BOX, STAGE, lambda _layer: None, reporter or Reporter())


def same(found, expected):
    assert found.forward_passes == expected.forward_passes and found.similarity.keys() == expected.similarity.keys()
    assert all(torch.equal(found.similarity[key], expected.similarity[key]) for key in expected.similarity)
    for alias, direction in expected.directions.items():
        assert torch.equal(found.directions[alias].vector, direction.vector)
    return True


@pytest.mark.parametrize("at", [1, 4, 7, 11])
def test_maps_are_the_same_and_one_pass_is_computed_twice(case, at, fail_passes, listener):
    expected = stitched(case)
    memory = RunMemory()
    failing = fail_passes(case.model.network, {at}, MemoryError("no memory"))
    assert same(stitched(case, memory, listener), expected)
    assert failing.passes == expected.forward_passes + 1
    assert memory.maps is Place.FILE and len(listener.warnings) == 1 and "files" in listener.warnings[0]
    assert listener.fractions == sorted(listener.fractions) and listener.fractions[-1] == 1


def test_every_allocator_is_understood(case, memory_error, fail_passes, listener):
    expected = stitched(case)
    fail_passes(case.model.network, {9}, memory_error)
    assert same(stitched(case, None, listener), expected) and len(listener.warnings) == 1


def test_layers_that_were_seen_before_memory_ran_out_count_once(case, monkeypatch, listener):
    expected, calls = stitched(case), []
    layers = all_layers(case.model.network)
    last = layers[-1].module.register_forward_hook(lambda *_: calls.append(1) or _fail_at(calls, 3))
    assert same(stitched(case, None, listener), expected) and len(listener.warnings) == 1
    last.remove()


def _fail_at(calls, number):
    if len(calls) == number:
        raise MemoryError


@pytest.mark.parametrize("batch", [3, 50])
def test_windows_at_a_time_change_only_rounding(case, batch, fail_passes, listener):
    expected = stitched(case)
    failing = fail_passes(case.model.network, {1}, MemoryError())
    memory = RunMemory(batch=batch)
    found = stitched(case, memory, listener)
    assert memory.batch == batch // 2 and failing.passes < expected.forward_passes + batch
    assert found.forward_passes == expected.forward_passes
    for alias, similarity in expected.similarity.items():
        assert torch.allclose(found.similarity[alias], similarity, atol=1e-5)


def test_the_plan_shrinks_in_steps_and_then_refuses(case, fail_passes, listener):
    fail_passes(case.model.network, set(range(1, 99)), MemoryError("no memory"))
    with pytest.raises(MemoryExhaustedError, match="no memory"):
        stitched(case, RunMemory(batch=4), listener)
    told = [message.partition("on where it was, ")[2] for message in listener.warnings]
    assert ["2 windows" in told[0], "1 window " in told[1], "files" in told[2]] == [True] * 3 and len(told) == 3


def test_other_errors_are_not_taken_for_it(case, fail_passes):
    fail_passes(case.model.network, {2}, RuntimeError("shapes do not fit"))
    with pytest.raises(RuntimeError, match="shapes"):
        stitched(case)


def test_where_sums_lie_changes_nothing(case, tmp_path):
    assert same(stitched(case, RunMemory(maps=Place.FILE, scratch=tmp_path)), stitched(case))
