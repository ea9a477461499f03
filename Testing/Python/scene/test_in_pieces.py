"""Work on whole volumes in pieces: how they are cut, how works are joined, and that each ends cleanly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.scene.in_pieces import holds_any, in_turn, positive, share, slabs
from UMambaXAILogic.scene.stepwise import do_all


def work(name, events, result=None):
    try:
        for done in (0.0, 0.5):
            events.append((name, done))
            yield done
        return result
    finally:
        events.append((name, "closed"))


@given(st.tuples(*[st.integers(1, 9)] * 3), st.integers(1, 200))
def test_slabs_are_all_of_it_in_order_and_none_is_too_large(shape, voxels):
    pieces = slabs(shape, voxels)
    assert [index for piece in pieces for index in range(piece.start, piece.stop)] == list(range(shape[0]))
    layer = shape[1] * shape[2]
    assert all((piece.stop - piece.start) * layer <= max(voxels, layer) for piece in pieces)


def test_a_share_lies_where_it_was_put_and_keeps_the_result():
    steps = share(work("one", [], "result"), 0.2, 0.4)
    assert [next(steps), next(steps)] == pytest.approx([0.2, 0.4])
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value == "result"


def test_works_in_turn_begin_all_at_first_and_then_one_after_the_other():
    events: list = []
    steps = in_turn(work("one", events, 1), work("two", events, 2))
    assert next(steps) == 0.0
    assert events == [("one", 0.0), ("two", 0.0)]
    assert do_all(steps) == [1, 2]
    assert [name for name, _ in events[2:]] == ["one", "one", "two", "two"]


def test_a_refusal_of_the_second_work_closes_the_first():
    def refuse():
        raise ValueError("no")
        yield

    events: list = []
    with pytest.raises(ValueError, match="no"):
        next(in_turn(work("one", events), refuse()))
    assert events[-1] == ("one", "closed")


def test_works_that_are_given_up_are_closed():
    events: list = []
    steps = share(in_turn(work("one", events), work("two", events)), 0.0, 1.0)
    next(steps)
    steps.close()
    assert [event for event in events if "closed" in event] == [("one", "closed"), ("two", "closed")]


@given(st.lists(st.integers(-2, 2), min_size=24, max_size=24))
def test_what_is_positive_and_whether_there_is_anything(numbers):
    values = np.reshape(numbers, (4, 3, 2)).astype(np.int16)
    np.testing.assert_array_equal(do_all(positive(values)), values > 0)
    assert do_all(holds_any(values)) == bool((values != 0).any())
