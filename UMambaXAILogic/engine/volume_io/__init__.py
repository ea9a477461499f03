"""Volumes, ground truths and regions: from files, and back into files on the same grid."""

from ..grids import AxisOrder, describe, is_same_grid, orientation_code, side_by_side
from ..volume import PHANTOM_DESCRIPTION
from .facts import InputWarning, VolumeFacts
from .ground_truth import check_ground_truth, check_same_voxels, read_ground_truth, resample_labels
from .input_warnings import hounsfield_doubts, intensity_warnings
from .read import read_geometry, read_volume
from .region import region_mask
from .write import write_volume

__all__ = [
    "PHANTOM_DESCRIPTION",
    "AxisOrder",
    "InputWarning",
    "VolumeFacts",
    "check_ground_truth",
    "check_same_voxels",
    "describe",
    "hounsfield_doubts",
    "intensity_warnings",
    "is_same_grid",
    "orientation_code",
    "read_geometry",
    "read_ground_truth",
    "read_volume",
    "region_mask",
    "resample_labels",
    "side_by_side",
    "write_volume",
]
