"""Centreline Dice: whether two masks follow the same vessels, however thick (Shit et al., CVPR 2021, eq. 1 and 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..alignment.overlap import ratio
from .centreline import Centreline

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ClDice:
    """Topology precision, topology sensitivity, and their harmonic mean.

    Args:
        precision: share of the prediction's centreline inside the ground truth; None without such a centreline.
        sensitivity: share of the ground truth's centreline inside the prediction; None without such a centreline.
        missing_because: why there is no clDice; None where there is one.
    """

    precision: float | None
    sensitivity: float | None
    missing_because: str | None

    @property
    def value(self) -> float | None:
        """clDice; 0 where neither centreline touches the other mask."""
        if self.precision is None or self.sensitivity is None:
            return None
        return 2 * self.precision * self.sensitivity / (self.precision + self.sensitivity or 1)

    def to_json(self) -> dict[str, Any]:
        """As in ``segmentation`` of metrics.json."""
        return {
            "cl_dice": self.value,
            "topology_precision": self.precision,
            "topology_sensitivity": self.sensitivity,
            "cl_dice_missing_because": self.missing_because,
        }


NO_GROUND_TRUTH = ClDice(None, None, "there is no ground truth")


def cl_dice(pm: BoolArray, gt: BoolArray, of_pm: Centreline, of_gt: Centreline, region: BoolArray | None) -> ClDice:
    """Centreline Dice of a prediction.

    Args:
        pm: prediction.
        gt: ground truth.
        of_pm: centreline of the whole prediction.
        of_gt: centreline of the whole ground truth.
        region: only centreline voxels in it count; None counts all.
    """
    precision = _share_inside(of_pm, gt, region)
    sensitivity = _share_inside(of_gt, pm, region)
    empty = [name for name, share in (("prediction", precision), ("ground truth", sensitivity)) if share is None]
    where = "" if region is None else " inside the evaluation region"
    reason = f"the {' and the '.join(empty)} {'has' if len(empty) == 1 else 'have'} no centreline{where}"
    return ClDice(precision, sensitivity, reason if empty else None)


def _share_inside(centreline: Centreline, mask: BoolArray, region: BoolArray | None) -> float | None:
    counted = np.ones(len(centreline.points), bool) if region is None else centreline.inside(region)
    return ratio(int(np.count_nonzero(centreline.inside(mask) & counted)), int(np.count_nonzero(counted)))
