"""Does the ground truth cover what was predicted?"""

from __future__ import annotations

import numpy as np

from .counting import BoolArray
from .shell import bounding_box

#: A prediction one voxel wider than the truth is a matter of delineation, not of what was annotated.
TOLERANCE_VOXELS = 1
#: A smaller share of the prediction outside the truth's box cannot move a score: no reason to warn.
MIN_SHARE_OUTSIDE = 0.01


def voxels_outside_annotation(pm: BoolArray, gt: BoolArray, region: BoolArray | None = None) -> int | None:
    """Predicted voxels beyond the ground truth's bounding box widened by ``TOLERANCE_VOXELS`` on every side.

    Args:
        pm: prediction, (z, y, x).
        gt: ground truth.
        region: evaluation region; only predicted voxels inside it are counted.

    Returns:
        None where the ground truth is empty and has no bounding box.
    """
    extent = bounding_box(gt)
    if extent is None:
        return None
    wide = tuple(slice(max(0, part.start - TOLERANCE_VOXELS), part.stop + TOLERANCE_VOXELS) for part in extent)
    counted = pm if region is None else pm & region
    return int(np.count_nonzero(counted) - np.count_nonzero(counted[wide]))
