"""Coalitions: the right factors in the right order, shared beginnings once, and the way back to the case's own grid."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.shift.blur import Blur
from UMambaXAILogic.engine.shift.coalitions import acting_factors, coalition_name, intervened_volumes
from UMambaXAILogic.engine.shift.factor import CaseAnchors, Factor
from UMambaXAILogic.engine.shift.field_of_view import FieldOfView
from UMambaXAILogic.engine.shift.intensity_scale import IntensityScale
from UMambaXAILogic.engine.shift.intervention import Intervened
from UMambaXAILogic.engine.shift.noise import Noise
from UMambaXAILogic.engine.shift.slice_spacing import SliceSpacing
from UMambaXAILogic.engine.volume import Geometry, Volume

FACTORS = (
    FieldOfView((8.0, 9.0, 18.0)),
    IntensityScale(0.9, 5.0),
    Blur(1.0),
    SliceSpacing(2.5),
    Noise(3.0),
)
ANCHORS = CaseAnchors((0.0, 0.0, 0.0), 3)


@dataclass(frozen=True)
class Tag(Factor):
    """Appends its digit to every value, so that a value tells who acted and in which order."""

    key = "tag"

    digit: int
    calls: list[int] = field(default_factory=list, compare=False)

    def acts_on(self, geometry, anchors):
        return True

    def approximate_on(self, geometry, anchors):
        return False

    def change(self, volume, anchors):
        self.calls.append(self.digit)
        return Volume(volume.array * 10 + self.digit, volume.geometry)


def case_of(volume: Volume) -> Intervened:
    return Intervened.untouched(volume)


@pytest.fixture
def small() -> Volume:
    """0 at its first voxel, and no value twice."""
    return Volume(np.linspace(0, 0.01, 200, dtype=np.float32).reshape(1, 1, 200), Geometry((200, 1, 1), (1, 1, 1)))


def test_every_coalition_once_with_its_factors_in_the_fixed_order(small):
    tags = [Tag(digit) for digit in range(1, 6)]
    found = {name: int(state.volume.array[0, 0, 0]) for name, state in intervened_volumes(
        case_of(small), tags, ANCHORS, set(range(32)))}  # fmt: skip
    assert len(found) == 32
    for coalition, value in found.items():
        wanted = "".join(str(place + 1) for place in range(5) if coalition >> place & 1)
        assert value == int(wanted or 0)


def test_shared_beginnings_are_computed_once(small):
    calls: list[int] = []
    tags = [Tag(digit, calls) for digit in range(1, 6)]
    list(intervened_volumes(case_of(small), tags, ANCHORS, set(range(32))))
    assert len(calls) == 31  # one step for each coalition but none, instead of 80


@settings(deadline=None)
@given(st.sets(st.integers(0, 31)))
def test_only_what_is_wanted_and_its_beginnings_are_computed(wanted):
    calls: list[int] = []
    tags = [Tag(digit, calls) for digit in range(1, 6)]
    volume = Volume(np.zeros((1, 1, 1), np.float32), Geometry((1, 1, 1), (1, 1, 1)))
    found = [coalition for coalition, _ in intervened_volumes(case_of(volume), tags, ANCHORS, wanted)]
    assert sorted(found) == sorted(wanted)
    beginnings = {w & (1 << later + 1) - 1 for w in wanted for later in range(5) if w >> later & 1}
    assert len(calls) == len(beginnings)


def test_none_is_the_case_itself(make_volume):
    volume = make_volume(np.random.default_rng(0).normal(size=(20, 24, 26)))
    coalition, state = next(intervened_volumes(case_of(volume), FACTORS, ANCHORS, {0, 31}))
    assert coalition == 0 and state.volume is not None
    np.testing.assert_array_equal(state.volume.array, volume.array)


def test_factors_that_change_nothing_on_a_case_do_not_act(make_volume):
    volume = make_volume(np.zeros((20, 24, 26)), (0.5, 0.5, 2.5))
    factors = (FieldOfView((100.0, 100.0, None)), IntensityScale(1.0, 0.0), Blur(0.5), SliceSpacing(2.5), Noise(3.0))
    assert acting_factors(case_of(volume), factors, ANCHORS) == 0b10100


def test_predictions_return_to_the_cases_own_grid_with_background_outside_the_field_of_view(make_volume, direction):
    volume = make_volume(np.zeros((30, 32, 34)), (1.0, 1.0, 1.0), direction)
    states = dict(intervened_volumes(case_of(volume), FACTORS, ANCHORS, set(range(32))))
    everywhere = {name: np.ones(state.volume.geometry.shape, bool) for name, state in states.items()}
    inside = states[1].mask_to_own(everywhere[1])
    assert inside.sum() == 8 * 9 * 18 and inside.shape == (30, 32, 34)
    for coalition, state in states.items():
        returned = state.mask_to_own(everywhere[coalition])
        np.testing.assert_array_equal(returned, inside if coalition & 1 else np.ones_like(inside))
        attention = state.map_to_own(everywhere[coalition].astype(np.float32))
        np.testing.assert_array_equal(attention > 0, returned)
        assert attention.dtype == np.float32 and attention.max() == 1


def test_a_marked_place_returns_to_where_it_was(make_volume, direction):
    """A ball thicker than a slice, forth and back through every coalition, keeps its place within a slice."""
    volume = make_volume(np.zeros((30, 32, 34)), (1.0, 1.0, 1.0), direction)
    index = np.moveaxis(np.indices(volume.geometry.shape), 0, -1)
    ball = np.linalg.norm(index - (15, 16, 17), axis=-1) <= 4
    for _, state in intervened_volumes(case_of(volume), FACTORS, ANCHORS, set(range(32))):
        returned = state.mask_to_own(state.mask_here(ball))
        overlap = 2 * (returned & ball).sum() / (returned.sum() + ball.sum())
        assert overlap > 0.85
        assert np.abs(np.argwhere(returned).mean(axis=0) - (15, 16, 17)).max() < 0.6


@pytest.mark.parametrize("factor", FACTORS, ids=lambda factor: factor.key)
def test_padding_stays_padding_and_the_case_is_not_touched(make_volume, factor):
    array = np.random.default_rng(0).normal(40, 8, (30, 32, 34)).astype(np.float32)
    array[:, 12:18] = -1024
    volume = make_volume(array, (1.0, 1.0, 1.0))
    before = case_of(volume)
    after = before.after(factor, ANCHORS)
    padding = after.volume.array == -1024
    np.testing.assert_array_equal(padding, after.mask_here(array == -1024))
    assert padding.any() and np.array_equal(volume.array, array)


def test_the_lowest_value_of_tissue_is_no_padding(make_volume):
    state = case_of(make_volume(np.random.default_rng(0).normal(40, 8, (10, 12, 14))))
    assert state.padding is None
    assert (state.after(Noise(5.0), ANCHORS).volume.array != state.volume.array).all()


def test_coalitions_are_named_by_their_factors():
    keys = [factor.key for factor in FACTORS]
    assert coalition_name(0, keys) == "none"
    assert coalition_name(0b10001, keys) == "field_of_view+noise"
