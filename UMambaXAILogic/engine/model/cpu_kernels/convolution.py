"""Compiled kernels of the causal depthwise convolution with its activation, forward and backward.

y[l] = silu(bias + sum_k weight[k] x[l - W + 1 + k]), one channel at a time, sixteen steps at once. Taps slide over a
tile of the sequence that stays in the first-level cache, so every value is read and written once.
"""

from __future__ import annotations

import numpy as np

from .compilation import kernel, part
from .lane_math import sigmoid
from .lanes import LANES, broadcast, load, load_one, multiply_add, store, total
from .scan_tiles import load_row, store_row

_TILE_STEPS = 512


@part
def _load_window(x, channel, start, stop, reach, window, row):
    """x from ``reach`` steps before the tile on, with zeros before the sequence and after the tile."""
    load_row(x, channel, start, stop, row)
    for i in range(reach):
        at = start - reach + i
        window[i] = load_one(x, channel * x.shape[1] + at) if at >= 0 else window.dtype.type(0)
    for i in range(0, stop - start, LANES):
        store(window, reach + i, load(row, i))


@part
def _convolve(window, weight, channel, shift, i):
    """Sixteen outputs before the activation."""
    result = broadcast(shift, load(window, i))
    for k in range(weight.shape[1]):
        result = multiply_add(broadcast(weight[channel, k], result), load(window, i + k), result)
    return result


@kernel
def convolve(x, weight, bias, use_silu, first, last, output):
    """Channels ``first`` to ``last`` of one batch item.

    Shapes: x, output (channels, L); weight (channels, W); bias (channels,) or size 0. All contiguous. x and output
    are of the dtype of weight and bias, which is that of the computation, or both are the bits of bfloat16.
    """
    dtype = weight.dtype
    length = x.shape[1]
    reach = weight.shape[1] - 1
    window = np.zeros(_TILE_STEPS + reach + LANES, dtype)
    row = np.empty(_TILE_STEPS, dtype)
    for channel in range(first, last):
        shift = bias[channel] if bias.size else dtype.type(0)
        for start in range(0, length, _TILE_STEPS):
            stop = min(start + _TILE_STEPS, length)
            _load_window(x, channel, start, stop, reach, window, row)
            for i in range(0, stop - start, LANES):
                value = _convolve(window, weight, channel, shift, i)
                store(row, i, value * sigmoid(value) if use_silu else value)
            store_row(row, output, channel, start, stop)


@kernel
def convolve_backward(x, weight, bias, use_silu, first, last, d_output, d_x, d_weight, d_bias):
    """Gradients of channels ``first`` to ``last`` of one batch item; d_weight and d_bias have size 0 if unwanted."""
    dtype = weight.dtype
    length = x.shape[1]
    reach = weight.shape[1] - 1
    window = np.zeros(_TILE_STEPS + reach + LANES, dtype)
    row = np.empty(_TILE_STEPS, dtype)
    gradient = np.empty(_TILE_STEPS + reach + LANES, dtype)  # of the tile before activation, then of what follows it
    for channel in range(first, last):
        shift = bias[channel] if bias.size else dtype.type(0)
        for i in range(gradient.size):
            gradient[i] = 0
        for tile in range((length - 1) // _TILE_STEPS, -1, -1):
            start = tile * _TILE_STEPS
            stop = min(start + _TILE_STEPS, length)
            _load_window(x, channel, start, stop, reach, window, row)
            load_row(d_output, channel, start, stop, row)
            for i in range(reach):
                gradient[_TILE_STEPS + i] = gradient[i]
            for i in range(0, stop - start, LANES):
                slope = load(row, i)
                if use_silu:
                    value = _convolve(window, weight, channel, shift, i)
                    opening = sigmoid(value)
                    slope = slope * opening * (value * (1.0 - opening) + 1.0)
                store(gradient, i, slope)
            for i in range(0, stop - start, LANES):
                result = broadcast(0.0, load(row, i))
                for k in range(reach + 1):
                    tap = broadcast(weight[channel, k], result)
                    result = multiply_add(tap, load(gradient, i + reach - k), result)
                store(row, i, result)
            store_row(row, d_x, channel, start, stop)
            if d_weight.size:
                for k in range(reach + 1):
                    sums = broadcast(0.0, load(gradient, 0))
                    for i in range(0, stop - start, LANES):
                        sums = multiply_add(load(gradient, i), load(window, i + k), sums)
                    d_weight[channel, k] += total(sums)
            if d_bias.size:
                sums = broadcast(0.0, load(gradient, 0))
                for i in range(0, stop - start, LANES):
                    sums = sums + load(gradient, i)
                d_bias[channel] += total(sums)
