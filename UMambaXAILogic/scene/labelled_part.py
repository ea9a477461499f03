"""Where the labels of a segmentation can lie: vessels fill a small part of a head."""

from __future__ import annotations

from typing import Any

from .grid import Box, Grid, oriented_image_grid, parent_to_world, reach, union
from .segments import LABELMAP


def labelled_part(segmentation_node: Any, world_grid: Grid) -> Box:
    """The part of a grid that the stored labels of all segments reach; all of it where they are stored otherwise.

    Args:
        world_grid: in world coordinates.

    Raises:
        InputError: a parent transform is not linear.
    """
    segmentation = segmentation_node.GetSegmentation()
    if segmentation.GetSourceRepresentationName() != LABELMAP:
        columns, rows, slices = world_grid.size
        return slice(0, slices), slice(0, rows), slice(0, columns)
    to_world = parent_to_world(segmentation_node)
    part: Box | None = None
    for index in range(segmentation.GetNumberOfSegments()):
        image = segmentation.GetNthSegment(index).GetRepresentation(LABELMAP)
        if image is not None and image.GetNumberOfPoints():
            reached = reach(oriented_image_grid(image).moved(to_world), world_grid)
            part = reached if part is None else union(part, reached)
    return part or (slice(0, 1), slice(0, 1), slice(0, 1))
