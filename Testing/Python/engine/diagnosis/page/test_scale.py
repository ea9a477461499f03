from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from UMambaXAILogic.engine.diagnosis.page.scale import fixed_scale, linear_scale, log_scale, named_scale

numbers = st.floats(-1e6, 1e6, allow_subnormal=False).filter(lambda value: value == 0 or abs(value) > 1e-6)


@given(st.lists(numbers, min_size=1, max_size=20), st.booleans())
def test_round_ends_hold_all_values_and_few_ticks(values, from_zero):
    scale = linear_scale(values, from_zero=from_zero)
    span = scale.high - scale.low
    assert scale.low <= min(values) + 1e-9 * span and max(values) - 1e-9 * span <= scale.high
    assert 2 <= len(scale.ticks) <= 9
    assert all(0 <= scale.share(value) <= 1 for value in values)
    if from_zero:
        assert scale.low <= 0 <= scale.high


def test_tick_labels_are_as_exact_as_the_step():
    assert [label for _, label in linear_scale([0.0, 1.0], 5).ticks] == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert [label for _, label in linear_scale([-1000, 2000], 6).ticks][0] == "-1000"
    assert [label for _, label in fixed_scale(0, 0.5, 0.25).ticks] == ["0.00", "0.25", "0.50"]


def test_one_value_still_has_an_axis():
    for value in (0.0, 3.0, -3.0):
        scale = linear_scale([value])
        assert scale.low < value < scale.high or scale.low <= value < scale.high


def test_values_beyond_an_end_are_drawn_at_the_end():
    scale = fixed_scale(0, 1, 0.2)
    assert (scale.share(-3), scale.share(0.25), scale.share(7)) == (0, 0.25, 1)


def test_a_logarithmic_axis_runs_over_whole_powers():
    scale = log_scale([0.02, 30])
    assert (scale.low, scale.high) == (0.01, 100)
    assert scale.share(1) == pytest.approx(0.5)
    assert [label for _, label in scale.ticks] == ["0.01", "0.1", "1", "10", "100"]
    assert math.isclose(log_scale([10.0]).high, 100.0)


def test_names_stand_in_the_middle_of_equal_parts():
    scale = named_scale(["a", "b"])
    assert [(scale.share(value), label) for value, label in scale.ticks] == [(0.25, "a"), (0.75, "b")]
