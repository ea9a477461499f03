"""Everything that phase 2 knows of one cohort: read once, then asked by every table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..alignment import MEAN_LAYER, MEAN_WITHOUT_LAST_LAYER, Overlap
from ..alignment.categories import CATEGORIES, FALSE_POSITIVE, WORST
from ..statistics import Interval, mean_interval
from .alignment_groups import RATIOS, AlignmentGroup, AlignmentKey, read_alignment
from .cohort_results import CohortResults
from .excess import ExcessSummary, log_excess, log_in_pm_excess, summarise_excess
from .options import DiagnosisOptions
from .slice_sums import SliceSums, read_slices

#: Quantities with one number a case, which are compared between cohorts, and what tables call them.
CASE_QUANTITIES = {
    "dice": "Dice",
    "iou": "IoU",
    "xai_gt_iou": "XAI-GT IoU",
    "xai_gt_f1": "XAI-GT F1",
    "xai_pm_iou": "XAI-PM IoU",
    "gap": "Gap (XAI-PM IoU - XAI-GT IoU)",
    "xai_gt_iou_without_last": "XAI-GT IoU, mean without the last layer",
    "log_excess": "Log excess alignment",
    "log_in_pm_excess": "Log in-PM excess alignment",
}


@dataclass(frozen=True)
class CohortMeasures:
    """One cohort, measured.

    Args:
        results: where everything comes from.
        threshold: that is reported and judged.
        alignment: groups of alignment rows of the scored cases.
        method: label of the method that is judged; None where no case has an attention map.
        slices: sums over slices; None without ground truth.
        excess: None without ground truth, or at another threshold than the cohort's own.
        seed: of bootstraps.
    """

    results: CohortResults
    threshold: float
    alignment: Mapping[AlignmentKey, AlignmentGroup]
    method: str | None
    slices: SliceSums | None
    excess: ExcessSummary | None
    seed: int

    @property
    def has_ground_truth(self) -> bool:
        """At least one case has one."""
        return bool(self.results.with_ground_truth)

    @property
    def own_threshold(self) -> bool:
        """The reported threshold is the one that slices and excess alignment were measured at."""
        return self.threshold == self.results.threshold

    @property
    def cases(self) -> Sequence[Mapping[str, Any]]:
        """Those that the tables are made of."""
        return self.results.scored

    @property
    def thresholds(self) -> list[float]:
        """At which the judged method's layer mean was measured, ascending."""
        keys = [key for key in self.alignment if key.method == self.method and key.layer == MEAN_LAYER]
        return sorted({key.threshold for key in keys})

    @property
    def methods(self) -> list[str]:
        """Labels of the methods, in the order in which they were asked for."""
        return list(dict.fromkeys(key.method for key in self.alignment))

    @property
    def layers(self) -> list[str]:
        """The judged method's layers: the means first."""
        found = dict.fromkeys(key.layer for key in self.alignment if key.method == self.method)
        means = [layer for layer in (MEAN_LAYER, MEAN_WITHOUT_LAST_LAYER) if layer in found]
        return means + [layer for layer in found if layer not in means]

    def group(
        self, reference: str, layer: str = MEAN_LAYER, threshold: float | None = None, method: str | None = None
    ) -> AlignmentGroup | None:
        """Alignment rows of one kind; by default of the judged method at the reported threshold. None without a row."""
        key = AlignmentKey(
            method or self.method or "", layer, reference, self.threshold if threshold is None else threshold
        )
        return self.alignment.get(key)

    def segmentation(self) -> Overlap | None:
        """Prediction against ground truth, pooled over all voxels of all cases; None without ground truth."""
        if not self.has_ground_truth:
            return None
        counts = [(case["pm_voxels"], case["gt_voxels"], case["overlap_voxels"]) for case in self.cases]
        return sum((Overlap(*case) for case in counts), Overlap(0, 0, 0))

    def values(self, quantity: str) -> list[float | None]:
        """One number a scored case, in their order; None where a case has none.

        Args:
            quantity: key of ``CASE_QUANTITIES``.
        """
        if quantity in ("dice", "iou"):
            return [case[quantity] for case in self.cases]
        if quantity == "gap":
            pairs = zip(self.values("xai_gt_iou"), self.values("xai_pm_iou"), strict=True)
            return [None if gt is None or pm is None else pm - gt for gt, pm in pairs]
        if quantity in ("log_excess", "log_in_pm_excess"):
            if self.excess is None:
                return [None] * len(self.cases)
            return [(log_excess if quantity == "log_excess" else log_in_pm_excess)(case) for case in self.cases]
        layer = MEAN_WITHOUT_LAST_LAYER if quantity.endswith("_without_last") else MEAN_LAYER
        _, reference, ratio = quantity.removesuffix("_without_last").split("_")
        group = self.group(reference, layer)
        return [None] * len(self.cases) if group is None else group.values(ratio)

    def case_mean(self, quantity: str) -> Interval:
        """Mean of a quantity over the cases that have it."""
        return mean_interval(self.values(quantity), self.seed)

    def categories(self, fold_false_positive: bool) -> dict[str, tuple[int, Interval]]:
        """Table 8: number of slices in each category, and the mean over cases of its percent of a case's slices."""
        counted = [case for case in self.cases if case["slices"]]
        found = {name: [case[f"slices_{name}"] for case in counted] for name in CATEGORIES}
        if fold_false_positive:
            extra = found.pop(FALSE_POSITIVE)
            found[WORST] = [one + other for one, other in zip(found[WORST], extra, strict=True)]
        totals = [case["slices"] for case in counted]
        return {
            name: (
                sum(counts),
                mean_interval([100 * n / total for n, total in zip(counts, totals, strict=True)], self.seed),
            )
            for name, counts in found.items()
        }

    def to_json(self) -> dict[str, Any]:
        """Aggregates at full precision: one side of ``phase2`` in report.json."""
        pooled = self.segmentation()
        return {
            "threshold": self.threshold,
            "method": self.method,
            "scored_cases": len(self.cases),
            "segmentation": {
                "pooled": None
                if pooled is None
                else {
                    "dice": pooled.dice,
                    "iou": pooled.iou,
                    "pm_voxels": pooled.measured,
                    "gt_voxels": pooled.reference,
                    "overlap_voxels": pooled.common,
                },
                "case_mean": {name: self.case_mean(name).to_json() for name in ("dice", "iou")},
            },
            "alignment": [_group_json(key, group, self.seed) for key, group in self.alignment.items()],
            "gap": {"case_mean": self.case_mean("gap").to_json()},
            "slices": None if self.slices is None else self.slices.to_json(),
            "excess_alignment": None if self.excess is None else self.excess.to_json(),
        }


