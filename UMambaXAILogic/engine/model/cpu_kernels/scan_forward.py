"""Compiled forward kernel of the fused CPU scan: one call computes one block of channels of one batch item.

It walks the sequence in tiles. Within a tile the projections B and C are transposed once to (step, state), where all
channels of the block share them; each channel then runs the recurrence with its states in vector registers.
"""

from __future__ import annotations

import math

import numpy as np

from .compilation import kernel, part
from .lane_math import exp2_minus_one, sigmoid
from .lanes import LANES, broadcast, largest, load, load_one, multiply_add, store, totals
from .scan_tiles import TILE_STEPS, largest_step, load_projection, load_row, load_steps, prefetch_row, store_row


@part
def _scan_tile(step, drive, steps, rate, bound, B, C, offset, products, state, y):
    """Advance one group of states through the tile, adding C . x to y; returns the state at its end."""
    for first in range(0, steps, LANES):
        for i in range(first, min(first + LANES, steps)):
            at = offset + i * LANES
            kept = multiply_add(exp2_minus_one(rate, load_one(step, i), bound), state, state)
            state = multiply_add(broadcast(load_one(drive, i), state), load(B, at), kept)
            store(products, (i - first) * LANES, state * load(C, at))
        store(y, first, load(y, first) + totals(products, 0))
    return state


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
    B_tile = np.zeros(TILE_STEPS * padded, dtype)
    C_tile = np.zeros(TILE_STEPS * padded, dtype)
    products = np.zeros(LANES * LANES, dtype)
    step = np.empty(TILE_STEPS, dtype)
    drive = np.empty(TILE_STEPS, dtype)
    y = np.empty(TILE_STEPS, dtype)
    gate = np.empty(TILE_STEPS, dtype)
    for tile in range((length + TILE_STEPS - 1) // TILE_STEPS):
        start = tile * TILE_STEPS
        stop = min(start + TILE_STEPS, length)
        steps = stop - start
        load_projection(B, start, stop, B_tile)
        load_projection(C, start, stop, C_tile)
        for channel in range(first, last):
            if checkpoints.size:
                for at in range(channel * padded, (channel + 1) * padded, LANES):
                    store(checkpoints, tile * states.size + at, load(states, at))
            if channel + 1 < last:
                prefetch_row(output, channel + 1, start, stop)
                prefetch_row(u, channel + 1, start, stop)
                prefetch_row(delta, channel + 1, start, stop)
                if z.size:
                    prefetch_row(z, channel + 1, start, stop)
            load_steps(delta, channel, bias[channel] if bias.size else zero, use_softplus, start, stop, step)
            load_row(u, channel, start, stop, drive)
            skip = D[channel] if D.size else zero
            for i in range(0, steps, LANES):
                value = load(drive, i)
                store(y, i, value * skip)
                store(drive, i, value * load(step, i))
            reach = largest_step(step, steps)
            for group in range(0, padded, LANES):
                at = channel * padded + group
                offset = group * TILE_STEPS
                rate, state = load(rates, at), load(states, at)
                bound = reach * largest(rate)
                # Three loops rather than one, so that none decides anything per step.
                if bound <= 0.5:
                    state = _scan_tile(step, drive, steps, rate, 0.5, B_tile, C_tile, offset, products, state, y)
                elif bound <= 126:
                    state = _scan_tile(step, drive, steps, rate, 126.0, B_tile, C_tile, offset, products, state, y)
                else:
                    state = _scan_tile(step, drive, steps, rate, math.inf, B_tile, C_tile, offset, products, state, y)
                store(states, at, state)
            if z.size:
                load_row(z, channel, start, stop, gate)
                for i in range(0, steps, LANES):
                    value = load(gate, i)
                    store(y, i, load(y, i) * value * sigmoid(value))
            store_row(y, output, channel, start, stop)
