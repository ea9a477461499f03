"""Elementary functions of sixteen lanes agree with numpy in float64, over their whole range."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from UMambaXAILogic.engine.model.cpu_kernels import lane_math
from UMambaXAILogic.engine.model.cpu_kernels.lanes import LANES, largest, load, store, total, transpose


def lanewise(function):
    @numba.njit(error_model="numpy")
    def apply(x, y):
        for i in range(0, x.size, LANES):
            store(y, i, function(load(x, i)))

    return apply


@numba.njit
def power(x):
    return lane_math.exp2_minus_one(x, 1.0, np.inf)


@numba.njit
def moderate_power(x):
    return lane_math.exp2_minus_one(x, 1.0, 126.0)


@numba.njit
def small_power(x):
    return lane_math.exp2_minus_one(x, 1.0, 0.5)


def log1p_exp(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, x)


NEGATIVE = np.concatenate([-np.geomspace(1e-30, 87, 20_000), np.linspace(-87, 0, 20_000)])
ALL = np.concatenate([NEGATIVE, -NEGATIVE])


@pytest.mark.parametrize(
    ("function", "expected", "x"),
    [
        (power, lambda x: np.expm1(x * np.log(2)), ALL),
        (moderate_power, lambda x: np.expm1(x * np.log(2)), ALL),
        (small_power, lambda x: np.expm1(x * np.log(2)), ALL / 174),
        (lane_math.exp_of_negative, np.exp, NEGATIVE),
        (lane_math.log1p_unit, np.log1p, -NEGATIVE / 87),
        (lane_math.softplus, log1p_exp, ALL),
        (lane_math.sigmoid, lambda x: np.exp(-log1p_exp(-x)), ALL),
    ],
)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 3e-7), (np.float64, 1e-14)])
def test_relative_error(function, expected, x, dtype, tolerance):
    x = x.astype(dtype)
    y = np.empty_like(x)
    lanewise(function)(x, y)
    wanted = expected(x.astype(np.float64))
    normal = np.abs(wanted) > np.finfo(np.float32).tiny  # relative digits end below
    assert (np.abs(y - wanted)[normal] <= tolerance * np.abs(wanted)[normal]).all()
    assert np.abs(y - wanted)[~normal].max(initial=0) < 1e-37


@pytest.mark.parametrize(
    "function",
    [power, moderate_power, small_power, lane_math.exp_of_negative, lane_math.softplus, lane_math.sigmoid],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_stays_nan(function, dtype):
    y = np.zeros(LANES, dtype)
    lanewise(function)(np.full(LANES, np.nan, dtype), y)
    assert np.isnan(y).all()


def test_the_tails():
    x = np.array([-np.inf, -1e30, -200, 200, 1e30, np.inf] + [0] * 10, np.float32)
    y = np.empty_like(x)
    lanewise(power)(x, y)
    assert list(y[:3]) == [-1, -1, -1] and list(y[3:6]) == [np.float32(2) ** 127] * 3
    lanewise(lane_math.sigmoid)(x, y)
    assert y[:3].max() < 2e-38 and list(y[3:6]) == [1, 1, 1]
    lanewise(lane_math.softplus)(x, y)
    assert y[:3].max() < 2e-38 and list(y[3:6]) == [200, np.float32(1e30), np.inf]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_block_is_transposed_between_strided_rows(dtype):
    source = np.arange(20 * 40, dtype=dtype).reshape(20, 40)
    target = np.zeros((17, 30), dtype)

    @numba.njit
    def apply(source, target):
        transpose(source, 2 * 40 + 3, 40, target, 30 + 5, 30)

    apply(source, target)
    expected = np.zeros_like(target)
    expected[1:, 5:21] = source[2:18, 3:19].T
    assert (target == expected).all()


def test_lanes_are_summed_pairwise():
    values = np.random.default_rng(0).standard_normal(16).astype(np.float32)

    @numba.njit
    def apply(x):
        return total(load(x, 0))

    partial = values
    while partial.size > 1:
        partial = partial[: partial.size // 2] + partial[partial.size // 2 :]
    assert apply(values) == partial[0]


def test_the_largest_magnitude_leaves_nan_out():
    @numba.njit
    def apply(x):
        return largest(load(x, 0))

    values = np.random.default_rng(0).standard_normal(16).astype(np.float32)
    for spot in range(16):
        for value in (-7.0, 7.0):
            changed = values.copy()
            changed[spot] = value
            assert apply(changed) == 7
            changed[(spot + 3) % 16] = np.nan
            assert apply(changed) == 7
