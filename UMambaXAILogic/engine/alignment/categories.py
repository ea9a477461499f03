"""Slices sorted by how well they were segmented (table 8) and by how well attention met the truth (table 11)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ..request import JOINT_DICE_CUTOFF, JOINT_F1_CUTOFF
from .overlap import ratio

PERFECT, GOOD, BAD, WORST = "perfect", "good", "bad", "worst"
TRUE_NEGATIVE, FALSE_POSITIVE = "true_negative", "false_positive"
CATEGORIES = (PERFECT, GOOD, BAD, WORST, TRUE_NEGATIVE, FALSE_POSITIVE)

#: Lower bounds (exclusive) of Dice; what reaches none is ``worst``.
DICE_ABOVE = ((PERFECT, 0.85), (GOOD, 0.65), (BAD, 0.4))


def slice_category(pm_voxels: int, gt_voxels: int, dice: float | None, fold_false_positive: bool = False) -> str:
    """The one category of a counted slice.

    Args:
        pm_voxels: predicted voxels of the slice.
        gt_voxels: ground-truth voxels of the slice.
        dice: of the slice; None only where both are empty.
        fold_false_positive: call a slice with prediction but no truth ``worst``, as the paper seems to.
    """
    if gt_voxels == 0:
        if pm_voxels == 0:
            return TRUE_NEGATIVE
        return WORST if fold_false_positive else FALSE_POSITIVE
    if dice is None:
        raise ValueError(f"a slice with {gt_voxels} ground-truth voxels has a Dice")
    return next((name for name, bound in DICE_ABOVE if dice > bound), WORST)


def category_summary(categories: Iterable[str]) -> dict[str, Any]:
    """Number and percent of slices in each category; percent is of all counted slices, None where there are none."""
    found = Counter(categories)
    total = sum(found.values())
    shares = {name: ratio(100 * found[name], total) for name in CATEGORIES}
    return {"total": total, "counts": {name: found[name] for name in CATEGORIES}, "percent": shares}


def joint_categories(
    slices: Sequence[tuple[int, int, float | None, float | None]],
    dice_cutoff: float = JOINT_DICE_CUTOFF,
    f1_cutoff: float = JOINT_F1_CUTOFF,
    exclude_false_positive: bool = False,
) -> dict[str, Any]:
    """Good or bad Dice by good or bad XAI-GT F1, over slices that are not true negatives.

    Args:
        slices: (pm_voxels, gt_voxels, dice, xai_gt_f1) of each counted slice.
        dice_cutoff: good means at least this.
        f1_cutoff: good means at least this.
        exclude_false_positive: leave out slices without ground truth, which otherwise count as bad and bad.

    Returns:
        ``total``, ``cutoffs`` and four ``groups`` with count, percent, and slice means of Dice and F1; a null F1
        (nothing there and nothing attended) is left out of the mean.
    """
    members: dict[tuple[str, str], list[tuple[float | None, float | None]]] = {
        (dice, xai): [] for dice in (GOOD, BAD) for xai in (GOOD, BAD)
    }
    for pm_voxels, gt_voxels, dice, f1 in slices:
        if gt_voxels == 0 and (pm_voxels == 0 or exclude_false_positive):
            continue
        good_dice = gt_voxels > 0 and dice is not None and dice >= dice_cutoff
        good_xai = gt_voxels > 0 and f1 is not None and f1 >= f1_cutoff
        members[GOOD if good_dice else BAD, GOOD if good_xai else BAD].append((dice, f1))
    total = sum(len(group) for group in members.values())
    groups = [
        {
            "dice": dice_name,
            "xai_gt": xai_name,
            "count": len(group),
            "percent": ratio(100 * len(group), total),
            "mean_dice": _mean(dice for dice, _ in group),
            "mean_f1": _mean(f1 for _, f1 in group),
        }
        for (dice_name, xai_name), group in members.items()
    ]
    return {
        "averaging": "slice_mean",
        "cutoffs": {"dice": dice_cutoff, "f1": f1_cutoff},
        "exclude_false_positive": exclude_false_positive,
        "total": total,
        "groups": groups,
    }


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return ratio(sum(known), len(known))
