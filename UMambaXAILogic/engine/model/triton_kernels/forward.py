"""Kernels of the output: what a tile adds to the state, and its output from the state that enters it."""

from __future__ import annotations

import triton
import triton.language as tl

from .tiles import compose, load, load_projection, locate, raw_steps, sigmoid, step_sizes

COUNTS = ["channels", "tiles", "blocks", "blocks_a_group", "block_channels", "group_channels", "B_channels"]
"""Whole numbers for whose values no kernels of their own are compiled."""


@triton.jit(do_not_specialize=COUNTS)
def add_up_tiles(
    u, delta, rates, B, bias, states, durations,
    length, channels, tiles, blocks, blocks_a_group, block_channels, group_channels, B_channels,
    u_item, u_channel, delta_item, delta_channel, B_item, B_group, B_state,
    STATES: tl.constexpr, PADDED: tl.constexpr, TILE: tl.constexpr,
    SOFTPLUS: tl.constexpr, B_VARIES: tl.constexpr,
):  # fmt: skip
    """The state after each tile if none entered it, and the tile's duration; see ``carry`` for where they go."""
    COMPUTE: tl.constexpr = rates.dtype.element_ty
    item, tile, _, channel, count = locate(tiles, blocks, blocks_a_group, block_channels, group_channels)
    lane = tl.arange(0, TILE)
    step = tile * TILE + lane
    inside = step < length
    has_next = (lane < TILE - 1) & (step + 1 < length)
    state = tl.arange(0, PADDED)
    real = state < STATES
    if B_VARIES:
        mask = real[:, None] & inside[None, :]
        projection = load_projection(
            B, item, channel, B_channels, B_item, B_group, B_state, state, step, mask, COMPUTE
        )  # fmt: skip
    for _ in range(count):
        rate = tl.load(rates + channel * STATES + state, mask=real, other=0.0)
        steps = delta + item * delta_item + channel * delta_channel
        size = step_sizes(raw_steps(steps, bias, channel, step, inside, COMPUTE), inside, SOFTPLUS)
        next_size = step_sizes(raw_steps(steps, bias, channel, step + 1, has_next, COMPUTE), has_next, SOFTPLUS)
        drive = size * load(u + item * u_item + channel * u_channel, step, inside, COMPUTE)
        if not B_VARIES:
            projection = load(B, channel * STATES + state, real, COMPUTE)[:, None]
        # The sum of the steps that follow, not a difference of sums: no digits are lost.
        remaining = tl.cumsum(next_size, axis=0, reverse=True)
        reaching_end = tl.exp2(rate[:, None] * remaining[None, :]) * (projection * drive[None, :])
        row = (item * (tiles + 1) + tile + 1) * channels + channel
        tl.store(states + row * STATES + state, tl.sum(reaching_end, axis=1), mask=real)
        tl.store(durations + (item * tiles + tile) * channels + channel, tl.sum(size, axis=0))
        channel += 1


@triton.jit(do_not_specialize=[*COUNTS, "C_channels"])
def outputs(
    u, delta, rates, B, C, skip, z, bias, states, y,
    length, channels, tiles, blocks, blocks_a_group, block_channels, group_channels, B_channels, C_channels,
    u_item, u_channel, delta_item, delta_channel, B_item, B_group, B_state, C_item, C_group, C_state,
    z_item, z_channel,
    STATES: tl.constexpr, PADDED: tl.constexpr, TILE: tl.constexpr,
    SOFTPLUS: tl.constexpr, B_VARIES: tl.constexpr, C_VARIES: tl.constexpr,
):  # fmt: skip
    """The output ``y`` (batch, D, L), contiguous, from the states between tiles."""
    COMPUTE: tl.constexpr = rates.dtype.element_ty
    item, tile, _, channel, count = locate(tiles, blocks, blocks_a_group, block_channels, group_channels)
    step = tile * TILE + tl.arange(0, TILE)
    inside = step < length
    state = tl.arange(0, PADDED)
    real = state < STATES
    mask = real[:, None] & inside[None, :]
    if B_VARIES:
        B_tile = load_projection(
            B, item, channel, B_channels, B_item, B_group, B_state, state, step, mask, COMPUTE
        )  # fmt: skip
    if C_VARIES:
        C_tile = load_projection(
            C, item, channel, C_channels, C_item, C_group, C_state, state, step, mask, COMPUTE
        )  # fmt: skip
    for _ in range(count):
        rate = tl.load(rates + channel * STATES + state, mask=real, other=0.0)
        steps = delta + item * delta_item + channel * delta_channel
        size = step_sizes(raw_steps(steps, bias, channel, step, inside, COMPUTE), inside, SOFTPLUS)
        value = load(u + item * u_item + channel * u_channel, step, inside, COMPUTE)
        if not B_VARIES:
            B_tile = load(B, channel * STATES + state, real, COMPUTE)[:, None]
        if not C_VARIES:
            C_tile = load(C, channel * STATES + state, real, COMPUTE)[:, None]
        row = (item * (tiles + 1) + tile) * channels + channel
        entering = tl.load(states + row * STATES + state, mask=real, other=0.0)
        decay = tl.exp2(rate[:, None] * size[None, :])
        product, own = tl.associative_scan((decay, B_tile * (size * value)[None, :]), 1, compose)
        result = tl.sum(C_tile * (own + product * entering[:, None]), axis=0)
        if skip is not None:
            result += tl.cast(tl.load(skip + channel), COMPUTE) * value
        if z is not None:
            gate = load(z + item * z_item + channel * z_channel, step, inside, COMPUTE)
            result *= gate * sigmoid(gate)
        tl.store(y + (item * channels + channel) * length + step, result, mask=inside)
        channel += 1
