"""Slices averaged and interpolated, against integrals of the piecewise constant or linear profile."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.shift.slice_weights import resample_slices, slice_weights

counts = st.integers(1, 60)


def as_matrix(old: int, new: int) -> np.ndarray:
    matrix = np.zeros((new, old))
    for row, (first, weights) in zip(matrix, slice_weights(old, new), strict=True):
        row[first : first + len(weights)] = weights
    return matrix


@settings(deadline=None)
@given(counts, counts)
def test_weights_sum_to_one_and_none_is_negative(old, new):
    matrix = as_matrix(old, new)
    assert matrix.min() >= 0
    np.testing.assert_allclose(matrix.sum(axis=1), 1, atol=1e-12)


@settings(deadline=None)
@given(counts, counts)
def test_thicker_slices_keep_the_total_exactly(old, new):
    if new > old:
        old, new = new, old
    np.testing.assert_allclose(as_matrix(old, new).sum(axis=0), new / old, atol=1e-9)


@settings(deadline=None)
@given(st.integers(2, 40), st.integers(1, 40))
def test_thicker_slices_are_integrals_over_their_thickness(old, new):
    if new > old:
        return
    profile = np.sin(np.arange(old) * 1.7)
    fine = 2520  # samples per new slice, a common multiple of small numbers
    samples = profile[np.minimum((np.arange(new * fine) + 0.5) * old / (new * fine), old - 1).astype(int)]
    np.testing.assert_allclose(as_matrix(old, new) @ profile, samples.reshape(new, fine).mean(axis=1), atol=2e-3)


@settings(deadline=None)
@given(st.integers(2, 40), counts)
def test_thinner_slices_lie_on_the_line_between_centres(old, new):
    if new <= old:
        return
    centres = np.arange(old) + 0.5
    values = np.cos(centres)
    wanted = np.interp((np.arange(new) + 0.5) * old / new, centres, values)
    np.testing.assert_allclose(as_matrix(old, new) @ values, wanted, atol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_any_axis_can_be_resampled(axis):
    array = np.random.default_rng(0).normal(size=(7, 8, 9)).astype(np.float32)
    result = resample_slices(array, axis, 5)
    wanted = np.moveaxis(np.tensordot(as_matrix(array.shape[axis], 5), array, axes=(1, axis)), 0, axis)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, wanted, atol=1e-6)


@settings(deadline=None)
@given(counts, counts)
def test_constant_padding_keeps_its_value_to_the_last_bit(old, new):
    value = np.float32(-1023.7)
    assert (resample_slices(np.full((old, 1, 1), value), 0, new) == value).all()


def test_the_same_number_of_slices_is_the_same_array():
    array = np.ones((4, 3, 2), np.float32)
    assert resample_slices(array, 0, 4) is array
