"""How far two attention maps agree: correlations, overlap above a threshold, and their mean difference."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..stepwise import do_all

#: Looked at between two turns of the event loop.
_PIECE_VOXELS = 4 * 2**20

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Agreement:
    """Numbers on two maps A and B; None where one cannot be computed: nothing to compare, or a constant map.

    Args:
        threshold: attention from it on counts as high.
        pearson: Pearson's r over all voxels.
        pearson_in_prediction: over the voxels that either result predicted as its target.
        pearson_in_truth: over the ground truth; None without one.
        spearman: Spearman's rho over the voxels where A or B is high: elsewhere maps are flat, and ranks are noise.
        iou: voxels where both are high over voxels where either is.
        mean_absolute_difference: of A - B where either is high.
        voxels, prediction_voxels, truth_voxels: how many the three correlations rest on.
        high_voxels_a, high_voxels_b, high_voxels_both, high_voxels_either: how many are high.
    """

    threshold: float
    pearson: float | None
    pearson_in_prediction: float | None
    pearson_in_truth: float | None
    spearman: float | None
    iou: float | None
    mean_absolute_difference: float | None
    voxels: int
    prediction_voxels: int
    truth_voxels: int | None
    high_voxels_a: int
    high_voxels_b: int
    high_voxels_both: int
    high_voxels_either: int


def agreement_in_pieces(
    first: npt.NDArray[np.float32],
    second: npt.NDArray[np.float32],
    threshold: float,
    prediction: Mask,
    truth: Mask | None,
) -> Generator[None, None, Agreement]:
    """Compare two maps in steps of a fraction of a second: the generator yields between them.

    Args:
        first, second: (k, j, i), on one grid.
        prediction, truth: masks on that grid.
    """
    overall = yield from _pearson_in_pieces(first, second)
    in_prediction = pearson(first[prediction], second[prediction])
    yield
    in_truth = None if truth is None else pearson(first[truth], second[truth])
    yield
    high_first, high_second = first >= threshold, second >= threshold
    both, either = int((high_first & high_second).sum()), high_first | high_second
    yield
    values, others = first[either], second[either]
    yield
    rho = yield from _spearman_in_pieces(values, others)
    yield
    return Agreement(
        threshold=threshold,
        pearson=overall,
        pearson_in_prediction=in_prediction,
        pearson_in_truth=in_truth,
        spearman=rho,
        iou=both / len(values) if len(values) else None,
        mean_absolute_difference=float(np.abs(values.astype(np.float64) - others).mean()) if len(values) else None,
        voxels=int(first.size),
        prediction_voxels=int(prediction.sum()),
        truth_voxels=None if truth is None else int(truth.sum()),
        high_voxels_a=int(high_first.sum()),
        high_voxels_b=int(high_second.sum()),
        high_voxels_both=both,
        high_voxels_either=len(values),
    )


def pearson(first: npt.NDArray, second: npt.NDArray) -> float | None:
    """Pearson's correlation of two arrays of one shape; None for fewer than two values, or where one is constant."""
    return do_all(_pearson_in_pieces(first, second))


def spearman(first: npt.NDArray, second: npt.NDArray) -> float | None:
    """Spearman's correlation of two one-dimensional arrays: Pearson's of their ranks; None as there."""
    return do_all(_spearman_in_pieces(first, second))


def _spearman_in_pieces(first: npt.NDArray, second: npt.NDArray) -> Generator[None, None, float | None]:
    ranks = _ranks(first)
    yield
    others = _ranks(second)
    yield
    return (yield from _pearson_in_pieces(ranks, others))


def _ranks(values: npt.NDArray) -> npt.NDArray[np.float64]:
    """From 1; equal values share the mean of theirs."""
    order = np.argsort(values)
    ordered = values[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], values.size > 0)) + 1  # of each run of equal values
    counts = np.diff(ends, prepend=0)
    ranks = np.empty(values.size)
    ranks[order] = np.repeat(ends - (counts - 1) / 2.0, counts)
    return ranks


def _pearson_in_pieces(first: npt.NDArray, second: npt.NDArray) -> Generator[None, None, float | None]:
    """Twice through the values, because sums of squares of values far from 0 lose what tells them apart."""
    if first.size < 2 or first.min() == first.max() or second.min() == second.max():
        return None
    means = first.mean(dtype=np.float64), second.mean(dtype=np.float64)
    yield
    products = np.zeros(3)
    layers = max(1, _PIECE_VOXELS // max(1, first[0].size))
    for start in range(0, len(first), layers):
        left = first[start : start + layers].astype(np.float64).ravel() - means[0]
        right = second[start : start + layers].astype(np.float64).ravel() - means[1]
        products += left @ left, left @ right, right @ right
        yield
    return float(np.clip(products[1] / np.sqrt(products[0] * products[2]), -1.0, 1.0))
