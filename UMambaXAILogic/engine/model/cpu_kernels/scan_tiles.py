"""What the forward and the backward kernel do alike with one tile of the sequence.

A tile is at most ``TILE_STEPS`` steps. Buffers for it are flat arrays: one number a step, or LANES states a step.
States come in groups of LANES, padded with states that stay zero.
"""

from __future__ import annotations

import math

from .compilation import part
from .lane_math import exp2_minus_one, softplus
from .lanes import LANES, broadcast, largest, load, multiply_add, store, total, transpose

TILE_STEPS = 256
"""Steps a tile, and between two checkpoints: the buffers of one tile fit the first-level caches."""


@part
def load_row(array, channel, start, stop, buffer):
    """Bring steps of one channel of (channels, L) into a buffer; the rest of the last whole lanes becomes zero."""
    steps = stop - start
    source = channel * array.shape[1] + start
    whole = steps // LANES * LANES
    for i in range(0, whole, LANES):
        store(buffer, i, load(array, source + i))
    if whole < steps:
        store(buffer, whole, broadcast(0.0, load(buffer, whole)))
        for i in range(whole, steps):
            buffer[i] = array[channel, start + i]


@part
def store_row(buffer, array, channel, start, stop):
    """Write a buffer to steps of one channel of (channels, L)."""
    steps = stop - start
    target = channel * array.shape[1] + start
    whole = steps // LANES * LANES
    for i in range(0, whole, LANES):
        store(array, target + i, load(buffer, i))
    for i in range(whole, steps):
        array[channel, start + i] = buffer[i]


@part
def load_steps(delta, channel, shift, use_softplus, start, stop, buffer):
    """Step sizes of one channel: delta plus bias, through softplus where asked."""
    load_row(delta, channel, start, stop, buffer)
    for i in range(0, stop - start, LANES):
        step = load(buffer, i) + shift
        store(buffer, i, softplus(step) if use_softplus else step)


@part
def load_projection(projection, start, stop, buffer):
    """B or C, given as (N, L) or constant as (N, 1), as (group of states, step, LANES)."""
    states, length = projection.shape
    for first in range(0, states, LANES):
        offset = first * TILE_STEPS
        whole = first + LANES <= states
        at = start
        if length > 1 and whole:
            while at + LANES <= stop:
                transpose(projection, first * length + at, length, buffer, offset, LANES)
                at += LANES
                offset += LANES * LANES
        count = min(LANES, states - first)
        for i in range(at, stop):
            for n in range(count):
                buffer[offset + n] = projection[first + n, i if length > 1 else 0]
            offset += LANES


@part
def decay_tile(step, steps, rate, decay, offset):
    """exp(step A) - 1 for one group of states; ``rate`` is A log2(e)."""
    reach = largest(load(step, 0))
    for i in range(LANES, steps, LANES):
        reach = max(reach, largest(load(step, i)))
    bound = reach * largest(rate)
    # Three loops rather than one, so that none decides anything per step.
    if bound <= 0.5:
        for i in range(steps):
            store(decay, offset + i * LANES, exp2_minus_one(rate, step[i], 0.5))
    elif bound <= 126:
        for i in range(steps):
            store(decay, offset + i * LANES, exp2_minus_one(rate, step[i], 126.0))
    else:
        for i in range(steps):
            store(decay, offset + i * LANES, exp2_minus_one(rate, step[i], math.inf))


@part
def scan_tile(step, drive, steps, B, C, offset, decay, state, y):
    """Advance one group of states through the tile, adding C . x to y; returns the state at its end."""
    for i in range(steps):
        at = i * LANES
        kept = multiply_add(load(decay, at), state, state)
        state = multiply_add(broadcast(drive[i], state), load(B, offset + at), kept)
        y[i] += total(state * load(C, offset + at))
    return state
