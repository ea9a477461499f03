"""Compiled loops over the voxels of a slab. A whole head has 80 million of them, so each is touched twice at most."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..model.cpu_kernels.compilation import kernel

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

#: Whole numbers that ``count_values`` counts one by one, from this one on; the two ends collect what lies beyond.
FIRST_WHOLE = -1026


@kernel
def sort_keys(bits: npt.NDArray[np.uint32], keys: npt.NDArray[np.uint32]) -> None:
    """Whole numbers that sort as the float32 values do: the bits, with the sign turned into an order.

    Negative values move one step towards 0. Bins that are cut from the leading bits of a key are then closed at their
    lower end for both signs, and -0 and 0 are one value.
    """
    for i in range(bits.size):
        word = bits[i]
        if word >> np.uint32(31):
            keys[i] = (word ^ np.uint32(0xFFFFFFFF)) + np.uint32(1)
        else:
            keys[i] = word | np.uint32(0x80000000)


@kernel
def count_values(values: Float32, keys: npt.NDArray[np.uint32], by_key: Int64, by_whole: Int64) -> None:
    """Count values by the leading 16 bits of their key, and by the nearest whole number from ``FIRST_WHOLE`` on."""
    last = np.float32(by_whole.size - 1)
    for i in range(values.size):
        by_key[keys[i] >> np.uint32(16)] += 1
        position = np.floor(values[i] + np.float32(0.5)) - np.float32(FIRST_WHOLE)
        by_whole[np.int64(min(max(position, np.float32(0)), last))] += 1


@kernel
def window_sums(values: Float32, low: float, high: float, sums: Float64) -> None:
    """Count, sum and sum of squares about the window's middle, of the values inside it."""
    middle = (low + high) / 2
    count, total, squares = 0.0, 0.0, 0.0
    for i in range(values.size):
        value = np.float64(values[i])
        inside = np.float64((value >= low) & (value <= high))
        offset = (value - middle) * inside
        count += inside
        total += offset
        squares += offset * offset
    sums[0] += count
    sums[1] += total
    sums[2] += squares


@kernel
def count_within(keys: npt.NDArray[np.uint32], slots: npt.NDArray[np.int16], fine: Int64) -> None:
    """Count the last 16 bits of the keys whose leading bits have a slot: ``fine`` is (slots, 65536)."""
    for i in range(keys.size):
        slot = slots[keys[i] >> np.uint32(16)]
        if slot >= 0:
            fine[slot, keys[i] & np.uint32(0xFFFF)] += 1


@kernel
def block_sums(slab: Float32, edges: tuple[int, int], sums: Float64, low: Float32, high: Float32) -> None:
    """Sum, lowest and highest value of every block of a slab that is one block thick.

    Args:
        slab: (slices, rows, columns).
        edges: rows and columns of a block; the last ones may be smaller.
        sums, low, high: (block rows, block columns), overwritten.
    """
    sums[:] = 0
    low[:] = np.inf
    high[:] = -np.inf
    height, width = edges
    for k in range(slab.shape[0]):
        for j in range(slab.shape[1]):
            row = j // height
            for column in range(sums.shape[1]):
                total = 0.0
                lowest, highest = low[row, column], high[row, column]
                for i in range(column * width, min((column + 1) * width, slab.shape[2])):
                    value = slab[k, j, i]
                    total += value
                    lowest = min(lowest, value)
                    highest = max(highest, value)
                sums[row, column] += total
                low[row, column], high[row, column] = lowest, highest


@kernel
def air_sums(slab: Float32, edges: tuple[int, int], chosen: Bool, lowest: float, origin: float, sums: Float64) -> None:
    """How many voxels of chosen blocks have the lowest value; count, sum and squares about ``origin`` of the others.

    Args:
        chosen: (block rows, block columns).
        sums: (4,), added to.
    """
    height, width = edges
    for row in range(chosen.shape[0]):
        for column in range(chosen.shape[1]):
            if not chosen[row, column]:
                continue
            for k in range(slab.shape[0]):
                for j in range(row * height, min((row + 1) * height, slab.shape[1])):
                    for i in range(column * width, min((column + 1) * width, slab.shape[2])):
                        if slab[k, j, i] <= lowest:
                            sums[0] += 1
                        else:
                            offset = slab[k, j, i] - origin
                            sums[1] += 1
                            sums[2] += offset
                            sums[3] += offset * offset


@kernel
def laplacian_difference_sums(slab: Float32, edges: tuple[int, int], chosen: Bool, sums: Float64) -> None:
    """Count and sum of |difference of two Laplacians| in the chosen blocks, in every slice by itself.

    The mask 1 -2 1 / -2 4 -2 / 1 -2 1 of J. Immerkaer, Fast Noise Variance Estimation, CVIU 64:300 (1996).

    Args:
        chosen: (block rows, block columns).
        sums: (2,), added to.
    """
    height, width = edges
    for row in range(chosen.shape[0]):
        for column in range(chosen.shape[1]):
            if not chosen[row, column]:
                continue
            for k in range(slab.shape[0]):
                for j in range(max(1, row * height), min((row + 1) * height, slab.shape[1] - 1)):
                    for i in range(max(1, column * width), min((column + 1) * width, slab.shape[2] - 1)):
                        corners = slab[k, j - 1, i - 1] + slab[k, j - 1, i + 1]
                        corners += slab[k, j + 1, i - 1] + slab[k, j + 1, i + 1]
                        sides = slab[k, j - 1, i] + slab[k, j + 1, i] + slab[k, j, i - 1] + slab[k, j, i + 1]
                        sums[0] += 1
                        sums[1] += abs(corners - 2 * sides + 4 * slab[k, j, i])


@kernel
def diagonal_details(plane: Float32, edges: tuple[int, int], chosen: Bool, high_pass: Float32, found: Float32) -> int:
    """Absolute diagonal coefficients of the finest wavelet band of one slice, where all that enters is chosen.

    Args:
        plane: (rows, columns).
        chosen: (block rows, block columns).
        high_pass: taps of the wavelet's high-pass filter, of even number.
        found: room for (rows // 2) * (columns // 2) coefficients.

    Returns:
        How many were written.
    """
    taps = high_pass.size
    height, width = edges
    count = 0
    for j in range(0, plane.shape[0] - taps + 1, 2):
        top, bottom = j // height, (j + taps - 1) // height
        for i in range(0, plane.shape[1] - taps + 1, 2):
            left, right = i // width, (i + taps - 1) // width
            if not (chosen[top, left] and chosen[top, right] and chosen[bottom, left] and chosen[bottom, right]):
                continue
            total = np.float32(0)
            for a in range(taps):
                along = np.float32(0)
                for b in range(taps):
                    along += high_pass[b] * plane[j + a, i + b]
                total += high_pass[a] * along
            found[count] = abs(total)
            count += 1
    return count
