"""What a SAM's case reads: volume, region, ground truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..progress import Reporter
from ..volume import Volume
from ..volume_io import VolumeFacts, check_ground_truth, read_ground_truth, read_volume, region_mask
from .request import SamRequest

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SamInput:
    """What was read, on the volume's grid.

    Args:
        volume, facts: the image.
        ground_truth: None without one.
        region: what is prompted.
    """

    volume: Volume
    facts: VolumeFacts
    ground_truth: BoolArray | None
    region: BoolArray


def read_input(request: SamRequest, reporter: Reporter) -> SamInput:
    """Read what the request names.

    Raises:
        InputError: a file is missing, unreadable, ambiguous, or on another grid; the region holds no voxel.
    """
    volume, facts = read_volume(request.volume, series_uid=request.series_uid)
    low, high = facts.intensity_range
    if low == high:
        raise InputError(
            f"Every voxel of {request.volume} has the value {low:g}: there is nothing to see.",
            "Check that the right file was given and that it was exported completely.",
        )
    for warning in facts.warnings:
        reporter.warning(warning.code, warning.message)
    truth = None
    if request.ground_truth is not None:
        labels = read_ground_truth(
            request.ground_truth,
            volume.geometry,
            labels=request.ground_truth_labels,
            resample=request.resample_ground_truth,
        )
        check_ground_truth(labels, volume, request.ground_truth)
        truth = labels > 0
    return SamInput(volume, facts, truth, region_mask(request.region, volume.geometry))
