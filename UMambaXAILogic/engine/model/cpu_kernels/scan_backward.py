"""Compiled backward kernel of the fused CPU scan: one call computes one block of channels of one batch item.

It walks the tiles from last to first. The states within a tile are computed again from the checkpoint before it, then
the gradient g of the state runs back through the tile::

    g[l]        = d_y[l] C[l] + exp(dt[l+1] A) g[l+1]
    d_u[l]      = dt[l] (g[l] . B[l]) + D d_y[l]
    d_dt[l]     = u[l] (g[l] . B[l]) + sum(A g[l] exp(dt[l] A) x[l-1])
    d_B[l]     += dt[l] u[l] g[l]                       over channels
    d_C[l]     += d_y[l] x[l]                           over channels
    d_A        += dt[l] g[l] exp(dt[l] A) x[l-1]        over steps
"""

from __future__ import annotations

import math

import numpy as np

from .compilation import kernel, part
from .lane_math import LN_2, LOG2_E, exp2_minus_one, sigmoid
from .lanes import (
    LANES,
    add_sums,
    broadcast,
    largest,
    load,
    load_every_fourth,
    load_every_second,
    load_one,
    multiply_add,
    store,
    transpose,
)
from .scan_tiles import (
    PAIR,
    STAGGER,
    TILE_STEPS,
    largest_step,
    load_projection,
    load_row,
    load_steps,
    prefetch_row,
    store_row,
    total_of,
)


@part
def _retrace(step, drive, i, rate, bound, B_now, decay, trail, at, state):
    """The state of one channel after a step; trail gets what the step keeps of the state before it."""
    loss = exp2_minus_one(rate, load_one(step, i), bound)
    kept = multiply_add(loss, state, state)
    store(decay, at, loss)
    store(trail, at, kept)
    return multiply_add(broadcast(load_one(drive, i), state), B_now, kept)


@part
def _retrace_tile(step, drive, steps, rate, other_rate, bound, B, offset, decay, trail, state, other):
    """Recompute one group of states of two channels from the checkpoint."""
    for i in range(steps):
        at = offset + i * LANES
        B_now = load(B, at)
        state = _retrace(step, drive, i, rate, bound, B_now, decay, trail, at, state)
        beside, i_beside = at + trail.shape[1], i + TILE_STEPS
        other = _retrace(step, drive, i_beside, other_rate, bound, B_now, decay, trail, beside, other)


@part
def _output_tile(drive, steps, B, C, offset, trail, y):
    """Add C . x of two channels to y (step, channel), from what ``_retrace_tile`` left."""
    for i in range(0, steps, 2):
        at = offset + i * LANES
        a, b = _outputs(drive, i, load(B, at), load(C, at), trail, at)
        at += LANES
        c, d = _outputs(drive, i + 1, load(B, at), load(C, at), trail, at)
        add_sums(y, PAIR * i, a, b, c, d)


@part
def _outputs(drive, i, B_now, C_now, trail, at):
    """C x of two channels, one state a lane."""
    kept, other = load(trail, at), load(trail, at + trail.shape[1])
    state = multiply_add(broadcast(load_one(drive, i), kept), B_now, kept)
    other = multiply_add(broadcast(load_one(drive, i + TILE_STEPS), kept), B_now, other)
    return state * C_now, other * C_now


@part
def _reverse_tile(
    step, drive, d_y, steps, B, C, offset, decay, trail, rate, other_rate, g, other, d_B, d_C, share, through
):  # fmt: skip
    """Take one group's gradients of two channels back through the tile.

    Returns them and the gradients of both decay rates. ``through`` (step, 4) gets what goes through B and through A
    for the one channel, then for the other.
    """
    d_rate, other_d_rate = broadcast(0.0, g), broadcast(0.0, g)
    for i in range(steps - 1, -1, -1):
        at = offset + i * LANES
        beside, i_beside = at + trail.shape[1], i + TILE_STEPS
        B_now, C_now = load(B, at), load(C, at)
        drive_now, other_drive = broadcast(load_one(drive, i), g), broadcast(load_one(drive, i_beside), g)
        d_now, other_d = broadcast(load_one(d_y, i), g), broadcast(load_one(d_y, i_beside), g)
        kept, other_kept = load(trail, at), load(trail, beside)
        g, other = multiply_add(d_now, C_now, g), multiply_add(other_d, C_now, other)
        to_C = multiply_add(d_now, multiply_add(drive_now, B_now, kept), load(d_C, share + i * LANES))
        to_C = multiply_add(other_d, multiply_add(other_drive, B_now, other_kept), to_C)
        to_B = multiply_add(other_drive, other, multiply_add(drive_now, g, load(d_B, share + i * LANES)))
        store(d_C, share + i * LANES, to_C)
        store(d_B, share + i * LANES, to_B)
        through_kept, through_other = g * kept, other * other_kept
        add_sums(through, 4 * i, g * B_now, through_kept * rate, other * B_now, through_other * other_rate)
        d_rate = multiply_add(through_kept, broadcast(load_one(step, i), g), d_rate)
        other_d_rate = multiply_add(through_other, broadcast(load_one(step, i_beside), g), other_d_rate)
        g, other = multiply_add(load(decay, at), g, g), multiply_add(load(decay, beside), other, other)
    return g, other, d_rate, other_d_rate


