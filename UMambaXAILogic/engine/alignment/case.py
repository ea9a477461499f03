"""Everything that is measured on one case, fed one attention map at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..request import DEFAULT_THRESHOLDS, REPORTING_THRESHOLD, VerdictCutoffs
from ..volume import Geometry
from .annotation_extent import MIN_SHARE_OUTSIDE, voxels_outside_annotation
from .categories import category_summary, joint_categories
from .counting import AttentionCounts, BoolArray, SegmentationCounts, count_attention, count_segmentation
from .excess import ExcessAlignment, excess_alignment
from .overlap import Overlap, ratio
from .slices import SliceRow, slice_table
from .verdict import Verdict, judge, no_verdict

MEAN_LAYER = "mean"
MEAN_WITHOUT_LAST_LAYER = "mean_without_last"
CONTROL = "control"
#: Kind of what was explained, where that is one part of the prediction.
PART = "part"

FloatMap = npt.NDArray[np.float32]


@dataclass(frozen=True)
class CaseMetrics:
    """What was measured.

    Args:
        fields: the fields ``segmentation``, ``alignment``, ``alignment_without_last_layer``,
            ``alignment_of_control``, ``gap``, ``excess_alignment``, ``slice_categories`` and ``verdict`` of
            metrics.json, JSON-ready: Python ints, floats and None, never NaN.
        slices: rows of slices.csv.
        warnings: (code, message) pairs.
    """

    fields: dict[str, Any]
    slices: list[SliceRow]
    warnings: list[tuple[str, str]]


class CaseMeasurement:
    """Measures a case from the arrays as written on the input grid; keeps counts, never an attention map.

    Args:
        pm: prediction of the target label, bool (z, y, x).
        gt: ground truth of the target label; None without one.
        region: evaluation region; None counts every voxel.
        geometry: the grid of all arrays.
        thresholds: of attention, in (0, 1].
        reporting_threshold: measured even if it is not in ``thresholds``; gap, verdict, excess and slices rest on it.
        cutoffs: of the verdict.
        fold_false_positive: count slices with prediction but no truth as ``worst``, as the paper seems to.
        seed: of the permutation test.
        explained: kind of the voxels that were explained, or ``PART``; there is a verdict on the whole prediction only,
            since attention on chosen errors or one vessel lies on or off the truth by that choice.

    Raises:
        ValueError: arrays of the wrong type or on another grid.
    """

    def __init__(
        self,
        pm: BoolArray,
        gt: BoolArray | None,
        region: BoolArray | None,
        geometry: Geometry,
        thresholds: Sequence[float] = DEFAULT_THRESHOLDS,
        reporting_threshold: float = REPORTING_THRESHOLD,
        cutoffs: VerdictCutoffs | None = None,
        fold_false_positive: bool = False,
        seed: int = 0,
        explained: str = "prediction",
    ) -> None:
        if pm.shape != geometry.shape:
            raise ValueError(f"pm has shape {pm.shape} on a grid of shape {geometry.shape}")
        self._pm, self._gt, self._region, self._geometry = pm, gt, region, geometry
        self._threshold = float(reporting_threshold)
        self._thresholds = sorted({*map(float, thresholds), self._threshold})
        self._cutoffs = cutoffs if cutoffs is not None else VerdictCutoffs()
        self._fold_false_positive, self._seed, self._explained = fold_false_positive, seed, explained
        self._segmentation = count_segmentation(pm, gt, region, geometry.superior_axis)
        self._rows: list[dict[str, Any]] = []
        self._mean_rows: list[dict[str, Any]] = []
        self._rows_without_last: list[dict[str, Any]] = []
        self._control_rows: list[dict[str, Any]] = []
        self._mean: AttentionCounts | None = None
        self._excess: ExcessAlignment | None = None

    def add_layer(self, name: str, attention: FloatMap) -> None:
        """Measure one layer's normalised map, float32 in [0, 1], (z, y, x)."""
        self._rows += self._alignment_rows(name, self._count(attention))

    def add_mean(self, attention: FloatMap) -> None:
        """Measure the layer mean, the map that is written; call once."""
        self._mean = self._count(attention)
        self._mean_rows = self._alignment_rows(MEAN_LAYER, self._mean)
        if self._gt is not None:
            spacing_zyx = self._geometry.spacing_mm[::-1]
            self._excess = excess_alignment(
                attention, self._mean, self._pm, self._gt, self._region, spacing_zyx, self._threshold, self._seed
            )

    def add_mean_without_last_layer(self, attention: FloatMap) -> None:
        """Measure the mean of all layers but the last, whose map lies inside the prediction by construction."""
        self._rows_without_last = self._alignment_rows(MEAN_WITHOUT_LAST_LAYER, self._count(attention))

    def add_control(self, attention: FloatMap) -> None:
        """Measure the layer mean's control: the same map without the weight by place that a prompt box gives."""
        self._control_rows = self._alignment_rows(CONTROL, self._count(attention))

    def mean_alignment(self) -> dict[str, Any]:
        """``alignment`` rows and ``gap`` of the layer mean; no rows where none was added."""
        return {"alignment": self._mean_rows, "gap": self._gap(self._mean_rows)}

    def other_mean_alignment(self, attention: FloatMap) -> dict[str, Any]:
        """The same for another method's layer mean, which counts for nothing else."""
        rows = self._alignment_rows(MEAN_LAYER, self._count(attention))
        return {"alignment": rows, "gap": self._gap(rows)}

    def other_control_alignment(self, attention: FloatMap) -> list[dict[str, Any]]:
        """Rows of the control of another method's layer mean."""
        return self._alignment_rows(CONTROL, self._count(attention))

    def result(self) -> CaseMetrics:
        """All metrics of what was added; without an attention map, those of the segmentation alone."""
        pooled = self._segmentation.pooled()
        slices = slice_table(self._geometry, self._segmentation, self._mean, self._threshold, self._fold_false_positive)
        return CaseMetrics(
            fields={
                "segmentation": self._segmentation_fields(pooled),
                "alignment": self._mean_rows + self._rows,
                "alignment_without_last_layer": self._rows_without_last,
                "alignment_of_control": self._control_rows,
                "gap": self._gap(self._mean_rows),
                "excess_alignment": self._excess.to_json() if self._excess else None,
                "slice_categories": self._slice_categories(slices),
                "verdict": self._verdict(pooled).to_json(),
            },
            slices=slices,
            warnings=self._warnings(pooled),
        )

    def _count(self, attention: FloatMap) -> AttentionCounts:
        return count_attention(
            attention, self._gt, self._pm, self._region, self._thresholds, self._geometry.superior_axis
        )

    def _alignment_rows(self, layer: str, counts: AttentionCounts) -> list[dict[str, Any]]:
        rows = []
        for reference, size, common in (
            ("gt", self._segmentation.gt, counts.with_gt),
            ("pm", self._segmentation.pm, counts.with_pm),
        ):
            if size is None or common is None:
                continue
            for column, threshold in enumerate(counts.thresholds):
                found = Overlap(int(counts.attention[:, column].sum()), int(size.sum()), int(common[:, column].sum()))
                rows.append(
                    {
                        "reference": reference,
                        "threshold": threshold,
                        "layer": layer,
                        "iou": found.iou,
                        "f1": found.f1,
                        "precision": found.precision,
                        "recall": found.recall,
                        "attention_voxels": found.measured,
                        "overlap_voxels": found.common,
                    }
                )
        return rows

    def _segmentation_fields(self, pooled: Overlap | None) -> dict[str, Any]:
        counted: SegmentationCounts = self._segmentation
        pm_voxels = int(counted.pm.sum())
        return {
            "pm_voxels": pm_voxels,
            "gt_voxels": pooled.reference if pooled else None,
            "overlap_voxels": pooled.common if pooled else None,
            "dice": pooled.dice if pooled else None,
            "iou": pooled.iou if pooled else None,
            "precision": pooled.precision if pooled else None,
            "recall": pooled.recall if pooled else None,
            "region_voxels": None if self._region is None else int(counted.region.sum()),
            "pm_voxels_outside_region": (None if self._region is None else int(np.count_nonzero(self._pm)) - pm_voxels),
        }

    def _iou(self, rows: Sequence[dict[str, Any]], reference: str) -> float | None:
        for row in rows:
            if row["reference"] == reference and row["threshold"] == self._threshold:
                return row["iou"]
        return None

    def _gap(self, rows: Sequence[dict[str, Any]]) -> float | None:
        xai_gt, xai_pm = self._iou(rows, "gt"), self._iou(rows, "pm")
        return None if xai_gt is None or xai_pm is None else xai_pm - xai_gt

    def _slice_categories(self, slices: list[SliceRow]) -> dict[str, Any] | None:
        if self._gt is None:
            return None
        summary = category_summary(row.category for row in slices if row.category is not None)
        summary["false_positive_folded_into_worst"] = self._fold_false_positive
        summary["joint"] = (
            None
            if self._mean is None
            else joint_categories([(row.pm_voxels, row.gt_voxels or 0, row.dice, row.xai_gt_f1) for row in slices])
        )
        return summary

    def _verdict(self, pooled: Overlap | None) -> Verdict:
        xai_gt, xai_pm = self._iou(self._mean_rows, "gt"), self._iou(self._mean_rows, "pm")
        if not self._pm.any():
            reason = "Nothing was predicted, so there is nothing to explain."
        elif self._mean is None:
            reason = "There is no attention map."
        elif pooled is None:
            reason = "There is no ground truth to compare attention with."
        elif pooled.reference == 0:
            reason = "The ground truth is empty where it is evaluated."
        elif pooled.measured == 0:
            reason = "Nothing was predicted inside the evaluation region."
        elif not int(self._mean.attention[:, self._mean.thresholds.index(self._threshold)].sum()):
            reason = f"No attention reaches {self._threshold:g} where it is evaluated."
        elif self._explained != "prediction":
            some = f"the {self._explained.upper()} voxels were"
            if self._explained == PART:
                some = "one part of the prediction was"
            reason = f"Only {some} explained: attention lies on or off the truth by that choice."
        elif xai_gt is not None and xai_pm is not None:
            return judge(xai_gt, xai_pm, self._excess, self._cutoffs, self._threshold)
        return no_verdict(reason, self._cutoffs, self._threshold)

    def _warnings(self, pooled: Overlap | None) -> list[tuple[str, str]]:
        if pooled is None or self._gt is None:
            return []
        if pooled.reference == 0:
            where = "" if self._region is None else " inside the evaluation region"
            return [("ground_truth_empty", f"The ground truth has no voxel of the target{where}; Dice says nothing.")]
        outside = voxels_outside_annotation(self._pm, self._gt, self._region)
        if not outside or outside < MIN_SHARE_OUTSIDE * pooled.measured:
            return []
        share = ratio(100 * outside, pooled.measured)
        return [
            (
                "prediction_outside_annotation",
                f"{outside} predicted voxels ({share:.1f} %) lie outside the ground truth's bounding box. If it covers "
                "only part of the vessels, true vessels count as false: give an evaluation region.",
            )
        ]
