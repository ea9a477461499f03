"""The slice table: one row per slice along superior-inferior, written as ``slices.csv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from ..atomic import write_text
from ..volume import Geometry
from .categories import slice_category
from .counting import AttentionCounts, SegmentationCounts
from .overlap import Overlap


@dataclass(frozen=True)
class SliceRow:
    """One counted slice. Attention is the layer mean at the reporting threshold; None where it cannot be computed.

    Args:
        slice: index along ``Geometry.superior_axis``, from 0, in storage order.
        position_s_mm: superior (RAS) coordinate of the slice's centre.
        region_voxels: voxels of the evaluation region (the whole slice without one).
    """

    slice: int
    position_s_mm: float
    region_voxels: int
    pm_voxels: int
    gt_voxels: int | None
    overlap_voxels: int | None
    dice: float | None
    iou: float | None
    attention_voxels: int | None
    xai_gt_overlap_voxels: int | None
    xai_gt_iou: float | None
    xai_gt_f1: float | None
    xai_gt_precision: float | None
    xai_gt_recall: float | None
    xai_pm_overlap_voxels: int | None
    xai_pm_iou: float | None
    xai_pm_f1: float | None
    xai_pm_precision: float | None
    xai_pm_recall: float | None
    category: str | None


def slice_positions_mm(geometry: Geometry) -> list[float]:
    """Superior (RAS) coordinate of every slice's centre along ``geometry.superior_axis``, in storage order."""
    axis = geometry.superior_axis
    centre = [(count - 1) / 2 for count in geometry.size]
    superior = geometry.affine_ras[2]
    along = 2 - axis  # array axes are (z, y, x), index vectors (x, y, z)
    positions = []
    for index in range(geometry.shape[axis]):
        centre[along] = index
        positions.append(float(superior @ np.array([*centre, 1.0])))
    return positions


def slice_table(
    geometry: Geometry,
    segmentation: SegmentationCounts,
    attention: AttentionCounts | None,
    reporting_threshold: float,
    fold_false_positive: bool = False,
) -> list[SliceRow]:
    """Rows of all slices that hold a voxel of the evaluation region."""
    column = None if attention is None else attention.thresholds.index(reporting_threshold)
    rows = []
    for index, position in enumerate(slice_positions_mm(geometry)):
        if segmentation.region[index] == 0:
            continue
        pm_voxels = int(segmentation.pm[index])
        gt_voxels = None if segmentation.gt is None else int(segmentation.gt[index])
        found: Overlap | None = None
        if segmentation.overlap is not None and gt_voxels is not None:
            found = Overlap(pm_voxels, gt_voxels, int(segmentation.overlap[index]))
        xai_pm: Overlap | None = None
        xai_gt: Overlap | None = None
        if attention is not None and column is not None:
            attended = int(attention.attention[index, column])
            xai_pm = Overlap(attended, pm_voxels, int(attention.with_pm[index, column]))
            if attention.with_gt is not None and gt_voxels is not None:
                xai_gt = Overlap(attended, gt_voxels, int(attention.with_gt[index, column]))
        rows.append(
            SliceRow(
                slice=index,
                position_s_mm=position,
                region_voxels=int(segmentation.region[index]),
                pm_voxels=pm_voxels,
                gt_voxels=gt_voxels,
                overlap_voxels=found.common if found else None,
                dice=found.dice if found else None,
                iou=found.iou if found else None,
                attention_voxels=xai_pm.measured if xai_pm else None,
                xai_gt_overlap_voxels=xai_gt.common if xai_gt else None,
                xai_gt_iou=xai_gt.iou if xai_gt else None,
                xai_gt_f1=xai_gt.f1 if xai_gt else None,
                xai_gt_precision=xai_gt.precision if xai_gt else None,
                xai_gt_recall=xai_gt.recall if xai_gt else None,
                xai_pm_overlap_voxels=xai_pm.common if xai_pm else None,
                xai_pm_iou=xai_pm.iou if xai_pm else None,
                xai_pm_f1=xai_pm.f1 if xai_pm else None,
                xai_pm_precision=xai_pm.precision if xai_pm else None,
                xai_pm_recall=xai_pm.recall if xai_pm else None,
                category=slice_category(pm_voxels, found.reference, found.dice, fold_false_positive) if found else None,
            )
        )
    return rows


def slices_csv(rows: Sequence[SliceRow]) -> str:
    """The table as CSV text with a header; a value that cannot be computed is an empty cell."""
    text = io.StringIO()
    names = [field.name for field in fields(SliceRow)]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(getattr(row, name)) for name in names])
    return text.getvalue()


def write_slices_csv(path: Path, rows: Sequence[SliceRow]) -> None:
    """Write ``slices.csv``; nothing half-written is ever left under that name."""
    write_text(path, slices_csv(rows))


def _cell(value: int | float | str | None) -> str:
    if value is None:
        return ""
    return f"{value:.10g}" if isinstance(value, float) else str(value)