def measure_cohort(results: CohortResults, threshold: float, options: DiagnosisOptions) -> CohortMeasures:
    """Read a cohort's slices and alignment.

    Args:
        results: of the cohort.
        threshold: that is reported and judged.
        options: of the diagnosis.
    """
    names = [case["case"] for case in results.scored]
    alignment, method = read_alignment(results.alignment_file, names, threshold)
    truth = bool(results.with_ground_truth)
    return CohortMeasures(
        results=results,
        threshold=threshold,
        alignment=alignment,
        method=method,
        slices=read_slices(
            results.slices_file,
            names,
            options.joint_dice_cutoff,
            options.joint_f1_cutoff,
            options.exclude_false_positive,
        )
        if truth
        else None,
        excess=summarise_excess(results.scored, options.seed) if truth and threshold == results.threshold else None,
        seed=options.seed,
    )


def _group_json(key: AlignmentKey, group: AlignmentGroup, seed: int) -> dict[str, Any]:
    pooled = group.pooled
    return {
        **key._asdict(),
        "cases": group.count,
        "pooled": {
            **{ratio: getattr(pooled, ratio) for ratio in RATIOS},
            "attention_voxels": pooled.measured,
            "reference_voxels": pooled.reference,
            "overlap_voxels": pooled.common,
        },
        "case_mean": {ratio: group.case_mean(ratio, seed).to_json() for ratio in RATIOS},
    }
