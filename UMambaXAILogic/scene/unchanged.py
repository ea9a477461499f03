"""Watching that voxels stay as they are while they are read in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from UMambaXAILogic.engine.errors import InputError

from .in_pieces import Pieces, ResultT


def while_unchanged(work: Pieces[ResultT], nodes: Sequence[Any]) -> Pieces[ResultT]:
    """The same work, which ends where somebody changes what it reads: half of it would be old and half of it new.

    Args:
        nodes: volumes, segmentations and other nodes that the work reads.

    Raises:
        InputError: what a volume or segmentation shows has changed, or a node was removed from the scene.
    """
    shown = [_shown(node) for node in nodes]
    try:
        while True:
            done = next(work)
            yield done
            for node, before in zip(nodes, shown, strict=True):
                if node.GetScene() is None:
                    raise InputError(f"'{node.GetName()}' was removed from the scene.", "Load it again.")
                if _shown(node) != before:
                    raise InputError(
                        f"'{node.GetName()}' was changed while it was being prepared.",
                        "Run it again, and leave it as it is for the first seconds.",
                    )
    except StopIteration as end:
        return end.value
    finally:
        work.close()


def _shown(node: Any) -> list[tuple[Any, int]]:
    """Which objects hold what a node shows, and when each was modified last."""
    if node.IsA("vtkMRMLSegmentationNode"):
        segmentation = node.GetSegmentation()
        source = segmentation.GetSourceRepresentationName()
        segments = map(segmentation.GetNthSegment, range(segmentation.GetNumberOfSegments()))
        held = [segment.GetRepresentation(source) for segment in segments]
    else:
        held = [node.GetImageData()] if node.IsA("vtkMRMLVolumeNode") else []
    return [(one, one.GetMTime()) for one in held if one is not None]
