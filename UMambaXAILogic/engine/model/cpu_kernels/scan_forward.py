"""Compiled forward kernel of the fused CPU scan: one call computes one block of channels of one batch item.

It walks the sequence in tiles. Within a tile the projections B and C are transposed once to (step, state), where all
channels of the block share them. Two channels at a time then run the recurrence, each with its states in vector
registers: what is read of B and C serves both, and neither waits for the other's result of the step before.
"""

from __future__ import annotations

import math

import numpy as np

from .compilation import kernel, part
from .lane_math import exp2_minus_one, sigmoid
from .lanes import LANES, add_sums, broadcast, largest, load, load_every_second, load_one, multiply_add, store
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
)


@part
def _scan_tile(step, drive, steps, rate, other_rate, bound, B, C, offset, decay, state, other, y):
    """Advance one group of states of two channels through the tile; returns both at its end.

    y (step, channel) gets C . x added. An odd last step has a companion that changes nothing, since drive and size of
    the steps beyond the last are 0.
    """
    for first in range(0, steps, LANES):
        for i in range(LANES):
            store(decay, i * LANES, exp2_minus_one(rate, load_one(step, first + i), bound))
            store(decay, (i + LANES) * LANES, exp2_minus_one(other_rate, load_one(step, first + i + TILE_STEPS), bound))
        for j in range(0, min(LANES, steps - first), 2):
            i = first + j
            at, beside = offset + i * LANES, i + TILE_STEPS
            B_now, C_now = load(B, at), load(C, at)
            kept = multiply_add(load(decay, j * LANES), state, state)
            other_kept = multiply_add(load(decay, (j + LANES) * LANES), other, other)
            state = multiply_add(broadcast(load_one(drive, i), state), B_now, kept)
            other = multiply_add(broadcast(load_one(drive, beside), state), B_now, other_kept)
            a, b = state * C_now, other * C_now
            B_now, C_now = load(B, at + LANES), load(C, at + LANES)
            kept = multiply_add(load(decay, (j + 1) * LANES), state, state)
            other_kept = multiply_add(load(decay, (j + 1 + LANES) * LANES), other, other)
            state = multiply_add(broadcast(load_one(drive, i + 1), state), B_now, kept)
            other = multiply_add(broadcast(load_one(drive, beside + 1), state), B_now, other_kept)
            add_sums(y, PAIR * i, a, b, state * C_now, other * C_now)
    return state, other


@kernel
def forward(u, delta, rates, B, C, D, z, bias, use_softplus, first, last, output, states, checkpoints):
    """Scan channels ``first`` to ``last``.

    Shapes: u, delta, z, output (channels, L); rates, states (channels, padded N), rates being A log2(e);
    B, C (N, L or 1); D, bias (channels,); checkpoints (tiles, channels, padded N) take the state before every tile.
    Options that are not wanted (D, z, bias, checkpoints) have size 0. Everything is contiguous. u, delta, z and output
    are of the dtype of the others, which is that of the computation, or all four are the bits of bfloat16. ``states``
    goes from the first state to the last.
    """
    dtype = rates.dtype
    zero = dtype.type(0)
    padded = rates.shape[1]
    length = u.shape[1]
    buffers = np.zeros((2, TILE_STEPS * padded + STAGGER), dtype)
    B_tile, C_tile = buffers[0], buffers[1]
    value = np.zeros((PAIR, TILE_STEPS), dtype)
    step = np.zeros((PAIR, TILE_STEPS), dtype)
    drive = np.zeros((PAIR, TILE_STEPS), dtype)
    decay = np.empty(PAIR * LANES * LANES, dtype)
    y = np.empty(PAIR * TILE_STEPS, dtype)
    row = np.empty(TILE_STEPS, dtype)
    for tile in range((length + TILE_STEPS - 1) // TILE_STEPS):
        start = tile * TILE_STEPS
        stop = min(start + TILE_STEPS, length)
        steps = stop - start
        load_projection(B, start, stop, B_tile)
        load_projection(C, start, stop, C_tile)
        for channel in range(first, last, PAIR):
            paired = channel + 1 < last
            for ahead in range(channel + PAIR, min(channel + 2 * PAIR, last)):
                prefetch_row(output, ahead, start, stop)
                prefetch_row(u, ahead, start, stop)
                prefetch_row(delta, ahead, start, stop)
                if z.size:
                    prefetch_row(z, ahead, start, stop)
            reach = zero
            for side in range(1 + paired):
                now = channel + side
                if checkpoints.size:
                    for at in range(now * padded, (now + 1) * padded, LANES):
                        store(checkpoints, tile * states.size + at, load(states, at))
                load_steps(delta, now, bias[now] if bias.size else zero, use_softplus, start, stop, step[side])
                load_row(u, now, start, stop, value[side])
                for i in range(0, steps, LANES):
                    store(drive[side], i, load(value[side], i) * load(step[side], i))
                reach = max(reach, largest_step(step[side], steps))
            if not paired:
                step[1], drive[1] = zero, zero
            for i in range(0, PAIR * steps, LANES):
                store(y, i, broadcast(0.0, load(y, i)))

            for group in range(0, padded, LANES):
                at = channel * padded + group
                beside = at + padded if paired else at
                offset = group * TILE_STEPS
                rate, state = load(rates, at), load(states, at)
                other_rate, other = load(rates, beside), load(states, beside)
                bound = reach * max(largest(rate), largest(other_rate))
                # Three loops rather than one, so that none decides anything per step.
                if bound <= 0.5:
                    state, other = _scan_tile(
                        step, drive, steps, rate, other_rate, 0.5, B_tile, C_tile, offset, decay, state, other, y
                    )  # fmt: skip
                elif bound <= 126:
                    state, other = _scan_tile(
                        step, drive, steps, rate, other_rate, 126.0, B_tile, C_tile, offset, decay, state, other, y
                    )  # fmt: skip
                else:
                    state, other = _scan_tile(
                        step, drive, steps, rate, other_rate, math.inf, B_tile, C_tile, offset, decay, state, other, y
                    )  # fmt: skip
                store(states, beside, other)
                store(states, at, state)

            for side in range(1 + paired):
                now = channel + side
                skip = D[now] if D.size else zero
                for i in range(0, steps, LANES):
                    store(
                        row,
                        i,
                        multiply_add(
                            load(value[side], i), broadcast(skip, load(row, i)), load_every_second(y, PAIR * i + side)
                        ),
                    )
                if z.size:
                    load_row(z, now, start, stop, drive[side])
                    for i in range(0, steps, LANES):
                        gate = load(drive[side], i)
                        store(row, i, load(row, i) * gate * sigmoid(gate))
                store_row(row, output, now, start, stop)
