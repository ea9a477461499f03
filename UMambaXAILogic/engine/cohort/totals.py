"""What summary.json says of a cohort: counts and means that grow with every case, and never a list of cases done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

#: Columns of ``cases.parquet`` whose mean over cases is told.
_AVERAGED = ("dice", "cl_dice", "iou", "xai_gt_iou", "xai_pm_iou", "gap")


class CohortTotals:
    """Sums over the rows of ``cases.parquet``."""

    def __init__(self) -> None:
        self.done = 0
        self.failures: list[dict[str, Any]] = []
        self._with_truth = 0
        self._phantoms = 0
        self._pooled = [0, 0, 0]  # predicted, true, common voxels of the cases with ground truth
        self._sums = dict.fromkeys(_AVERAGED, (0.0, 0))
        self._counted: dict[str, Counter[str]] = {
            name: Counter() for name in ("domain", "verdict", "paper_rule", "warnings", "package", "device")
        }
        self._threshold: float | None = None

    @property
    def failed(self) -> int:
        """Cases without a result."""
        return len(self.failures)

    @property
    def ended(self) -> int:
        """Cases with a result or without."""
        return self.done + self.failed

    @property
    def packages(self) -> list[str]:
        """Versions of this package that computed the cases."""
        return sorted(self._counted["package"])

    def add_failed(self, row: Mapping[str, Any]) -> None:
        """Take in a row of a case that failed."""
        self.failures.append({name: row[name] for name in ("case", "attempts", "code", "reason")})

    def add_done(self, row: Mapping[str, Any]) -> None:
        """Take in a row of a case that is done."""
        self.done += 1
        self._phantoms += bool(row["phantom"])
        self._threshold = row["threshold"]
        if row["gt_voxels"] is not None:
            self._with_truth += 1
            for index, name in enumerate(("pm_voxels", "gt_voxels", "overlap_voxels")):
                self._pooled[index] += row[name]
        for name, (total, count) in self._sums.items():
            if row.get(name) is not None:
                self._sums[name] = (total + row[name], count + 1)
        for name, counter in self._counted.items():
            value = row.get(name)
            counter.update(value if isinstance(value, list) else [] if value is None else [value])

    def to_json(self) -> dict[str, Any]:
        """Fields of summary.json; a mean that cannot be computed is None."""
        predicted, true, common = self._pooled
        return {
            "done": self.done,
            "failed": self.failed,
            "with_gt": self._with_truth,
            "phantom": self._phantoms > 0,
            "phantoms": self._phantoms,
            "threshold": self._threshold,
            "dice_pooled": 2 * common / (predicted + true) if predicted + true else None,
            "case_mean": {
                name: {"mean": total / count if count else None, "cases": count}
                for name, (total, count) in self._sums.items()
            },
            **{
                f"{name}_cases": dict(sorted(self._counted[name].items()))
                for name in ("domain", "verdict", "paper_rule", "warnings", "device", "package")
            },
            "failures": self.failures,
        }
