"""The segments of the prediction that were explained."""

from __future__ import annotations

from .nodes import SEGMENTATION, ResultNodes


def target_segments(nodes: ResultNodes) -> list[str]:
    """Ids of the segments whose label values are the target's; none where nothing of it was predicted."""
    label = nodes.metrics["target"]["label"]
    values = label if isinstance(label, list) else [label]
    segmentation = nodes.needed(SEGMENTATION).GetSegmentation()
    ids = [segmentation.GetNthSegmentID(index) for index in range(segmentation.GetNumberOfSegments())]
    return [segment_id for segment_id in ids if segmentation.GetSegment(segment_id).GetLabelValue() in values]
