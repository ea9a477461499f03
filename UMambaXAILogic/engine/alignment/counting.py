"""Voxel counts per slice: one pass over the volume answers every threshold, every slice and the whole case.

Ratios are never formed here. Counts are additive, so slices pool to cases and cases to cohorts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .overlap import Overlap

BoolArray = npt.NDArray[np.bool_]
CountArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class SegmentationCounts:
    """Voxels inside the evaluation region, one number a slice, shape (slices,), int64.

    Args:
        region: voxels of the evaluation region.
        pm: predicted voxels.
        gt: ground-truth voxels; None without ground truth.
        overlap: voxels that are both; None without ground truth.
    """

    region: CountArray
    pm: CountArray
    gt: CountArray | None
    overlap: CountArray | None

    def pooled(self) -> Overlap | None:
        """Prediction against ground truth over all slices; None without ground truth."""
        if self.gt is None or self.overlap is None:
            return None
        return Overlap(int(self.pm.sum()), int(self.gt.sum()), int(self.overlap.sum()))


@dataclass(frozen=True)
class AttentionCounts:
    """Voxels with attention >= threshold inside the evaluation region, shape (slices, thresholds), int64.

    Args:
        thresholds: ascending.
        attention: all of them.
        with_pm: those that are also predicted.
        with_gt: those that are also ground truth; None without ground truth.
        with_both: those that are predicted and ground truth; None without ground truth.
    """

    thresholds: tuple[float, ...]
    attention: CountArray
    with_pm: CountArray
    with_gt: CountArray | None
    with_both: CountArray | None


def count_segmentation(
    pm: BoolArray, gt: BoolArray | None = None, region: BoolArray | None = None, axis: int = 0
) -> SegmentationCounts:
    """Count prediction, ground truth and their overlap in every slice.

    Args:
        pm: prediction, (z, y, x).
        gt: ground truth on the same grid.
        region: evaluation region on the same grid; None counts every voxel.
        axis: array axis along which slices are counted.

    Raises:
        ValueError: an array is not boolean or lies on another grid.
    """
    _check(pm.shape, pm=pm, gt=gt, region=region)
    pm_slices, gt_slices, region_slices = np.moveaxis(pm, axis, 0), _sliced(gt, axis), _sliced(region, axis)
    count = pm.shape[axis]
    voxels_per_slice = pm.size // count
    regions = np.full(count, voxels_per_slice, np.int64)
    predicted, truth, common = (np.zeros(count, np.int64) for _ in range(3))
    for index in range(count):
        inside = None if region_slices is None else region_slices[index]
        here = _within(pm_slices[index], inside)
        predicted[index] = np.count_nonzero(here)
        if inside is not None:
            regions[index] = np.count_nonzero(inside)
        if gt_slices is not None:
            there = _within(gt_slices[index], inside)
            truth[index] = np.count_nonzero(there)
            common[index] = np.count_nonzero(here & there)
    if gt is None:
        return SegmentationCounts(regions, predicted, None, None)
    return SegmentationCounts(regions, predicted, truth, common)


def count_attention(
    attention: npt.NDArray[np.float32],
    gt: BoolArray | None,
    pm: BoolArray,
    region: BoolArray | None,
    thresholds: Sequence[float],
    axis: int = 0,
) -> AttentionCounts:
    """Count the voxels with attention >= threshold, for all thresholds in one pass.

    The comparison is made in float32, the type of the written map: ``a >= 0.3`` on the array read back from
    ``attention.nii.gz`` (float32, as SimpleITK returns it) gives the same set. For the default thresholds the
    comparison in float64 gives the same set too, because float32(0.2), (0.3) and (0.4) lie above their decimals.

    Each voxel above the lowest threshold is put into the bin of the highest threshold that it reaches, apart for the
    four combinations of prediction and ground truth; sums over the higher bins are the counts.

    Args:
        attention: float32 in [0, 1], (z, y, x).
        gt: ground truth or None.
        pm: prediction.
        region: evaluation region; None counts every voxel.
        thresholds: in (0, 1], any order, duplicates count once.
        axis: array axis along which slices are counted.

    Raises:
        ValueError: a value outside [0, 1] or not finite, a wrong type, or arrays on different grids.
    """
    _check(attention.shape, pm=pm, gt=gt, region=region)
    if attention.dtype != np.float32:
        raise ValueError(f"attention is {attention.dtype}; float32 is what is written and compared")
    ascending = tuple(sorted({float(value) for value in thresholds}))
    edges = np.asarray(ascending, np.float32)
    attention_slices, pm_slices = np.moveaxis(attention, axis, 0), np.moveaxis(pm, axis, 0)
    gt_slices, region_slices = _sliced(gt, axis), _sliced(region, axis)
    count = attention.shape[axis]
    bins = np.zeros((count, len(ascending), 2, 2), np.int64)  # slice, threshold, in PM, in GT
    for index in range(count):
        values = attention_slices[index]
        if not (values.min() >= 0 and values.max() <= 1):
            raise ValueError(f"attention in slice {index} spans {values.min()} to {values.max()}, not within [0, 1]")
        chosen = values >= edges[0]
        if region_slices is not None:
            chosen &= region_slices[index]
        if not chosen.any():
            continue
        code = (np.searchsorted(edges, values[chosen], side="right") - 1) * 4
        code += pm_slices[index][chosen] * 2
        if gt_slices is not None:
            code += gt_slices[index][chosen]
        bins[index] = np.bincount(code, minlength=4 * len(ascending)).reshape(len(ascending), 2, 2)
    reached = np.cumsum(bins[:, ::-1], axis=1)[:, ::-1]
    return AttentionCounts(
        thresholds=ascending,
        attention=reached.sum(axis=(2, 3)),
        with_pm=reached[:, :, 1].sum(axis=2),
        with_gt=None if gt is None else reached[:, :, :, 1].sum(axis=2),
        with_both=None if gt is None else reached[:, :, 1, 1],
    )


def _sliced(array: BoolArray | None, axis: int) -> BoolArray | None:
    return None if array is None else np.moveaxis(array, axis, 0)


def _within(mask: BoolArray, region: BoolArray | None) -> BoolArray:
    return mask if region is None else mask & region


def _check(shape: tuple[int, ...], **masks: BoolArray | None) -> None:
    for name, mask in masks.items():
        if mask is None:
            continue
        if mask.shape != shape:
            raise ValueError(f"{name} has shape {mask.shape}, expected {shape}")
        if mask.dtype != np.bool_:
            raise ValueError(f"{name} is {mask.dtype}, expected bool")
