"""Several things to check, and what the scene keeps of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.interaction.panel.checked import NOTHING, checked, kept

KEYS = ("a", "b", "c", "d")
subsets = st.sets(st.sampled_from(KEYS))


@given(chosen=subsets, usual=subsets)
def test_what_is_kept_gives_back_what_was_checked(chosen, usual):
    assert set(checked(KEYS, kept(KEYS, chosen, usual), usual)) == chosen


@given(chosen=subsets, usual=subsets)
def test_the_order_is_that_of_what_there_is(chosen, usual):
    shown = checked(KEYS, kept(KEYS, chosen, usual), usual)
    assert list(shown) == sorted(shown)


def test_the_usual_choice_follows_what_there_is():
    assert kept(KEYS, ("b", "a"), ("a", "b")) == ()
    assert checked(("x", "y"), (), ("y",)) == ("y",)


def test_nothing_is_another_choice_than_the_usual_one():
    assert kept(KEYS, (), ("a",)) == NOTHING
    assert checked(KEYS, NOTHING, ("a",)) == ()
    assert kept(KEYS, (), ()) == ()


def test_a_choice_among_other_things_gives_way_to_the_usual_one():
    assert checked(("a", "b"), ("a", "gone"), ("b",)) == ("b",)
    assert checked((), ("gone",), ()) == ()
