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
from .lanes import LANES, broadcast, largest, load, multiply_add, store, total, totals, transpose
from .scan_tiles import (
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
def _retrace_tile(step, drive, steps, rate, bound, B, offset, decay, state, trail):
    """Recompute one group of states from the checkpoint; trail gets what each step keeps of the state before it."""
    for i in range(steps):
        at = offset + i * LANES
        loss = exp2_minus_one(rate, step[i], bound)
        kept = multiply_add(loss, state, state)
        store(decay, at, loss)
        store(trail, at, kept)
        state = multiply_add(broadcast(drive[i], state), load(B, at), kept)


@part
def _output_tile(drive, steps, B, C, offset, trail, products, y):
    """Add C . x to y, from what ``_retrace_tile`` left."""
    for first in range(0, steps, LANES):
        for i in range(first, min(first + LANES, steps)):
            at = offset + i * LANES
            kept = load(trail, at)
            state = multiply_add(broadcast(drive[i], kept), load(B, at), kept)
            store(products, (i - first) * LANES, state * load(C, at))
        store(y, first, load(y, first) + totals(products, 0))


@part
def _reverse_tile(
    step, drive, d_y, steps, B, C, offset, decay, trail, rate, g, d_B, d_C, share, through_B, through_A
):  # fmt: skip
    """Take one group's gradient back through the tile; returns it and the gradient of the decay rates."""
    d_rate = broadcast(0.0, g)
    for i in range(steps - 1, -1, -1):
        at = offset + i * LANES
        B_now = load(B, at)
        d_y_now = broadcast(d_y[i], g)
        drive_now = broadcast(drive[i], g)
        kept = load(trail, at)
        g = multiply_add(d_y_now, load(C, at), g)
        state = multiply_add(drive_now, B_now, kept)
        store(d_C, share + i * LANES, multiply_add(d_y_now, state, load(d_C, share + i * LANES)))
        store(d_B, share + i * LANES, multiply_add(drive_now, g, load(d_B, share + i * LANES)))
        through_B[i] += total(g * B_now)
        through_kept = g * kept
        through_A[i] += total(through_kept * rate)
        d_rate = multiply_add(through_kept, broadcast(step[i], g), d_rate)
        g = multiply_add(load(decay, at), g, g)
    return g, d_rate


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
    B_tile = np.zeros(TILE_STEPS * padded, dtype)
    C_tile = np.zeros(TILE_STEPS * padded, dtype)
    decay = np.empty(TILE_STEPS * padded, dtype)
    trail = np.empty(TILE_STEPS * padded, dtype)
    products = np.zeros(LANES * LANES, dtype)
    step = np.empty(TILE_STEPS, dtype)
    value = np.empty(TILE_STEPS, dtype)
    drive = np.empty(TILE_STEPS, dtype)
    gate = np.empty(TILE_STEPS, dtype)
    d_y = np.empty(TILE_STEPS, dtype)
    y = np.empty(TILE_STEPS, dtype)
    through_B = np.empty(TILE_STEPS, dtype)
    through_A = np.empty(TILE_STEPS, dtype)
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
        for channel in range(first, last):
            shift = bias[channel] if bias.size else zero
            skip = D[channel] if D.size else zero
            if channel + 1 < last:
                prefetch_row(u, channel + 1, start, stop)
                prefetch_row(delta, channel + 1, start, stop)
                prefetch_row(d_output, channel + 1, start, stop)
                prefetch_row(d_u, channel + 1, start, stop)
                prefetch_row(d_delta, channel + 1, start, stop)
                if z.size:
                    prefetch_row(z, channel + 1, start, stop)
                    prefetch_row(d_z, channel + 1, start, stop)
            load_steps(delta, channel, shift, use_softplus, start, stop, step)
            load_row(u, channel, start, stop, value)
            load_row(d_output, channel, start, stop, d_y)
            if z.size:
                load_row(z, channel, start, stop, gate)
            for i in range(0, steps, LANES):
                value_now = load(value, i)
                store(y, i, value_now * skip)
                store(drive, i, value_now * load(step, i))
                store(through_B, i, value_now * zero)
                store(through_A, i, value_now * zero)

            reach = largest_step(step, steps)
            for group in range(0, padded, LANES):
                at = channel * padded + group
                offset = group * TILE_STEPS
                rate, state = load(rates, at), load(checkpoints, tile * rates.size + at)
                bound = reach * largest(rate)
                if bound <= 0.5:
                    _retrace_tile(step, drive, steps, rate, 0.5, B_tile, offset, decay, state, trail)
                elif bound <= 126:
                    _retrace_tile(step, drive, steps, rate, 126.0, B_tile, offset, decay, state, trail)
                else:
                    _retrace_tile(step, drive, steps, rate, math.inf, B_tile, offset, decay, state, trail)
                if z.size:
                    _output_tile(drive, steps, B_tile, C_tile, offset, trail, products, y)

            if z.size:
                for i in range(0, steps, LANES):
                    gate_now = load(gate, i)
                    opening = sigmoid(gate_now)
                    d_now = load(d_y, i)
                    slope = opening * (gate_now * (1.0 - opening) + 1.0)
                    store(y, i, d_now * load(y, i) * slope)
                    store(d_y, i, d_now * gate_now * opening)
                store_row(y, d_z, channel, start, stop)

            for group in range(0, padded, LANES):
                at = channel * padded + group
                share = (group // LANES * d_B.shape[1] + start - begin) * LANES
                g, d_rate = _reverse_tile(
                    step, drive, d_y, steps, B_tile, C_tile, group * TILE_STEPS, decay, trail, load(rates, at),
                    load(d_states, at), d_B, d_C, share, through_B, through_A,
                )  # fmt: skip
                store(d_states, at, g)
                store(d_A, at, load(d_A, at) + d_rate)

            for i in range(0, steps, LANES):
                d_now = load(d_y, i)
                value_now = load(value, i)
                step_now = load(step, i)
                inner = load(through_B, i)
                store(y, i, inner * step_now + d_now * skip)
                d_step = value_now * inner + load(through_A, i) * LN_2
                if use_softplus:  # its slope is sigmoid(x) = 1 - exp(-softplus(x))
                    d_step = d_step * (0.0 - exp2_minus_one(step_now, -LOG2_E, math.inf))
                store(through_A, i, d_step)
                store(d_y, i, d_now * value_now)
            store_row(y, d_u, channel, start, stop)
            store_row(through_A, d_delta, channel, start, stop)
            if D.size:
                d_D[channel] += total_of(d_y, steps)
            if bias.size:
                d_bias[channel] += total_of(through_A, steps)


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
