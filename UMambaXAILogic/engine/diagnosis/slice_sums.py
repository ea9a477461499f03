"""Slices of a cohort, read once: sums for slice means, and the joint categories of table 11."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..alignment.categories import BAD, GOOD
from ..alignment.overlap import ratio

ROWS_IN_MEMORY = 20_000
#: Columns whose means over slices are reported; attention is that of the layer mean at the cohort's threshold.
MEANS = (
    *("dice", "iou"),
    *(f"xai_{reference}_{name}" for reference in ("gt", "pm") for name in ("iou", "f1", "precision", "recall")),
)
JOINT_GROUPS = tuple((dice, xai) for dice in (GOOD, BAD) for xai in (GOOD, BAD))

_COUNTS = ("pm_voxels", "gt_voxels", "attention_voxels")


@dataclass
class Sum:
    """A sum and how many values are in it."""

    total: float = 0.0
    count: int = 0

    @property
    def mean(self) -> float | None:
        """None without a value."""
        return ratio(self.total, self.count)

    def add(self, values: npt.NDArray[np.float64]) -> None:
        """Take in values; NaN stands for none."""
        known = values[~np.isnan(values)]
        self.total += float(known.sum())
        self.count += int(known.size)


@dataclass
class JointGroup:
    """Slices of one group of table 11."""

    count: int = 0
    dice: Sum = field(default_factory=Sum)
    f1: Sum = field(default_factory=Sum)


@dataclass
class SliceSums:
    """What is left of a cohort's slices.

    Args:
        slices: number of slices with ground truth or known to have none, inside the evaluation region.
        means: of ``MEANS``, over the slices that have the value.
        joint: the four groups of table 11, (Dice, XAI-GT) -> group; slices of cases without an attention map are in
            none.
    """

    slices: int = 0
    means: dict[str, Sum] = field(default_factory=lambda: {name: Sum() for name in MEANS})
    joint: dict[tuple[str, str], JointGroup] = field(
        default_factory=lambda: {group: JointGroup() for group in JOINT_GROUPS}
    )

    @property
    def joint_total(self) -> int:
        """Slices in all groups of table 11."""
        return sum(group.count for group in self.joint.values())

    def to_json(self) -> dict[str, Any]:
        """Means and counts, for report.json."""
        return {
            "slices": self.slices,
            "slice_mean": {name: {"mean": found.mean, "slices": found.count} for name, found in self.means.items()},
            "joint": [
                {
                    "dice": dice,
                    "xai_gt": xai,
                    "count": group.count,
                    "percent": ratio(100 * group.count, self.joint_total),
                    "mean_dice": group.dice.mean,
                    "mean_f1": group.f1.mean,
                }
                for (dice, xai), group in self.joint.items()
            ],
        }


def read_slices(
    path: Path, cases: Collection[str], dice_cutoff: float, f1_cutoff: float, exclude_false_positive: bool
) -> SliceSums:
    """Sums over a cohort's ``slices.parquet``, a few rows in memory at a time.

    Args:
        path: of the table.
        cases: that count, by name; their slices without ground truth are passed over.
        dice_cutoff, f1_cutoff: good means at least this.
        exclude_false_positive: leave slices with prediction but no truth out of the joint groups.
    """
    sums = SliceSums()
    wanted = pa.array(sorted(cases), pa.string())
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=ROWS_IN_MEMORY, columns=["case", *_COUNTS, *MEANS]):
            counted = pc.and_(pc.is_in(batch.column("case"), value_set=wanted), pc.is_valid(batch.column("gt_voxels")))
            kept = batch.filter(counted)
            # Counts are far below 2^53, so float64 holds them exactly, and NaN for none.
            columns = {name: _floats(kept.column(name)) for name in (*_COUNTS, *MEANS)}
            sums.slices += kept.num_rows
            for name, mean in sums.means.items():
                mean.add(columns[name])
            _add_joint(sums, columns, dice_cutoff, f1_cutoff, exclude_false_positive)
    return sums


def _add_joint(
    sums: SliceSums,
    columns: Mapping[str, npt.NDArray[np.float64]],
    dice_cutoff: float,
    f1_cutoff: float,
    exclude_false_positive: bool,
) -> None:
    has_truth = columns["gt_voxels"] > 0
    counted = has_truth if exclude_false_positive else has_truth | (columns["pm_voxels"] > 0)
    counted = counted & ~np.isnan(columns["attention_voxels"])
    dice, f1 = columns["dice"], columns["xai_gt_f1"]
    # NaN is at least nothing: such a slice is bad.
    good_dice, good_xai = has_truth & (dice >= dice_cutoff), has_truth & (f1 >= f1_cutoff)
    for (dice_name, xai_name), group in sums.joint.items():
        members = counted & (good_dice == (dice_name == GOOD)) & (good_xai == (xai_name == GOOD))
        group.count += int(members.sum())
        group.dice.add(dice[members])
        group.f1.add(f1[members])


def _floats(column: pa.Array) -> npt.NDArray[np.float64]:
    return pc.fill_null(column.cast(pa.float64()), float("nan")).to_numpy(zero_copy_only=False)
