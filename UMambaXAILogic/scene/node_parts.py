"""What a node is made of that somebody may choose from: segments of a segmentation, values of a label volume."""

from __future__ import annotations

from typing import Any

import numpy as np

from .grid import image_array

#: An image has more values; nobody would choose among so many labels.
MOST_LABELS = 256


def segments(segmentation_node: Any) -> tuple[tuple[str, str], ...]:
    """Id and name of each segment, in order."""
    segmentation = segmentation_node.GetSegmentation()
    ids = (segmentation.GetNthSegmentID(index) for index in range(segmentation.GetNumberOfSegments()))
    return tuple((segment_id, segmentation.GetSegment(segment_id).GetName()) for segment_id in ids)


class LabelValues:
    """The values above 0 of label volumes, counted anew only when the voxels have changed."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, tuple[int, ...] | None]] = {}

    def of(self, label_node: Any) -> tuple[int, ...] | None:
        """The values of a label volume, ascending; None where there are too many to choose from."""
        image = label_node.GetImageData()
        if image is None or image.GetNumberOfPoints() == 0:
            return ()
        stamp = int(image.GetMTime())
        known = self._known.get(label_node.GetID())
        if known is None or known[0] != stamp:
            known = self._known[label_node.GetID()] = (stamp, _values(image))
        return known[1]


def _values(image: Any) -> tuple[int, ...] | None:
    found: set[int] = set()
    for plane in image_array(image):  # most planes of most label volumes are empty: that is quick
        if plane.any():
            found.update(int(value) for value in np.unique(plane) if value > 0)
        if len(found) > MOST_LABELS:
            return None
    return tuple(sorted(found))
