"""Compiled kernels of the fused CPU scan: one call computes one block of channels.

Every kernel walks the sequence in tiles. Within a tile the projections B and C are transposed once to (step, state),
where all channels of the block share them, and each channel then runs the recurrence with its state in registers.
Missing options arrive as arrays of size 0.
"""

from __future__ import annotations

import math

import numba
import numpy as np

jit = numba.njit(nogil=True, cache=True, fastmath={"contract", "nsz", "arcp"}, error_model="numpy")


@jit
def _softplus(x):
    return x if x > 20 else math.log1p(math.exp(x))


@jit
def _sigmoid(x):
    return 1 / (1 + math.exp(-x))


@jit
def _load_steps(delta, bias, softplus, channel, start, stop, step):
    shift = bias[channel] if bias.size else delta.dtype.type(0)
    for i in range(stop - start):
        value = delta[channel, start + i] + shift
        step[i] = _softplus(value) if softplus else value


@jit
def _load_projection(projection, start, stop, tile):
    if projection.shape[1] == 1:
        for i in range(stop - start):
            for n in range(projection.shape[0]):
                tile[i, n] = projection[n, 0]
    else:
        for n in range(projection.shape[0]):
            for i in range(stop - start):
                tile[i, n] = projection[n, start + i]


@jit
def forward(u, delta, A, B, C, D, z, bias, softplus, first, last, tile_steps, output, final, checkpoints):
    """Scan channels ``first`` to ``last`` of one batch item.

    u, delta, z, output (channels, L); A, final (channels, N); B, C (N, L or 1); D, bias (channels,);
    checkpoints (tiles, channels, N): the state before each tile.
    """
    dtype = u.dtype
    states = A.shape[1]
    length = u.shape[1]
    B_tile = np.zeros((tile_steps, states), dtype)
    C_tile = np.zeros((tile_steps, states), dtype)
    step = np.zeros(tile_steps, dtype)
    final[first:last] = 0
    for tile in range((length + tile_steps - 1) // tile_steps):
        start = tile * tile_steps
        stop = min(start + tile_steps, length)
        _load_projection(B, start, stop, B_tile)
        _load_projection(C, start, stop, C_tile)
        for channel in range(first, last):
            _load_steps(delta, bias, softplus, channel, start, stop, step)
            skip = D[channel] if D.size else dtype.type(0)
            state = final[channel]
            if checkpoints.size:
                checkpoints[tile, channel] = state
            for i in range(stop - start):
                value = u[channel, start + i]
                drive = step[i] * value
                y = skip * value
                for n in range(states):
                    state[n] = math.exp(step[i] * A[channel, n]) * state[n] + drive * B_tile[i, n]
                    y += state[n] * C_tile[i, n]
                if z.size:
                    gate = z[channel, start + i]
                    y *= gate * _sigmoid(gate)
                output[channel, start + i] = y


@jit
def backward(
    u, delta, A, B, C, D, z, bias, softplus, first, last, tile_steps, begin, end, checkpoints,
    d_output, d_state, d_u, d_delta, d_A, d_B, d_C, d_D, d_z, d_bias,
):  # fmt: skip
    """Propagate gradients through steps ``begin`` to ``end`` of channels ``first`` to ``last``, last step first.

    d_state (channels, N) carries the gradient of the state from one call to the one before it; d_A, d_D and d_bias
    accumulate; d_B, d_C (end - begin, N) get this block's share; begin is a multiple of ``tile_steps``.
    """
    dtype = u.dtype
    states = A.shape[1]
    B_tile = np.zeros((tile_steps, states), dtype)
    C_tile = np.zeros((tile_steps, states), dtype)
    step = np.zeros(tile_steps, dtype)
    trail = np.zeros((tile_steps + 1, states), dtype)
    decay = np.zeros((tile_steps, states), dtype)
    d_B[:] = 0
    d_C[:] = 0
    for tile in range((end + tile_steps - 1) // tile_steps - 1, begin // tile_steps - 1, -1):
        start = tile * tile_steps
        stop = min(start + tile_steps, end)
        _load_projection(B, start, stop, B_tile)
        _load_projection(C, start, stop, C_tile)
        for channel in range(first, last):
            _load_steps(delta, bias, softplus, channel, start, stop, step)
            skip = D[channel] if D.size else dtype.type(0)
            trail[0] = checkpoints[tile, channel]
            for i in range(stop - start):
                drive = step[i] * u[channel, start + i]
                for n in range(states):
                    decay[i, n] = math.exp(step[i] * A[channel, n])
                    trail[i + 1, n] = decay[i, n] * trail[i, n] + drive * B_tile[i, n]
            gradient = d_state[channel]
            for i in range(stop - start - 1, -1, -1):
                at = start + i
                value = u[channel, at]
                d_y = d_output[channel, at]
                if z.size:
                    gate = z[channel, at]
                    sigmoid = _sigmoid(gate)
                    y = skip * value
                    for n in range(states):
                        y += trail[i + 1, n] * C_tile[i, n]
                    d_z[channel, at] = d_y * y * sigmoid * (1 + gate * (1 - sigmoid))
                    d_y *= gate * sigmoid
                drive = step[i] * value
                through_B = dtype.type(0)
                through_A = dtype.type(0)
                for n in range(states):
                    g = gradient[n] + d_y * C_tile[i, n]
                    d_C[at - begin, n] += d_y * trail[i + 1, n]
                    d_B[at - begin, n] += g * drive
                    through_B += g * B_tile[i, n]
                    kept = g * decay[i, n] * trail[i, n]
                    through_A += kept * A[channel, n]
                    d_A[channel, n] += kept * step[i]
                    gradient[n] = g * decay[i, n]
                d_u[channel, at] = step[i] * through_B + skip * d_y
                d_step = value * through_B + through_A
                if softplus:
                    raw = delta[channel, at] + (bias[channel] if bias.size else dtype.type(0))
                    d_step *= dtype.type(1) if raw > 20 else _sigmoid(raw)
                d_delta[channel, at] = d_step
                if bias.size:
                    d_bias[channel] += d_step
                if D.size:
                    d_D[channel] += d_y * value
