"""A ground-truth node -> a label file on the volume's grid, for the worker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.errors import InputError

from .grid import local_grid, parent_to_world
from .in_pieces import Pieces, share
from .label_export import label_volume_in_pieces, segment_numbers, segments_in_pieces
from .nrrd_output import write_in_pieces
from .result_view.nodes import SEGMENTATION, find_result_of
from .stepwise import do_all

_ROLE = "ground truth"


def export_ground_truth(
    ground_truth_node: Any,
    volume_node: Any,
    path: Path,
    segments: Sequence[str] | str | None = None,
    resample: bool = False,
) -> None:
    """Write the ground truth at once; see ``ground_truth_in_pieces``."""
    do_all(ground_truth_in_pieces(ground_truth_node, volume_node, path, segments, resample))


def ground_truth_in_pieces(
    ground_truth_node: Any,
    volume_node: Any,
    path: Path,
    segments: Sequence[str] | str | None = None,
    resample: bool = False,
) -> Pieces[None]:
    """Write the ground truth on the volume's local grid; both nodes' parent transforms are taken into account.

    The file tells segments apart by their numbers, see ``segment_names``; where they overlap, the last one counts.

    Args:
        ground_truth_node: a segmentation, or a label (or whole-number scalar) volume.
        path: ends in ``.nrrd``.
        segments: names or ids of the segments that count, ``"all"``, or None where there is only one.
        resample: allow nearest-neighbour resampling from another grid.

    Raises:
        InputError: another kind of node, another grid without ``resample``, or ambiguous segments.
    """
    grid = local_grid(volume_node)
    world_grid = grid.moved(parent_to_world(volume_node))
    if ground_truth_node.IsA("vtkMRMLSegmentationNode"):
        labels = segments_in_pieces(ground_truth_node, segments, world_grid, _ROLE, resample, numbered=True)
    elif ground_truth_node.IsA("vtkMRMLScalarVolumeNode"):
        labels = label_volume_in_pieces(ground_truth_node, world_grid, _ROLE, resample)
    else:
        raise InputError(
            f"'{ground_truth_node.GetName()}' is a {ground_truth_node.GetClassName().removeprefix('vtkMRML')},"
            " not a ground truth.",
            "Choose a segmentation or a label volume.",
        )
    placed = yield from share(labels, 0.0, 0.6)
    yield from share(write_in_pieces(placed, grid, path), 0.6, 0.4)


def target_labels(ground_truth_node: Any) -> tuple[int, ...] | None:
    """The label values in the file that are the target where the node says so, else None: those of its segments.

    Those of segments that were not chosen are among them; the file has none of them.
    """
    return tuple(value for value, _name in segment_names(ground_truth_node)) or None


def segment_names(ground_truth_node: Any) -> tuple[tuple[int, str], ...]:
    """Label values in the file with the names of their segments; empty for what is no segmentation."""
    if not ground_truth_node.IsA("vtkMRMLSegmentationNode"):
        return ()
    segmentation = ground_truth_node.GetSegmentation()
    numbers = segment_numbers(ground_truth_node)
    return tuple((value, segmentation.GetSegment(segment_id).GetName()) for segment_id, value in numbers.items())


def is_prediction(node: Any) -> bool:
    """Whether a node is what an earlier run of this extension segmented."""
    result = find_result_of(node)
    return result is not None and result.get(SEGMENTATION) is node


def prediction_warnings(ground_truth_node: Any) -> tuple[tuple[str, str], ...]:
    """What to know of a ground truth that is none, as (code, message); empty where nothing is known against it."""
    if ground_truth_node is None or not is_prediction(ground_truth_node):
        return ()
    return (
        (
            "ground_truth_is_prediction",
            f"{ground_truth_node.GetName()} is what an earlier run segmented. Scores against it say how alike two "
            "predictions are, not how right one is.",
        ),
    )
