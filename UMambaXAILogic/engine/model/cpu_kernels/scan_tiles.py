"""What the forward and the backward kernel do alike with one tile of the sequence.

A tile is at most ``TILE_STEPS`` steps. Buffers for it are flat arrays: one number a step, or LANES states a step.
States come in groups of LANES, padded with states that stay zero.
"""

from __future__ import annotations

from .compilation import part
from .lane_math import softplus
from .lanes import LANES, broadcast, largest, load, load_one, prefetch, store, store_one, total, transpose

TILE_STEPS = 512
"""Steps a tile, and between two checkpoints: its buffers fit the second-level cache, and what is read from the rows of
many channels in turn is long enough for the hardware to fetch ahead."""

PAIR = 2
"""Channels that the loops over steps compute together."""

STAGGER = 5 * LANES
"""Elements between the buffers of a tile, whose length is a power of two: without it, what is read and written of all
of them at one step would share one set of the first-level cache, which holds less than that."""


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
            buffer[i] = load_one(array, source + i)


@part
def prefetch_row(array, channel, start, stop):
    """Bring steps of one channel of (channels, L) into the cache while something else is computed."""
    source = channel * array.shape[1]
    for i in range(start, stop, LANES):
        prefetch(array, source + i)


@part
def store_row(buffer, array, channel, start, stop):
    """Write a buffer to steps of one channel of (channels, L)."""
    steps = stop - start
    target = channel * array.shape[1] + start
    whole = steps // LANES * LANES
    for i in range(0, whole, LANES):
        store(array, target + i, load(buffer, i))
    for i in range(whole, steps):
        store_one(array, target + i, buffer[i])


@part
def load_steps(delta, channel, shift, use_softplus, start, stop, buffer):
    """Step sizes of one channel: delta plus bias, through softplus where asked; as ``load_row`` where they end."""
    load_row(delta, channel, start, stop, buffer)
    steps = stop - start
    for i in range(0, steps, LANES):
        step = load(buffer, i) + shift
        store(buffer, i, softplus(step) if use_softplus else step)
    for i in range(steps, -(-steps // LANES) * LANES):
        buffer[i] = 0


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
def largest_step(step, steps):
    """The largest magnitude among the step sizes of a tile."""
    reach = largest(load(step, 0))
    for i in range(LANES, steps, LANES):
        reach = max(reach, largest(load(step, i)))
    return reach


@part
def total_of(values, count):
    """The sum of the first ``count`` values of a buffer."""
    whole = count // LANES * LANES
    sums = broadcast(0.0, load(values, 0))
    for i in range(0, whole, LANES):
        sums = sums + load(values, i)
    result = total(sums)
    for i in range(whole, count):
        result += values[i]
    return result
