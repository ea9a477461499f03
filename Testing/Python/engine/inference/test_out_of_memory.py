"""Memory that runs out: the plan shrinks, the run goes on where it was, and the results are the same."""

from __future__ import annotations

import pytest
import torch

from UMambaXAILogic.engine.attribution.gradient_cam import block_pooled_map
from UMambaXAILogic.engine.errors import MemoryExhaustedError
from UMambaXAILogic.engine.inference import explanation
from UMambaXAILogic.engine.inference.explanation import explain_stitched
from UMambaXAILogic.engine.inference.prediction import predict_stitched_logits
from UMambaXAILogic.engine.inference.recomputation import recomputed
from UMambaXAILogic.engine.memory_plan import run_memory
from UMambaXAILogic.engine.memory_plan.places import Place
from UMambaXAILogic.engine.memory_plan.run_memory import RunMemory
from UMambaXAILogic.engine.progress import Reporter


@pytest.fixture
def case(make_tiny_model, make_explained):
    return make_explained(make_tiny_model(mirror_axes=(2,)), (16, 12, 8), mirror=True)


def predicted(case, memory=None, reporter=None):
    return predict_stitched_logits(
        case.model, case.data, case.plan, mirror=True, reporter=reporter or Reporter(), memory=memory
    )


def explained(case, memory, reporter=None):
    case.memory = memory
    maps = explain_stitched(
        case, case.model.layers(), lambda _alias, a, g: block_pooled_map(a, g, 2, "max"), reporter or Reporter()
    )
    return {alias: signed.clone() for alias, signed in maps.signed.items()}


def same(found, expected):
    return found.keys() == expected.keys() and all(torch.equal(found[key], expected[key]) for key in expected)


def test_a_prediction_goes_on_where_it_was(case, memory_error, fail_passes, listener):
    expected = predicted(case)
    memory = RunMemory(logits=Place.HOST)
    failing = fail_passes(case.model.network, {3}, memory_error)
    assert torch.equal(predicted(case, memory, listener), expected)
    assert memory.logits is Place.FILE and len(listener.warnings) == 1 and "files" in listener.warnings[0]
    # Two passes a window: the third, the second window's first, was computed twice, and nothing else.
    assert failing.passes == 2 * len(case.plan.windows) + 1
    assert listener.fractions == sorted(listener.fractions) and listener.fractions[-1] == 1


def test_an_explanation_goes_on_where_it_was(case, memory_error, fail_passes, listener):
    expected = explained(case, RunMemory())
    memory = RunMemory()
    fail_passes(case.model.network, {2, 7}, memory_error)
    assert same(explained(case, memory, listener), expected)
    assert memory.recompute and memory.maps is Place.FILE and len(listener.warnings) == 2


def test_memory_may_run_out_in_the_backward_pass(case):
    expected = explained(case, RunMemory())
    calls = []

    def failing(_alias, activation, gradient):
        calls.append(1)
        if len(calls) == 12:  # some layers of this window have been received
            raise MemoryError
        return block_pooled_map(activation, gradient, 2, "max")

    case.memory = RunMemory()
    found = explain_stitched(case, case.model.layers(), failing, Reporter())
    assert same(found.signed, expected), "what the failed pass gave is not counted twice"


def test_the_plan_shrinks_in_steps_and_then_refuses(case, fail_passes, listener):
    memory = RunMemory(batch=4)
    fail_passes(case.model.network, set(range(1, 99)), MemoryError("no memory"))
    with pytest.raises(MemoryExhaustedError, match="no memory"):
        explained(case, memory, listener)
    told = [message.partition("on where it was, ")[2] for message in listener.warnings]
    assert ["2 windows" in told[0], "1 window " in told[1], "again" in told[2], "files" in told[3]] == [True] * 4
    assert len(told) == 4


def test_other_errors_are_not_taken_for_it(case, fail_passes):
    fail_passes(case.model.network, {1}, RuntimeError("shapes do not fit"))
    with pytest.raises(RuntimeError, match="shapes"):
        predicted(case, RunMemory())


@pytest.mark.parametrize("batch", [2, 3, 50])
def test_windows_at_a_time_change_nothing(case, batch):
    assert torch.allclose(predicted(case, RunMemory(batch=batch)), predicted(case), atol=2e-3)  # float16
    one, many = explained(case, RunMemory()), explained(case, RunMemory(batch=batch))
    for alias, signed in one.items():
        assert torch.allclose(many[alias], signed, rtol=1e-5, atol=1e-6 * float(signed.abs().max()))


def test_logits_are_moved_into_a_file_for_what_comes_after_them(case, fail_passes, listener):
    """They are the largest array, and nobody adds to them any more."""
    memory = RunMemory(recompute=True, maps=Place.FILE)
    case.logits = predicted(case, memory)
    expected = explained(case, RunMemory())
    address, values = case.logits.data_ptr(), case.logits.clone()
    fail_passes(case.model.network, {2}, MemoryError())
    assert same(explained(case, memory, listener), expected) and len(listener.warnings) == 1
    assert case.logits.data_ptr() != address and torch.equal(case.logits, values) and memory.logits is Place.FILE


def test_maps_that_do_not_fit_on_the_patch_are_no_end(case, monkeypatch, listener):
    expected, calls, repeat = explained(case, RunMemory()), [], explanation.repeat_to

    def failing(*given):
        calls.append(1)
        if len(calls) == 5:
            raise MemoryError
        return repeat(*given)

    monkeypatch.setattr(explanation, "repeat_to", failing)
    assert same(explained(case, RunMemory(), listener), expected) and len(listener.warnings) == 1


def test_where_sums_lie_changes_nothing(case, tmp_path):
    in_files = RunMemory(logits=Place.FILE, maps=Place.FILE, scratch=tmp_path)
    assert torch.equal(predicted(case, in_files), predicted(case))
    assert same(explained(case, in_files), explained(case, RunMemory()))
    assert not list(tmp_path.iterdir()), "the file has no name: nothing is left however the process ends"


def test_sums_for_which_there_is_no_room_lie_in_files(case, tmp_path, monkeypatch):
    """Windows refuses memory when it is asked for, not when it is used."""
    expected, make = predicted(case), run_memory.zeros

    def refused(shape, dtype, place, *others):
        if place is Place.HOST:
            raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes.")
        return make(shape, dtype, place, *others)

    monkeypatch.setattr(run_memory, "zeros", refused)
    memory = RunMemory(scratch=tmp_path)
    sums = memory.accumulator((2, 3), torch.float32, Place.HOST)
    assert sums.place is Place.FILE and not sums.tensor.any()
    assert torch.equal(predicted(case, memory), expected)


@pytest.mark.parametrize("kind", ["enc", "bot"])
@pytest.mark.parametrize("dimension", [2, 3])
def test_computing_activations_again_gives_the_same_maps(make_tiny_model, make_explained, kind, dimension):
    case = make_explained(make_tiny_model(kind=kind, dimension=dimension), (9, 12, 8))
    assert same(explained(case, RunMemory(recompute=True)), explained(case, RunMemory()))


def test_a_network_is_itself_again_afterwards(make_tiny_model):
    network = make_tiny_model().network
    with recomputed(network):
        assert "forward" in network.encoder.stages[0].__dict__
    assert not any("forward" in module.__dict__ for module in network.modules())
