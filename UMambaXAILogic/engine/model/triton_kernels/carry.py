"""The state from tile to tile: the recurrence itself, with one step a tile."""

from __future__ import annotations

import triton
import triton.language as tl

from .tiles import compose


@triton.jit(do_not_specialize=["channels", "tiles"])
def carry(
    states, durations, rates, channels, tiles,
    STATES: tl.constexpr, PADDED: tl.constexpr, SPAN: tl.constexpr, REVERSE: tl.constexpr,
):  # fmt: skip
    """Turn what every tile adds to the state into the state between tiles, in place.

    ``states`` (batch, tiles + 1, D, N): forwards, the first is given, and the one after tile t holds what t adds;
    in reverse, the last is given, and the one before tile t holds what t adds. ``durations`` (batch, tiles, D) are
    sums of step sizes, ``rates`` (D, N) is A log2(e). A program has one channel of a batch item and takes SPAN tiles
    at a time.
    """
    program = tl.cast(tl.program_id(0), tl.int64)
    channels = tl.cast(channels, tl.int64)
    item, channel = program // channels, program % channels
    state = tl.arange(0, PADDED)
    real = state < STATES
    lane = tl.arange(0, SPAN)
    rate = tl.load(rates + channel * STATES + state, mask=real, other=0.0)
    states += (item * (tiles + 1) * channels + channel) * STATES
    durations += item * tiles * channels + channel
    current = tl.load(states + (tiles if REVERSE else 0) * channels * STATES + state, mask=real, other=0.0)
    for start in range(0, tiles, SPAN):
        index = start + lane
        inside = index < tiles
        tile = tl.cast(tiles - 1 - index if REVERSE else index, tl.int64)
        slot = tile if REVERSE else tile + 1
        places = slot[:, None] * channels * STATES + state[None, :]
        mask = inside[:, None] & real[None, :]
        duration = tl.load(durations + tile * channels, mask=inside, other=0.0)
        decay = tl.exp2(duration[:, None] * rate[None, :])
        added = tl.load(states + places, mask=mask, other=0.0)
        product, own = tl.associative_scan((decay, added), 0, compose)
        reached = own + product * current[None, :]
        tl.store(states + places, reached, mask=mask)
        current = tl.sum(tl.where(lane[:, None] == SPAN - 1, reached, 0.0), axis=0)
