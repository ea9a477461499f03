"""Excess alignment: does attention meet the truth more, or less, often than the segmentation alone explains?

A low XAI-GT partly restates a low Dice: attention that follows a wrong prediction cannot lie on the truth. Excess
compares P(truth | attention) with what attention would meet if, inside the prediction and in the shell around it, it
were spread independently of the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .counting import AttentionCounts, BoolArray
from .overlap import ratio
from .segments import PERMUTATIONS, SEGMENT_MM, UNASSIGNED, PermutationTest, permutation_test, vessel_segments
from .shell import shell_around

SHELL_MM = 3.0


@dataclass(frozen=True)
class ExcessAlignment:
    """Excess alignment of one case at one threshold; None where a denominator is 0.

    Args:
        threshold: of the attention.
        q: |A n PM| / |A|, share of attention inside the prediction.
        p: |PM n GT| / |PM|, share of the prediction that is true.
        b: |GT n shell| / |shell|, share of the shell (``SHELL_MM`` around PM, without PM) that is true.
        observed: P(GT | A).
        expected: q p + (1 - q) b.
        excess: observed / expected.
        in_pm_excess: P(GT | A n PM) / p.
        test: permutation test of the in-PM excess.
    """

    threshold: float
    q: float | None
    p: float | None
    b: float | None
    observed: float | None
    expected: float | None
    excess: float | None
    in_pm_excess: float | None
    test: PermutationTest

    def to_json(self) -> dict[str, Any]:
        """Fields of ``excess_alignment`` in metrics.json."""
        return {
            "threshold": self.threshold,
            "q": self.q,
            "p": self.p,
            "b": self.b,
            "observed": self.observed,
            "expected": self.expected,
            "excess": self.excess,
            "in_pm_excess": self.in_pm_excess,
            "in_pm_excess_of_segments": self.test.observed,
            "p_value": self.test.p_value,
            "p_value_missing_because": self.test.reason,
            "segments": self.test.segments,
            "segment_mm": SEGMENT_MM,
            "permutations": PERMUTATIONS,
            "shell_mm": SHELL_MM,
        }


def excess_alignment(
    attention: npt.NDArray[np.float32],
    counts: AttentionCounts,
    pm: BoolArray,
    gt: BoolArray,
    region: BoolArray | None,
    spacing_mm: tuple[float, float, float],
    threshold: float,
    seed: int = 0,
) -> ExcessAlignment:
    """Excess alignment inside the evaluation region.

    Args:
        attention: float32 in [0, 1], (z, y, x).
        counts: of this attention with this prediction, truth and region, at ``threshold`` among others.
        pm: prediction.
        gt: ground truth.
        region: evaluation region; None counts every voxel. Shell and segments belong to the whole prediction; of
            them, only voxels of the region are counted.
        spacing_mm: of the array axes, (z, y, x).
        seed: of the permutations.
    """
    column = counts.thresholds.index(threshold)
    if counts.with_gt is None or counts.with_both is None:
        raise ValueError("the counts were made without ground truth")
    attended, attended_pm, attended_gt, attended_both = (
        int(part[:, column].sum()) for part in (counts.attention, counts.with_pm, counts.with_gt, counts.with_both)
    )
    p = _share_true(pm, gt, region)
    q = ratio(attended_pm, attended)
    b = _share_true(shell_around(pm, spacing_mm, SHELL_MM), gt, region)
    observed = ratio(attended_gt, attended)
    expected = None if q is None or p is None or b is None else q * p + (1 - q) * b
    in_pm = ratio(attended_both, attended_pm)
    return ExcessAlignment(
        threshold=threshold,
        q=q,
        p=p,
        b=b,
        observed=observed,
        expected=expected,
        excess=None if observed is None or expected is None else ratio(observed, expected),
        in_pm_excess=None if in_pm is None or p is None else ratio(in_pm, p),
        test=_test(attention >= np.float32(threshold), pm, gt, region, spacing_mm, seed),
    )


def _share_true(mask: BoolArray, gt: BoolArray, region: BoolArray | None) -> float | None:
    counted = mask if region is None else mask & region
    return ratio(int(np.count_nonzero(counted & gt)), int(np.count_nonzero(counted)))


def _test(
    attended: BoolArray,
    pm: BoolArray,
    gt: BoolArray,
    region: BoolArray | None,
    spacing_mm: tuple[float, float, float],
    seed: int,
) -> PermutationTest:
    voxels, labels = vessel_segments(pm, spacing_mm)
    counted = labels != UNASSIGNED
    if region is not None:
        counted &= region[voxels]
    labels = labels[counted]
    count = int(labels.max()) + 1 if labels.size else 0

    def per_segment(flags: BoolArray) -> npt.NDArray[np.int64]:
        return np.bincount(labels[flags[voxels][counted]], minlength=count)

    total = np.bincount(labels, minlength=count)
    present: Sequence[bool] | npt.NDArray[np.bool_] = total > 0
    return permutation_test(total[present], per_segment(attended)[present], per_segment(gt)[present], seed=seed)
