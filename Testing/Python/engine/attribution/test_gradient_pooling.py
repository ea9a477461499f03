"""Block pooling against a loop over blocks; padding neither wins a maximum nor enters a mean."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from UMambaXAILogic.engine.attribution.gradient_cam import (
    block_pooled_map,
    mean_gradient_map,
    pool_blocks,
    pool_zero_padded_blocks,
)


def by_loop(gradient, window, mode, fill_with_zeros=False):
    pooled = torch.zeros_like(gradient)
    starts = [range(0, size, window) for size in gradient.shape[1:]]
    for start in itertools.product(*starts):
        block = (slice(None), *(slice(s, s + window) for s in start))
        values = gradient[block].flatten(1)
        if fill_with_zeros:
            missing = window ** len(start) - values.shape[1]
            values = torch.cat([values, values.new_zeros(values.shape[0], missing)], dim=1)
        value = values.max(dim=1).values if mode == "max" else values.mean(dim=1)
        pooled[block] = value.reshape(-1, *[1] * len(start))
    return pooled


@settings(max_examples=40, deadline=None)
@given(
    shape=st.lists(st.integers(1, 7), min_size=2, max_size=3),
    window=st.integers(1, 4),
    mode=st.sampled_from(["max", "mean"]),
    seed=st.integers(0, 99),
)
def test_pooling_equals_a_loop_over_blocks(shape, window, mode, seed):
    # All negative: a zero from padding would win every maximum at the far edge.
    gradient = -torch.rand(2, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 0.1
    assert torch.allclose(pool_blocks(gradient, window, mode), by_loop(gradient, window, mode))
    expected = by_loop(gradient, window, mode, fill_with_zeros=True)
    assert torch.allclose(pool_zero_padded_blocks(gradient, window, mode), expected)


def test_pool_1_is_the_elementwise_product():
    activation, gradient = torch.randn(2, 3, 4, 5, 6).unbind()
    assert torch.allclose(block_pooled_map(activation, gradient, 1, "max"), (activation * gradient).sum(0), atol=1e-6)


@pytest.mark.parametrize("mode", ["max", "mean"])
def test_one_block_over_everything_in_mean_mode_is_seg_grad_cam(mode):
    activation, gradient = torch.randn(2, 3, 4, 4, 4).unbind()
    whole = block_pooled_map(activation, gradient, 4, mode)
    is_mean = torch.allclose(whole, mean_gradient_map(activation, gradient), atol=1e-6)
    assert is_mean == (mode == "mean")
