"""Segments or a label volume -> labels on a volume's grid, exactly where the lattices agree, else only if asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import slicer

from UMambaXAILogic.engine.errors import InputError, UsageError

from .grid import Grid, covers, empty_image, image_array, local_grid, oriented_image_grid, overlap, parent_to_world
from .in_pieces import SMALL_PIECE_VOXELS, Pieces, share, slabs
from .label_placing import Labels, other_grid, place
from .segments import LABELMAP
from .stepwise import do_all

#: In place of segment names: all of them together.
ALL_SEGMENTS = "all"


def segments_on_grid(
    segmentation_node: Any, segments: Sequence[str] | str | None, world_grid: Grid, role: str, resample: bool = False
) -> npt.NDArray[np.uint8]:
    """The chosen segments together, as a mask, at once; see ``segments_in_pieces``."""
    return do_all(segments_in_pieces(segmentation_node, segments, world_grid, role, resample))


def segments_in_pieces(
    segmentation_node: Any,
    segments: Sequence[str] | str | None,
    world_grid: Grid,
    role: str,
    resample: bool = False,
    *,
    numbered: bool = False,
) -> Pieces[npt.NDArray[np.unsignedinteger]]:
    """The chosen segments together, as a mask.

    A segment that is drawn as a surface is filled by one call of Slicer, which is one piece however long it takes.

    Args:
        segments: names or ids; ``"all"``; None where there is only one.
        world_grid: the volume's grid in world coordinates.
        role: what the node is, for messages: "ground truth" or "region".
        resample: allow nearest-neighbour resampling of a segment on another lattice.
        numbered: tell the segments apart, see ``segment_numbers``; where they overlap, the last one counts.

    Returns:
        (k, j, i) on ``world_grid``, 1 inside, or the number of the segment.

    Raises:
        InputError: unknown or ambiguous segments, no voxels, or another lattice without ``resample``.
    """
    to_world = parent_to_world(segmentation_node)
    name = segmentation_node.GetName()
    chosen = choose_segments(segmentation_node, segments, role)
    is_stored = segmentation_node.GetSegmentation().GetSourceRepresentationName() == LABELMAP
    if is_stored and not resample:
        for segment_id in chosen:
            image = _stored_image(segmentation_node, segment_id)
            grid = world_grid if image is None else oriented_image_grid(image).moved(to_world)
            if overlap(grid, world_grid) is None:
                raise other_grid(name, role, grid, world_grid)
    yield 0.0
    numbers = segment_numbers(segmentation_node) if numbered else dict.fromkeys(chosen, 1)
    mask = np.zeros(world_grid.size[::-1], np.uint8 if max(numbers.values()) < 256 else np.uint16)
    for number, segment_id in enumerate(chosen):
        if is_stored:
            image = _stored_image(segmentation_node, segment_id)
            value = segmentation_node.GetSegmentation().GetSegment(segment_id).GetLabelValue()
        else:
            image, value = _filled_image(segmentation_node, segment_id, world_grid, to_world), None
            yield number / len(chosen)
        if image is None:
            continue
        grid = oriented_image_grid(image).moved(to_world)
        become = mask.dtype.type(numbers[segment_id])

        def inside(values: npt.NDArray, value: int | None = value, become: np.unsignedinteger = become) -> npt.NDArray:
            return _inside(values, value) * become

        labels = Labels(image_array(image), grid, name, role, inside)
        yield from share(place(labels, mask, world_grid, resample), number / len(chosen), 1 / len(chosen))
    return mask


def _inside(values: npt.NDArray, value: int | None) -> npt.NDArray[np.uint8]:
    """1 where the values of a segment's image say so; those of a shared one by the segment's own value."""
    inside: npt.NDArray[np.bool_] = values > 0 if value is None else values == value
    return inside.view(np.uint8)


def segment_numbers(segmentation_node: Any) -> dict[str, int]:
    """Number of each segment by its id: its place in the node, from 1, whichever of them are chosen."""
    segmentation = segmentation_node.GetSegmentation()
    return {segmentation.GetNthSegmentID(index): index + 1 for index in range(segmentation.GetNumberOfSegments())}


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


def label_volume_in_pieces(label_node: Any, world_grid: Grid, role: str, resample: bool = False) -> Pieces[npt.NDArray]:
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
    grid = local_grid(label_node).moved(parent_to_world(label_node))
    if not resample and (not covers(grid, world_grid) or overlap(grid, world_grid) is None):
        raise other_grid(name, role, grid, world_grid)
    values = image_array(image)
    yield 0.0
    if not np.issubdtype(values.dtype, np.integer):
        values = yield from share(_whole_numbers(values, name, role), 0.0, 0.5)
    placed = np.zeros(world_grid.size[::-1], dtype=values.dtype)
    yield from share(place(Labels(values, grid, name, role), placed, world_grid, resample), 0.5, 0.5)
    return placed


def _whole_numbers(values: npt.NDArray, name: str, role: str) -> Pieces[npt.NDArray[np.int32]]:
    whole = np.empty(values.shape, dtype=np.int32)
    for piece in slabs(values.shape, SMALL_PIECE_VOXELS):
        yield piece.start / len(values)
        some = values[piece]
        if not np.isfinite(some).all() or (some != np.round(some)).any():
            raise InputError(f"The {role} '{name}' holds fractions, so it is no label volume.", "Choose another one.")
        whole[piece] = some
    return whole


def _stored_image(segmentation_node: Any, segment_id: str) -> Any:
    """A segment's label image in segmentation coordinates; None where nothing is drawn."""
    image = segmentation_node.GetSegmentation().GetSegment(segment_id).GetRepresentation(LABELMAP)
    return None if image is None or image.GetNumberOfPoints() == 0 else image


def _filled_image(segmentation_node: Any, segment_id: str, world_grid: Grid, to_world: npt.NDArray) -> Any:
    """The label image of a segment that is drawn as a surface: that has no grid, so it is filled on the volume's."""
    segmentation = segmentation_node.GetSegmentation()
    local = empty_image(world_grid.moved(np.linalg.inv(to_world)))
    copy = slicer.vtkSegmentation()
    copy.SetSourceRepresentationName(segmentation.GetSourceRepresentationName())
    copy.CopySegmentFromSegmentation(segmentation, segment_id)
    copy.SetConversionParameter(
        "Reference image geometry", slicer.vtkSegmentationConverter.SerializeImageGeometry(local)
    )
    if not copy.CreateRepresentation(LABELMAP, True):
        raise InputError(
            f"The segment '{segmentation.GetSegment(segment_id).GetName()}' of '{segmentation_node.GetName()}' cannot "
            "be turned into voxels.",
            "Create its binary labelmap in the Segmentations module first.",
        )
    return copy.GetSegment(segment_id).GetRepresentation(LABELMAP)
