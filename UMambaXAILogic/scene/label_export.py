"""Segments or a label volume -> labels on a volume's grid, exactly where the lattices agree, else only if asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import slicer

from UMambaXAILogic.engine.errors import InputError, UsageError

from .grid import (
    Grid,
    copy_along_lattice,
    covers,
    image_array,
    local_grid,
    oriented_image,
    oriented_image_grid,
    parent_to_world,
)

#: In place of segment names: all of them together.
ALL_SEGMENTS = "all"


def segments_on_grid(
    segmentation_node: Any, segments: Sequence[str] | str | None, world_grid: Grid, role: str, resample: bool = False
) -> npt.NDArray[np.uint8]:
    """The chosen segments together, as a mask.

    Args:
        segments: names or ids; ``"all"``; None where there is only one.
        world_grid: the volume's grid in world coordinates.
        role: what the node is, for messages: "ground truth" or "region".
        resample: allow nearest-neighbour resampling of a segment on another lattice.

    Returns:
        (k, j, i) on ``world_grid``, 1 inside.

    Raises:
        InputError: unknown or ambiguous segments, no voxels, or another lattice without ``resample``.
    """
    to_world = parent_to_world(segmentation_node)
    mask = np.zeros(world_grid.size[::-1], dtype=np.uint8)
    for segment_id in choose_segments(segmentation_node, segments, role):
        image, exact = _segment_image(segmentation_node, segment_id, world_grid, to_world)
        if image is None:
            continue
        values = image_array(image)
        value = segmentation_node.GetSegmentation().GetSegment(segment_id).GetLabelValue() if exact else None
        inside = (values == value if value is not None else values > 0).astype(np.uint8)
        segment_grid = oriented_image_grid(image).moved(to_world)
        mask |= place_labels(inside, segment_grid, world_grid, segmentation_node.GetName(), role, resample)
    return mask


def choose_segments(segmentation_node: Any, segments: Sequence[str] | str | None, role: str) -> list[str]:
    """Ids of the segments meant by ``segments`` (see ``segments_on_grid``)."""
    segmentation = segmentation_node.GetSegmentation()
    ids = [segmentation.GetNthSegmentID(index) for index in range(segmentation.GetNumberOfSegments())]
    names = {segment_id: segmentation.GetSegment(segment_id).GetName() for segment_id in ids}
    listed = ", ".join(repr(name) for name in names.values())
    if not ids:
        raise InputError(f"The {role} '{segmentation_node.GetName()}' has no segments.", "Choose another one.")
    if segments == ALL_SEGMENTS:
        return ids
    if segments is None:
        if len(ids) > 1:
            raise InputError(
                f"The {role} '{segmentation_node.GetName()}' has {len(ids)} segments: {listed}.",
                "Name those that count, or pass 'all'.",
            )
        return ids
    wanted = [segments] if isinstance(segments, str) else list(segments)
    if not wanted:
        raise UsageError(f"An empty list of segments was given for the {role}.", f"Choose among {listed}.")
    chosen = []
    for one in wanted:
        matches = [segment_id for segment_id in ids if one in (segment_id, names[segment_id])]
        if not matches:
            raise InputError(f"The {role} has no segment {one!r}.", f"Choose among {listed}.")
        chosen += matches
    return chosen


def label_volume_on_grid(label_node: Any, world_grid: Grid, role: str, resample: bool = False) -> npt.NDArray:
    """A label volume's values on the volume's grid.

    A label volume that ends before the volume does is on another grid: nobody said that nothing is labelled there.

    Args:
        label_node: a label map volume, or a scalar volume with whole numbers.
        world_grid: the volume's grid in world coordinates.
        role: what the node is, for messages.
        resample: allow nearest-neighbour resampling from another grid.

    Returns:
        (k, j, i) on ``world_grid``, in the node's own type, or int32 where that is a floating-point type.

    Raises:
        InputError: no voxels, fractions, or another grid without ``resample``.
    """
    image = label_node.GetImageData()
    name = label_node.GetName()
    if image is None or image.GetNumberOfPoints() == 0:
        raise InputError(f"The {role} '{name}' has no voxels.", "Load it again.")
    if image.GetNumberOfScalarComponents() != 1:
        raise InputError(f"The {role} '{name}' has several values a voxel.", "Choose a label volume.")
    values = image_array(image)
    if not np.issubdtype(values.dtype, np.integer):
        if not np.isfinite(values).all() or (values != np.round(values)).any():
            raise InputError(f"The {role} '{name}' holds fractions, so it is no label volume.", "Choose another one.")
        values = values.astype(np.int32)
    grid = local_grid(label_node).moved(parent_to_world(label_node))
    if not resample and not covers(grid, world_grid):
        raise _other_grid(name, role, grid, world_grid)
    return place_labels(values, grid, world_grid, name, role, resample)


def place_labels(labels: npt.NDArray, source: Grid, target: Grid, name: str, role: str, resample: bool) -> npt.NDArray:
    """Labels (k, j, i) on ``source`` copied, or resampled if asked, onto ``target``.

    Raises:
        InputError: the lattices differ, or labels lie beyond ``target``, and ``resample`` is False.
    """
    copied = copy_along_lattice(labels, source, target)
    if copied is not None and (resample or np.count_nonzero(copied) == np.count_nonzero(labels)):
        return copied
    if not resample:
        if copied is not None:
            beyond = np.count_nonzero(labels) - np.count_nonzero(copied)
            raise InputError(
                f"{beyond} labelled voxels of the {role} '{name}' lie outside the volume.",
                f"Crop it to the volume, or choose the volume it belongs to.{_OR_ALLOW.get(role, '')}",
            )
        raise _other_grid(name, role, source, target)
    resampled = slicer.vtkOrientedImageData()
    reference = oriented_image(np.zeros(target.size[::-1], dtype=np.uint8), target)
    if not slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(
        oriented_image(labels, source), reference, resampled, False
    ):
        raise InputError(f"The {role} '{name}' cannot be resampled onto the volume.", "Resample it in Slicer first.")
    return image_array(resampled).copy()


#: What else helps, by role; a region is never resampled.
_OR_ALLOW = {"ground truth": " Or allow resampling (resampleGroundTruth=True)."}


def _other_grid(name: str, role: str, grid: Grid, volume_grid: Grid) -> InputError:
    return InputError(
        f"The {role} '{name}' lies on another grid than the volume. {role.capitalize()}: {grid}. "
        f"Volume: {volume_grid}.",
        f"Choose the one that belongs to this volume.{_OR_ALLOW.get(role, '')}",
    )


def _segment_image(
    segmentation_node: Any, segment_id: str, world_grid: Grid, to_world: npt.NDArray
) -> tuple[Any, bool]:
    """A segment's label image in segmentation coordinates, and whether it is the stored one.

    A segment that is drawn as a surface has no grid of its own: it is filled on the volume's.
    """
    segmentation = segmentation_node.GetSegmentation()
    segment = segmentation.GetSegment(segment_id)
    name = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
    source = segmentation.GetSourceRepresentationName()
    if source == name:
        image = segment.GetRepresentation(name)
        return (None, True) if image is None or image.GetNumberOfPoints() == 0 else (image, True)
    local = world_grid.moved(np.linalg.inv(to_world))
    geometry = slicer.vtkSegmentationConverter.SerializeImageGeometry(
        oriented_image(np.zeros(local.size[::-1], dtype=np.uint8), local)
    )
    copy = slicer.vtkSegmentation()
    copy.SetSourceRepresentationName(source)
    copy.CopySegmentFromSegmentation(segmentation, segment_id)
    copy.SetConversionParameter("Reference image geometry", geometry)
    if not copy.CreateRepresentation(name, True):
        raise InputError(
            f"The segment '{segment.GetName()}' of '{segmentation_node.GetName()}' cannot be turned into voxels.",
            "Create its binary labelmap in the Segmentations module first.",
        )
    return copy.GetSegment(segment_id).GetRepresentation(name), False
