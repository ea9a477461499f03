"""Where prediction and ground truth agree and differ: true positive, false positive and false negative segments."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .colors import FALSE_NEGATIVE, FALSE_POSITIVE, TRUE_POSITIVE
from .grid import Grid, bounding_box, union
from .segments import SegmentStyle, add_segmentation

TP, FP, FN = 1, 2, 3
_FILL_OPACITY = 0.6
_TP_OPACITY_3D = 0.5


def error_labels(predicted: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """1 true positive, 2 false positive, 3 false negative, 0 elsewhere; shapes as given."""
    labels = np.zeros(predicted.shape, dtype=np.uint8)
    box = union(bounding_box(predicted, margin=0), bounding_box(truth, margin=0))
    labels[box][predicted[box] & truth[box]] = TP
    labels[box][predicted[box] & ~truth[box]] = FP
    labels[box][~predicted[box] & truth[box]] = FN
    return labels


def beyond_one_voxel(predicted: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """False positives and negatives that do not even touch (26 neighbours) the other: 2 and 3, 0 elsewhere.

    Vessel walls differ by a voxel nearly everywhere; in 3-D this crust would hide what is really missed.
    """
    labels = np.zeros(predicted.shape, dtype=np.uint8)
    box = union(bounding_box(predicted, margin=1), bounding_box(truth, margin=1))
    labels[box][predicted[box] & ~dilate(truth[box])] = FP
    labels[box][truth[box] & ~dilate(predicted[box])] = FN
    return labels


def dilate(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """The mask with its 26 neighbours, (k, j, i)."""
    grown = mask.copy()
    for axis in range(mask.ndim):
        before = grown.copy()
        view, source = np.moveaxis(grown, axis, 0), np.moveaxis(before, axis, 0)
        view[1:] |= source[:-1]
        view[:-1] |= source[1:]
    return grown


def add_error_segmentation(
    scene: Any,
    name: str,
    labels: npt.NDArray,
    grid: Grid,
    volume_node: Any,
    first_kji: tuple[int, int, int] = (0, 0, 0),
) -> Any:
    """Add the exact TP, FP and FN segments, for slices; hidden until the user asks for them.

    Args:
        labels, first_kji: see ``add_segmentation``; values as ``error_labels`` gives them.
    """
    styles = (
        SegmentStyle(TP, "True positive", TRUE_POSITIVE, "vessel"),
        SegmentStyle(FP, "False positive", FALSE_POSITIVE, "vessel"),
        SegmentStyle(FN, "False negative", FALSE_NEGATIVE, "vessel"),
    )
    node = add_segmentation(scene, name, labels, grid, volume_node, styles, first_kji)
    display = node.GetDisplayNode()
    display.SetAllSegmentsOpacity2DFill(_FILL_OPACITY, True)
    display.SetSegmentOpacity3D(node.GetSegmentation().GetNthSegmentID(0), _TP_OPACITY_3D)
    display.SetVisibility(False)
    return node


def add_missed_segmentation(
    scene: Any,
    name: str,
    labels: npt.NDArray,
    grid: Grid,
    volume_node: Any,
    first_kji: tuple[int, int, int] = (0, 0, 0),
) -> Any:
    """Add missed and invented vessels beyond one voxel, for the 3-D view; hidden, and without surfaces yet.

    Args:
        labels, first_kji: see ``add_segmentation``; values as ``beyond_one_voxel`` gives them.
    """
    styles = (
        SegmentStyle(FN, "Missed (beyond 1 voxel)", FALSE_NEGATIVE, "vessel"),
        SegmentStyle(FP, "False (beyond 1 voxel)", FALSE_POSITIVE, "vessel"),
    )
    node = add_segmentation(scene, name, labels, grid, volume_node, styles, first_kji)
    display = node.GetDisplayNode()
    display.SetVisibility(False)
    display.SetVisibility2D(False)
    display.SetSegmentVisibility(node.GetSegmentation().GetNthSegmentID(1), False)
    return node
