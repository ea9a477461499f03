"""What every kernel starts with: which tile and channels a program has, and the step sizes within."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def locate(tiles, blocks, blocks_a_group, block_channels, group_channels):
    """Batch item, tile, block of channels, and the block's first channel and number of channels.

    Blocks are cut within groups of ``group_channels``, so that a block has one B and one C. Neighbouring programs
    take the same tile, whose B and C they then find in the cache. Item and channel are 64-bit: offsets made of them
    exceed 2^31.
    """
    program = tl.program_id(0)
    block = program % blocks
    tile = (program // blocks) % tiles
    item = tl.cast(program // blocks // tiles, tl.int64)
    start = (block % blocks_a_group) * block_channels
    first = tl.cast(block // blocks_a_group * group_channels + start, tl.int64)
    return item, tile, block, first, tl.minimum(block_channels, group_channels - start)


@triton.jit
def load(pointer, offsets, mask, COMPUTE: tl.constexpr):
    """Values in the computing dtype, 0 where masked."""
    return tl.cast(tl.load(pointer + offsets, mask=mask, other=0.0), COMPUTE)


@triton.jit
def load_projection(
    pointer, item, first_channel, channels_a_group, item_stride, group_stride, state_stride,
    state, step, mask, COMPUTE: tl.constexpr,
):  # fmt: skip
    """B or C of a block of channels in a tile: (states, steps)."""
    start = pointer + item * item_stride + first_channel // channels_a_group * group_stride
    return load(start, tl.cast(state, tl.int64)[:, None] * state_stride + step[None, :], mask, COMPUTE)


@triton.jit
def raw_steps(delta, bias, channel, step, inside, COMPUTE: tl.constexpr):
    """delta + bias of one channel: (steps,); ``delta`` points at the channel's first step."""
    raw = load(delta, step, inside, COMPUTE)
    if bias is not None:
        raw += tl.cast(tl.load(bias + channel), COMPUTE)
    return raw


@triton.jit
def step_sizes(raw, inside, SOFTPLUS: tl.constexpr):
    """Step sizes; 0 outside, where the state then stays as it is."""
    if SOFTPLUS:
        tail = tl.exp(-tl.abs(raw))
        # log(1 + tail) without losing the digits of a small tail (Goldberg 1991, theorem 4)
        total = 1.0 + tail
        log = tl.where(total == 1.0, tail, tl.log(total) * (tail / tl.where(total == 1.0, 1.0, total - 1.0)))
        raw = tl.maximum(raw, 0.0) + log
    return tl.where(inside, raw, 0.0)


@triton.jit
def sigmoid(value):
    """1 / (1 + exp(-value)), without overflow."""
    tail = tl.exp(-tl.abs(value))
    return tl.where(value >= 0.0, 1.0, tail) / (1.0 + tail)


@triton.jit
def compose(decay_first, state_first, decay_then, state_then):
    """One stretch of the recurrence after another: x -> decay x + state."""
    return decay_first * decay_then, decay_then * state_first + state_then


@triton.jit
def compose_with_kept(decay_first, kept_first, state_first, decay_then, kept_then, state_then):
    """The same, with what the last step keeps of the state before it: a difference of states would lose its digits."""
    return (
        decay_first * decay_then,
        decay_then * state_first + kept_then,
        decay_then * state_first + state_then,
    )
