"""Label arrays -> segmentation nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import slicer

from .colors import Color
from .grid import Grid, bounding_box, oriented_image
from .terminology import tag_segment

#: Of closed surfaces. 0.5, Slicer's default, erodes thin vessels.
SURFACE_SMOOTHING = 0.2
LABELMAP = "Binary labelmap"
CLOSED_SURFACE = "Closed surface"


@dataclass(frozen=True)
class SegmentStyle:
    """One segment of a label array.

    Args:
        value: the label value.
        name: shown to the user.
        color: RGB in [0, 1].
        label_name: what it is, for the terminology; the name where empty.
    """

    value: int
    name: str
    color: Color
    label_name: str = ""


def add_segmentation(
    scene: Any,
    name: str,
    labels: npt.NDArray,
    grid: Grid,
    volume_node: Any,
    styles: Sequence[SegmentStyle],
    first_kji: tuple[int, int, int] = (0, 0, 0),
) -> Any:
    """Add a segmentation whose segments share one label image on the volume's grid, cropped to what is labelled.

    Args:
        labels: (k, j, i) on ``grid``, the volume's local grid, or on a part of it.
        volume_node: the segmentation's reference geometry.
        styles: the segments; label values that none of them has are left out.
        first_kji: index on ``grid`` of the labels' first voxel.
    """
    box = bounding_box(labels, margin=1)
    kind = np.uint8 if max((style.value for style in styles), default=0) < 256 else np.uint16
    first = tuple(start + one.start for start, one in zip(first_kji, box, strict=True))
    image = oriented_image(labels[box].astype(kind), grid, first)
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume_node)
    segmentation = node.GetSegmentation()
    segmentation.SetSourceRepresentationName(LABELMAP)
    segmentation.SetConversionParameter(
        slicer.vtkBinaryLabelmapToClosedSurfaceConversionRule.GetSmoothingFactorParameterName(), str(SURFACE_SMOOTHING)
    )
    for style in styles:
        segment = slicer.vtkSegment()
        segment.SetName(style.name)
        segment.SetColor(style.color)
        segment.SetLabelValue(style.value)
        segment.AddRepresentation(LABELMAP, image)
        tag_segment(segment, style.label_name or style.name)
        segmentation.AddSegment(segment)
    return node
