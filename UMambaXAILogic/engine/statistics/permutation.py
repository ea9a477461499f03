"""Permutation tests of a difference of means: exact where the arrangements can be listed, seeded draws elsewhere.

Unpaired, the statistic is Welch's t: with it the test keeps close to its level also where the groups differ in spread
and size (A. Janssen, Statist. Probab. Lett. 36 (1997) 9-21), as cohorts from two scanners do; the plain difference of
means does not. With four or five cases on a side and very unlike spreads it still finds too much. Paired, the signs of
the differences are flipped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
import numpy.typing as npt

from .bootstrap import FloatArray

#: Random arrangements where not all are listed.
DRAWS = 9999
#: All arrangements are listed up to this number.
EXACT_ARRANGEMENTS = 10_000
#: Arrangements times cases that are held at a time.
_BLOCK_ELEMENTS = 1_000_000
#: Sums round differently in every arrangement: statistics this close, relatively, count as equal.
_TIE = 1e-9


@dataclass(frozen=True)
class PermutationResult:
    """A two-sided p-value and where it comes from.

    Args:
        p_value: share of arrangements at least as extreme as the observed one, which is always counted.
        arrangements: how many were looked at, the observed one included.
        exact: these are all there are.
    """

    p_value: float
    arrangements: int
    exact: bool


def welch_permutation_test(source: FloatArray, target: FloatArray, seed: int = 0) -> PermutationResult:
    """Do the two groups have the same mean? Values are exchanged between them.

    Args:
        source: shape (m,), at least 2 values.
        target: shape (n,), at least 2 values.
        seed: of the random arrangements.
    """
    values = np.concatenate([target, source])
    values = values - values.mean()  # squares of large values with a small spread cancel badly
    count = math.comb(values.size, target.size)
    exact = count <= EXACT_ARRANGEMENTS
    observed = _welch_t(values[None, :], target.size)[0]
    if exact:
        blocks = _all_choices(values.size, target.size)
    else:
        blocks = _random_choices(values.size, np.random.default_rng(seed))
    extreme = sum(_at_least(_welch_t(values[order], target.size), observed) for order in blocks)
    return _result(extreme, count, exact)


def sign_flip_test(differences: FloatArray, seed: int = 0) -> PermutationResult:
    """Is the mean of the paired differences 0? Signs are flipped.

    Args:
        differences: shape (n,), target minus source of every pair.
        seed: of the random signs.
    """
    count = 2**differences.size
    exact = count <= EXACT_ARRANGEMENTS
    if exact:
        bits = np.arange(count)[:, None] >> np.arange(differences.size) & 1
        blocks: Iterator[npt.NDArray[np.floating]] = iter((1.0 - 2.0 * bits,))
    else:
        blocks = _random_signs(differences.size, np.random.default_rng(seed))
    observed = abs(float(differences.sum()))
    extreme = sum(_at_least(np.abs(signs @ differences), observed) for signs in blocks)
    return _result(extreme, count, exact)


def _result(extreme: int, count: int, exact: bool) -> PermutationResult:
    if exact:  # the observed arrangement is one of those listed
        return PermutationResult(extreme / count, count, True)
    return PermutationResult((extreme + 1) / (DRAWS + 1), DRAWS + 1, False)


def _at_least(statistics: FloatArray, observed: float) -> int:
    if math.isinf(observed):
        return int(np.isinf(statistics).sum())
    return int((statistics >= observed * (1 - _TIE)).sum())


def _welch_t(values: FloatArray, targets: int) -> FloatArray:
    """|Welch's t| of every row; its first ``targets`` columns against the others. 0 / 0 is 0."""
    target, source = values[:, :targets], values[:, targets:]
    difference = np.abs(target.mean(axis=1) - source.mean(axis=1))
    square = target.var(axis=1, ddof=1) / targets + source.var(axis=1, ddof=1) / source.shape[1]
    scale = float(np.abs(values).max())  # below its rounding, a difference or a spread is none
    difference = np.where(difference <= 1e-12 * scale, 0.0, difference)
    constant = square <= (1e-12 * scale) ** 2
    error = np.sqrt(np.where(constant, 1.0, square))
    return np.where(constant, np.where(difference > 0, np.inf, 0.0), difference / error)


def _all_choices(size: int, targets: int) -> Iterator[npt.NDArray[np.intp]]:
    rows = combinations(range(size), targets)
    everyone = np.arange(size)
    while block := list(islice(rows, max(1, _BLOCK_ELEMENTS // size))):
        chosen = np.array(block, dtype=np.intp)
        in_target = np.zeros((len(block), size), dtype=bool)
        np.put_along_axis(in_target, chosen, True, axis=1)
        others = np.broadcast_to(everyone, in_target.shape)[~in_target].reshape(len(block), size - targets)
        yield np.concatenate([chosen, others], axis=1)


def _random_choices(size: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.intp]]:
    for rows in _block_sizes(size):
        yield rng.permuted(np.tile(np.arange(size), (rows, 1)), axis=1)


def _random_signs(size: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.floating]]:
    for rows in _block_sizes(size):
        yield rng.integers(0, 2, (rows, size)) * 2.0 - 1.0


def _block_sizes(size: int) -> Iterator[int]:
    block = max(1, _BLOCK_ELEMENTS // size)
    for start in range(0, DRAWS, block):
        yield min(block, DRAWS - start)
