"""Kernels of the gradients: what a tile adds to the state's gradient, and its gradients from what enters it."""

from __future__ import annotations

import triton
import triton.language as tl

from .forward import COUNTS
from .tiles import compose, compose_with_kept, load, load_projection, locate, raw_steps, sigmoid, step_sizes

LN_2: tl.constexpr = tl.constexpr(0.6931471805599453)


@triton.jit(do_not_specialize=[*COUNTS, "C_channels"])
def add_up_tile_gradients(
    d_y, delta, rates, C, z, bias, d_states,
    length, channels, tiles, blocks, blocks_a_group, block_channels, group_channels, C_channels,
    d_y_item, d_y_channel, delta_item, delta_channel, C_item, C_group, C_state, z_item, z_channel,
    STATES: tl.constexpr, PADDED: tl.constexpr, TILE: tl.constexpr,
    SOFTPLUS: tl.constexpr, C_VARIES: tl.constexpr,
):  # fmt: skip
    """The gradient of the state that enters each tile, of the tile's own output; see ``carry`` for where it goes."""
    COMPUTE: tl.constexpr = rates.dtype.element_ty
    item, tile, _, channel, count = locate(tiles, blocks, blocks_a_group, block_channels, group_channels)
    step = tile * TILE + tl.arange(0, TILE)
    inside = step < length
    state = tl.arange(0, PADDED)
    real = state < STATES
    if C_VARIES:
        mask = real[:, None] & inside[None, :]
        projection = load_projection(
            C, item, channel, C_channels, C_item, C_group, C_state, state, step, mask, COMPUTE
        )  # fmt: skip
    for _ in range(count):
        rate = tl.load(rates + channel * STATES + state, mask=real, other=0.0)
        steps = delta + item * delta_item + channel * delta_channel
        size = step_sizes(raw_steps(steps, bias, channel, step, inside, COMPUTE), inside, SOFTPLUS)
        d_result = load(d_y + item * d_y_item + channel * d_y_channel, step, inside, COMPUTE)
        if z is not None:
            gate = load(z + item * z_item + channel * z_channel, step, inside, COMPUTE)
            d_result *= gate * sigmoid(gate)
        if not C_VARIES:
            projection = load(C, channel * STATES + state, real, COMPUTE)[:, None]
        passed = tl.cumsum(size, axis=0)
        from_start = tl.exp2(rate[:, None] * passed[None, :]) * (projection * d_result[None, :])
        row = (item * (tiles + 1) + tile) * channels + channel
        tl.store(d_states + row * STATES + state, tl.sum(from_start, axis=1), mask=real)
        channel += 1


