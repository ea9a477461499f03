"""A ground-truth node -> a label file on the volume's grid, for the worker."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from UMambaXAILogic.engine.errors import InputError

from .export_volume import write_array
from .grid import local_grid, parent_to_world
from .label_export import label_volume_on_grid, segments_on_grid

_ROLE = "ground truth"


def export_ground_truth(
    ground_truth_node: Any,
    volume_node: Any,
    path: Path,
    segments: Sequence[str] | str | None = None,
    resample: bool = False,
) -> tuple[int, ...] | None:
    """Write the ground truth on the volume's local grid; both nodes' parent transforms are taken into account.

    Args:
        ground_truth_node: a segmentation, or a label (or whole-number scalar) volume.
        path: ends in ``.nrrd``.
        segments: names or ids of the segments that count, ``"all"``, or None where there is only one.
        resample: allow nearest-neighbour resampling from another grid.

    Returns:
        The label values that are the target where the node says so, else None: for segments (1,).

    Raises:
        InputError: another kind of node, another grid without ``resample``, or ambiguous segments.
    """
    grid = local_grid(volume_node)
    world_grid = grid.moved(parent_to_world(volume_node))
    if ground_truth_node.IsA("vtkMRMLSegmentationNode"):
        write_array(segments_on_grid(ground_truth_node, segments, world_grid, _ROLE, resample), grid, path)
        return (1,)
    if not ground_truth_node.IsA("vtkMRMLScalarVolumeNode"):
        raise InputError(
            f"'{ground_truth_node.GetName()}' is a {ground_truth_node.GetClassName().removeprefix('vtkMRML')},"
            " not a ground truth.",
            "Choose a segmentation or a label volume.",
        )
    write_array(label_volume_on_grid(ground_truth_node, world_grid, _ROLE, resample), grid, path)
    return None
