"""Lanes read, write and sum what they should; bfloat16 is rounded as torch rounds it."""

from __future__ import annotations

import numba
import numpy as np
import pytest
import torch

from UMambaXAILogic.engine.model.cpu_kernels.lanes import (
    LANES,
    add_sums,
    load,
    load_every_fourth,
    load_every_second,
    load_one,
    prefetch,
    store,
    store_one,
)
from UMambaXAILogic.engine.model.cpu_kernels.memory import array_of, empty


@numba.njit
def copy_by_lanes(source, target):
    for i in range(0, source.size, LANES):
        prefetch(source, i + LANES)
        store(target, i, load(source, i))


@numba.njit
def copy_one_by_one(source, target):
    for i in range(source.size):
        store_one(target, i, load_one(source, i))


@numba.njit
def add_rows(source, target):
    a, b, c, d = load(source, LANES), load(source, 2 * LANES), load(source, 3 * LANES), load(source, 4 * LANES)
    add_sums(target, 1, a, b, c, d)


@numba.njit
def copy_apart(source, every_second, every_fourth):
    store(every_second, 0, load_every_second(source, 1))
    store(every_fourth, 0, load_every_fourth(source, 3))


def special_values() -> torch.Tensor:
    """Float32 numbers of every size, both halfway cases, and what is not finite."""
    bits = torch.randint(-(2**31), 2**31, (4096,), generator=torch.Generator().manual_seed(0)).to(torch.int32)
    halfway = torch.tensor([0x3F808000, 0x3F818000, 0x3F808001, 0x7F7FFFFF, 0x00000001, 0x7F800000])
    values = torch.cat([bits, halfway.to(torch.int32).repeat(8)]).view(torch.float32)
    return torch.cat([values, torch.tensor([torch.nan, -torch.inf, 0.0, -0.0] * 4)])


@pytest.mark.parametrize("copy", [copy_by_lanes, copy_one_by_one])
def test_bfloat16_is_rounded_as_torch_rounds_it(copy):
    values = special_values()
    narrow = empty(values.shape, torch.bfloat16)
    copy(array_of(values), array_of(narrow))
    expected = values.bfloat16()
    number = ~expected.isnan()
    assert torch.equal(narrow.isnan(), expected.isnan())
    assert torch.equal(narrow[number].view(torch.int16), expected[number].view(torch.int16))


@pytest.mark.parametrize("copy", [copy_by_lanes, copy_one_by_one])
def test_bfloat16_is_read_without_a_change(copy):
    narrow = special_values().bfloat16()
    wide = empty(narrow.shape, torch.float32)
    copy(array_of(narrow), array_of(wide))
    assert torch.equal(wide.view(torch.int32), narrow.float().view(torch.int32))


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-6), (np.float64, 1e-15)])
def test_four_sums_at_once(dtype, tolerance):
    values = np.random.default_rng(0).random((5, LANES)).astype(dtype)
    sums = np.arange(6).astype(dtype)
    add_rows(values.reshape(-1), sums)
    expected = np.arange(6.0)
    expected[1:5] += values[1:].sum(1, dtype=np.float64)
    assert np.allclose(sums, expected, rtol=tolerance)


def test_four_sums_add_in_the_same_order():
    row = np.random.default_rng(0).random(LANES).astype(np.float32)
    sums = np.zeros(6, np.float32)
    add_rows(np.tile(row, 5), sums)
    assert len(set(sums[1:5])) == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_elements_apart_are_read_in_order(dtype):
    values = np.arange(5 * LANES).astype(dtype)
    every_second, every_fourth = np.empty(LANES, dtype), np.empty(LANES, dtype)
    copy_apart(values, every_second, every_fourth)
    assert np.array_equal(every_second, values[1::2][:LANES])
    assert np.array_equal(every_fourth, values[3::4][:LANES])