@triton.jit(do_not_specialize=[*COUNTS, "C_channels"])
def gradients(
    d_y, u, delta, rates, B, C, skip, z, bias, states, d_states,
    d_u, d_delta, d_rates, d_B, d_C, d_skip, d_z, d_bias,
    length, channels, tiles, blocks, blocks_a_group, block_channels, group_channels, B_channels, C_channels,
    d_y_item, d_y_channel, u_item, u_channel, delta_item, delta_channel,
    B_item, B_group, B_state, C_item, C_group, C_state, z_item, z_channel,
    STATES: tl.constexpr, PADDED: tl.constexpr, TILE: tl.constexpr,
    SOFTPLUS: tl.constexpr, B_VARIES: tl.constexpr, C_VARIES: tl.constexpr,
):  # fmt: skip
    """Gradients, contiguous, from the states between tiles and their gradients; states within are computed again.

    ``d_u``, ``d_delta``, ``d_z`` (batch, D, L). What belongs to parameters is left as one share a tile, to be added
    up: ``d_rates`` (batch, tiles, D, N), here the gradient of A; ``d_skip``, ``d_bias`` (batch, tiles, D), each None
    where it is not wanted. ``d_B``, ``d_C``: one share a block of channels (batch, blocks, N, L), or one share a
    tile like ``d_rates`` where constant.
    """
    COMPUTE: tl.constexpr = rates.dtype.element_ty
    item, tile, block, channel, count = locate(tiles, blocks, blocks_a_group, block_channels, group_channels)
    lane = tl.arange(0, TILE)
    step = tile * TILE + lane
    inside = step < length
    mirrored = (tile + 1) * TILE - 1 - lane
    has_next = (lane > 0) & (mirrored + 1 < length)
    state = tl.arange(0, PADDED)
    real = state < STATES
    mask = real[:, None] & inside[None, :]
    if B_VARIES:
        B_tile = load_projection(
            B, item, channel, B_channels, B_item, B_group, B_state, state, step, mask, COMPUTE
        )  # fmt: skip
        B_share = tl.zeros((PADDED, TILE), COMPUTE)
    if C_VARIES:
        C_tile = load_projection(
            C, item, channel, C_channels, C_item, C_group, C_state, state, step, mask, COMPUTE
        )  # fmt: skip
        C_mirrored = load_projection(
            C, item, channel, C_channels, C_item, C_group, C_state, state, mirrored,
            real[:, None] & (mirrored < length)[None, :], COMPUTE,
        )  # fmt: skip
        C_share = tl.zeros((PADDED, TILE), COMPUTE)
    for _ in range(count):
        rate = tl.load(rates + channel * STATES + state, mask=real, other=0.0)
        steps = delta + item * delta_item + channel * delta_channel
        raw = raw_steps(steps, bias, channel, step, inside, COMPUTE)
        size = step_sizes(raw, inside, SOFTPLUS)
        next_size = step_sizes(raw_steps(steps, bias, channel, mirrored + 1, has_next, COMPUTE), has_next, SOFTPLUS)
        value = load(u + item * u_item + channel * u_channel, step, inside, COMPUTE)
        d_result = load(d_y + item * d_y_item + channel * d_y_channel, step, inside, COMPUTE)
        d_mirrored = load(d_y + item * d_y_item + channel * d_y_channel, mirrored, mirrored < length, COMPUTE)
        if not B_VARIES:
            B_tile = load(B, channel * STATES + state, real, COMPUTE)[:, None]
        if not C_VARIES:
            C_tile = load(C, channel * STATES + state, real, COMPUTE)[:, None]
            C_mirrored = C_tile
        between = (item * (tiles + 1) + tile) * channels + channel
        entering = tl.load(states + between * STATES + state, mask=real, other=0.0)
        d_leaving = tl.load(d_states + (between + channels) * STATES + state, mask=real, other=0.0)
        share = (item * tiles + tile) * channels + channel
        row = (item * channels + channel) * length

        decay = tl.exp2(rate[:, None] * size[None, :])
        inflow = B_tile * (size * value)[None, :]
        product, kept, _ = tl.associative_scan((decay, tl.zeros_like(inflow), inflow), 1, compose_with_kept)
        kept += product * entering[:, None]
        reached = kept + inflow
        if skip is not None:
            weight = tl.cast(tl.load(skip + channel), COMPUTE)
        if z is not None:
            gate = load(z + item * z_item + channel * z_channel, step, inside, COMPUTE)
            opening = sigmoid(gate)
            result = tl.sum(C_tile * reached, axis=0)
            if skip is not None:
                result += weight * value
            slope = opening * (1.0 + gate * (1.0 - opening))
            tl.store(d_z + row + step, d_result * result * slope, mask=inside)
            d_result *= gate * opening
            gate = load(z + item * z_item + channel * z_channel, mirrored, mirrored < length, COMPUTE)
            d_mirrored *= gate * sigmoid(gate)
        # From the last step to the first, each passes on what the next one's decay leaves of it. The tile is mirrored
        # once: associative_scan(reverse=True) would mirror every operand and result.
        next_decay = tl.exp2(rate[:, None] * next_size[None, :])
        product, own = tl.associative_scan((next_decay, C_mirrored * d_mirrored[None, :]), 1, compose)
        d_reached = tl.flip(own + product * d_leaving[:, None], 1)

        d_drive = tl.sum(d_reached * B_tile, axis=0)
        d_decay = d_reached * kept
        d_size = value * d_drive + tl.sum(d_decay * rate[:, None], axis=0) * LN_2
        d_value = size * d_drive
        if skip is not None:
            d_value += weight * d_result
            if d_skip is not None:
                tl.store(d_skip + share, tl.sum(d_result * value, axis=0))
        tl.store(d_u + row + step, d_value, mask=inside)
        if SOFTPLUS:
            d_size *= sigmoid(raw)
        tl.store(d_delta + row + step, d_size, mask=inside)
        if d_bias is not None:
            tl.store(d_bias + share, tl.sum(tl.where(inside, d_size, 0.0), axis=0))
        if d_rates is not None:
            tl.store(d_rates + share * STATES + state, tl.sum(d_decay * size[None, :], axis=1), mask=real)
        d_B_tile = d_reached * (size * value)[None, :]
        d_C_tile = reached * d_result[None, :]
        if B_VARIES:
            B_share += d_B_tile
        elif d_B is not None:
            tl.store(d_B + share * STATES + state, tl.sum(d_B_tile, axis=1), mask=real)
        if C_VARIES:
            C_share += d_C_tile
        elif d_C is not None:
            tl.store(d_C + share * STATES + state, tl.sum(d_C_tile, axis=1), mask=real)
        channel += 1
    places = ((item * blocks + block) * STATES + state[:, None]) * length + step[None, :]
    if B_VARIES:
        tl.store(d_B + places, B_share, mask=mask)
    if C_VARIES:
        tl.store(d_C + places, C_share, mask=mask)