@kernel
def backward(
    u, delta, rates, B, C, D, z, bias, use_softplus, first, last, begin, end, checkpoints,
    d_output, d_states, d_u, d_delta, d_A, d_B, d_C, d_D, d_z, d_bias,
):  # fmt: skip
    """Propagate gradients through steps ``begin`` to ``end`` of channels ``first`` to ``last``, last step first.

    Shapes and dtypes as in the forward kernel; ``begin`` is a multiple of ``TILE_STEPS``. ``d_states`` (channels,
    padded N) goes from the gradient of the state at ``end`` to that of the state at ``begin``. d_A (channels, padded
    N), d_D and d_bias (channels,) accumulate. This block's share of the gradients of B and C goes to d_B and d_C
    (groups of states, at least end - begin, LANES).
    """
    dtype = rates.dtype
    zero = dtype.type(0)
    padded = rates.shape[1]
    buffers = np.zeros((2 + 2 * PAIR, TILE_STEPS * padded + STAGGER), dtype)
    B_tile, C_tile, decay, trail = buffers[0], buffers[1], buffers[2:4], buffers[4:6]
    step = np.zeros((PAIR, TILE_STEPS), dtype)
    value = np.zeros((PAIR, TILE_STEPS), dtype)
    drive = np.zeros((PAIR, TILE_STEPS), dtype)
    d_y = np.zeros((PAIR, TILE_STEPS), dtype)
    y = np.empty(PAIR * TILE_STEPS, dtype)
    through = np.empty(4 * TILE_STEPS, dtype)
    gate = np.empty(TILE_STEPS, dtype)
    row = np.empty(TILE_STEPS, dtype)
    for tile in range((end + TILE_STEPS - 1) // TILE_STEPS - 1, begin // TILE_STEPS - 1, -1):
        start = tile * TILE_STEPS
        stop = min(start + TILE_STEPS, end)
        steps = stop - start
        load_projection(B, start, stop, B_tile)
        load_projection(C, start, stop, C_tile)
        for group in range(padded // LANES):
            for i in range(start - begin, stop - begin):
                nothing = broadcast(0.0, load(B_tile, 0))
                store(d_B, (group * d_B.shape[1] + i) * LANES, nothing)
                store(d_C, (group * d_B.shape[1] + i) * LANES, nothing)
        for channel in range(first, last, PAIR):
            paired = channel + 1 < last
            for ahead in range(channel + PAIR, min(channel + 2 * PAIR, last)):
                prefetch_row(u, ahead, start, stop)
                prefetch_row(delta, ahead, start, stop)
                prefetch_row(d_output, ahead, start, stop)
                prefetch_row(d_u, ahead, start, stop)
                prefetch_row(d_delta, ahead, start, stop)
                if z.size:
                    prefetch_row(z, ahead, start, stop)
                    prefetch_row(d_z, ahead, start, stop)
            reach = zero
            for side in range(1 + paired):
                now = channel + side
                load_steps(delta, now, bias[now] if bias.size else zero, use_softplus, start, stop, step[side])
                load_row(u, now, start, stop, value[side])
                load_row(d_output, now, start, stop, d_y[side])
                for i in range(0, steps, LANES):
                    store(drive[side], i, load(value[side], i) * load(step[side], i))
                reach = max(reach, largest_step(step[side], steps))
            if not paired:
                step[1], drive[1], d_y[1] = zero, zero, zero
            for i in range(0, 4 * steps, LANES):
                store(through, i, broadcast(0.0, load(through, i)))

            if z.size:
                for i in range(0, PAIR * steps, LANES):
                    store(y, i, broadcast(0.0, load(y, i)))
            for group in range(0, padded, LANES):
                at = channel * padded + group
                beside = at + padded if paired else at
                offset = group * TILE_STEPS
                rate, other_rate = load(rates, at), load(rates, beside)
                state = load(checkpoints, tile * rates.size + at)
                other = load(checkpoints, tile * rates.size + beside)
                bound = reach * max(largest(rate), largest(other_rate))
                if bound <= 0.5:
                    _retrace_tile(
                        step, drive, steps, rate, other_rate, 0.5, B_tile, offset, decay, trail, state, other
                    )  # fmt: skip
                elif bound <= 126:
                    _retrace_tile(
                        step, drive, steps, rate, other_rate, 126.0, B_tile, offset, decay, trail, state, other
                    )  # fmt: skip
                else:
                    _retrace_tile(
                        step, drive, steps, rate, other_rate, math.inf, B_tile, offset, decay, trail, state, other
                    )  # fmt: skip
                if z.size:
                    _output_tile(drive, steps, B_tile, C_tile, offset, trail, y)

            if z.size:
                for side in range(1 + paired):
                    now = channel + side
                    skip = D[now] if D.size else zero
                    load_row(z, now, start, stop, gate)
                    for i in range(0, steps, LANES):
                        gate_now = load(gate, i)
                        opening = sigmoid(gate_now)
                        d_now = load(d_y[side], i)
                        slope = opening * (gate_now * (1.0 - opening) + 1.0)
                        y_now = load(value[side], i) * skip + load_every_second(y, PAIR * i + side)
                        store(row, i, d_now * y_now * slope)
                        store(d_y[side], i, d_now * gate_now * opening)
                    store_row(row, d_z, now, start, stop)

            for group in range(0, padded, LANES):
                at = channel * padded + group
                beside = at + padded if paired else at
                share = (group // LANES * d_B.shape[1] + start - begin) * LANES
                g, other, d_rate, other_d_rate = _reverse_tile(
                    step, drive, d_y, steps, B_tile, C_tile, group * TILE_STEPS, decay, trail, load(rates, at),
                    load(rates, beside), load(d_states, at), load(d_states, beside), d_B, d_C, share, through,
                )  # fmt: skip
                if paired:
                    store(d_states, beside, other)
                    store(d_A, beside, load(d_A, beside) + other_d_rate)
                store(d_states, at, g)
                store(d_A, at, load(d_A, at) + d_rate)

            for side in range(1 + paired):
                now = channel + side
                skip = D[now] if D.size else zero
                for i in range(0, steps, LANES):
                    d_now = load(d_y[side], i)
                    value_now = load(value[side], i)
                    step_now = load(step[side], i)
                    inner = load_every_fourth(through, 4 * i + 2 * side)
                    store(row, i, inner * step_now + d_now * skip)
                    d_step = value_now * inner + load_every_fourth(through, 4 * i + 2 * side + 1) * LN_2
                    if use_softplus:  # its slope is sigmoid(x) = 1 - exp(-softplus(x))
                        d_step = d_step * (0.0 - exp2_minus_one(step_now, -LOG2_E, math.inf))
                    store(gate, i, d_step)
                    store(d_y[side], i, d_now * value_now)
                store_row(row, d_u, now, start, stop)
                store_row(gate, d_delta, now, start, stop)
                if D.size:
                    d_D[now] += total_of(d_y[side], steps)
                if bias.size:
                    d_bias[now] += total_of(gate, steps)


@kernel
def add_shares(shares, first, last, start, stop, gradient, begin):
    """Sum the shares of blocks ``first`` to ``last``, in that order, for steps ``start`` to ``stop`` of the shares.

    shares (blocks, groups of states, steps, LANES); gradient (padded N, L) is written from step ``begin + start`` on.
    """
    groups, steps = shares.shape[1:3]
    length = gradient.shape[1]
    sums = np.empty(LANES * LANES, shares.dtype)
    for group in range(groups):
        for at in range(start, stop, LANES):
            count = min(LANES, stop - at)
            for i in range(count):
                result = load(shares, ((first * groups + group) * steps + at + i) * LANES)
                for block in range(first + 1, last):
                    result = result + load(shares, ((block * groups + group) * steps + at + i) * LANES)
                store(sums, i * LANES, result)
            if count == LANES:
                transpose(sums, 0, LANES, gradient, group * LANES * length + begin + at, length)
            else:
                for i in range(count):
                    for n in range(LANES):
                        gradient[group * LANES + n, begin + at + i] = sums[i * LANES + n]
