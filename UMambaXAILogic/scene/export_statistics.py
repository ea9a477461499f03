"""A volume node and its vessels -> files in patient space, for measuring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import slicer

from UMambaXAILogic.engine.errors import InputError

from .export_volume import check_volume_node, is_phantom, volume_file
from .grid import Grid, image_array, local_grid, parent_to_world
from .in_pieces import Pieces, positive, share
from .label_export import label_volume_in_pieces, segments_in_pieces
from .nrrd_output import write_in_pieces
from .run_nodes import RUN_ATTRIBUTE
from .sequence_frame import name_with_frame
from .stepwise import do_all

_ROLE = "mask"
#: Largest cosine between two axes, as the readers of files have it.
_ORTHOGONAL_TOLERANCE = 1e-3


@dataclass(frozen=True)
class ExportedVolume:
    """What was written.

    Args:
        volume: NRRD file.
        vessels: NRRD file, 1 in the vessels; None without a mask.
        vessels_are: ``ground_truth`` or ``prediction``: who drew them.
        modality: such as ``CT``, from the DICOM tags of the volume; None where it has none.
    """

    volume: Path
    vessels: Path | None
    vessels_are: str
    modality: str | None


def export_for_statistics(
    volume_node: Any, folder: Path, mask_node: Any = None, segments: Sequence[str] | str | None = None
) -> ExportedVolume:
    """Write volume and mask at once; see ``statistics_in_pieces``."""
    return do_all(statistics_in_pieces(volume_node, folder, mask_node, segments))


def statistics_in_pieces(
    volume_node: Any, folder: Path, mask_node: Any = None, segments: Sequence[str] | str | None = None
) -> Pieces[ExportedVolume]:
    """Write the voxels and the mask where they lie in the patient: parent transforms are applied.

    Spacing and orientation are part of what is measured, so a volume under a transform counts as it lies in the scene.

    Args:
        volume_node: a scalar volume, under any rigid transform.
        folder: receives the files.
        mask_node: a segmentation, or a label (or whole-number scalar) volume; every label counts as vessel.
        segments: names or ids of the segments that count, ``"all"``, or None where there is only one.

    Raises:
        InputError: nodes that cannot be used; a transform that shears; a mask on another grid.
    """
    check_volume_node(volume_node)
    grid = local_grid(volume_node).moved(parent_to_world(volume_node))
    _check_orthogonal(volume_node, grid)
    drawn_here = mask_node is not None and mask_node.GetAttribute(RUN_ATTRIBUTE)
    modality = dicom_modality(volume_node)
    volume = volume_file(folder, name_with_frame(volume_node))
    writing = write_in_pieces(image_array(volume_node.GetImageData()), grid, volume, is_phantom(volume_node))
    vessels = None
    if mask_node is not None:
        vessels = folder / "vessels.nrrd"
        mask = yield from share(_mask(mask_node, grid, segments), 0.0, 0.3)
        yield from share(write_in_pieces(mask, grid, vessels), 0.3, 0.2)
    yield from share(writing, 0.5, 0.5)
    return ExportedVolume(volume, vessels, "prediction" if drawn_here else "ground_truth", modality)


def dicom_modality(volume_node: Any) -> str | None:
    """The modality in the volume's DICOM tags; None where it was loaded from another kind of file."""
    hierarchy = volume_node.GetScene().GetFirstNodeByClass("vtkMRMLSubjectHierarchyNode")
    item = 0 if hierarchy is None else hierarchy.GetItemByDataNode(volume_node)  # looking must not make one
    name = slicer.vtkMRMLSubjectHierarchyConstants.GetDICOMSeriesModalityAttributeName()
    return (hierarchy.GetItemAttribute(item, name) or None) if item else None


def _mask(mask_node: Any, world_grid: Grid, segments: Sequence[str] | str | None) -> Pieces[np.ndarray]:
    if mask_node.IsA("vtkMRMLSegmentationNode"):
        return (yield from segments_in_pieces(mask_node, segments, world_grid, _ROLE))
    if mask_node.IsA("vtkMRMLScalarVolumeNode"):
        labels = yield from share(label_volume_in_pieces(mask_node, world_grid, _ROLE), 0.0, 0.7)
        return (yield from share(positive(labels), 0.7, 0.3))
    raise InputError(
        f"'{mask_node.GetName()}' is a {mask_node.GetClassName().removeprefix('vtkMRML')}, not a mask.",
        "Choose a segmentation or a label volume.",
    )


def _check_orthogonal(volume_node: Any, grid: Grid) -> None:
    axes = grid.ijk_to_ras[:3, :3] / np.linalg.norm(grid.ijk_to_ras[:3, :3], axis=0)
    cosines = np.abs(axes.T @ axes - np.eye(3))
    if cosines.max() > _ORTHOGONAL_TOLERANCE:
        raise InputError(
            f"'{volume_node.GetName()}' lies under a transform that shears it, so its voxels have no spacing in "
            "patient space.",
            "Take it out of the transform, or harden the transform on it and resample it first.",
        )
