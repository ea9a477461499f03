"""A label file on the volume's grid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .. import grids
from ..errors import InputError
from ..volume import Geometry, Volume
from .read import read_volume

#: What to do about a ground truth or a region on another grid than the volume.
RESAMPLE_REMEDY = (
    "Resample it in the program it was made with, or let it be resampled here, to the nearest neighbour (in a terminal "
    "--resample-gt, in Python resampleGroundTruth=True)."
)

Labels = npt.NDArray[np.unsignedinteger] | npt.NDArray[np.signedinteger]


def read_ground_truth(
    path: Path | str,
    geometry: Geometry,
    *,
    labels: Sequence[int] | None = None,
    resample: bool = False,
    other_grid_remedy: str = RESAMPLE_REMEDY,
) -> Labels:
    """Read label values onto a volume's grid.

    A file that stores the same voxels in another axis order (say RAS beside an LPS volume) is reordered without loss.

    Args:
        path: NIfTI, NRRD or MetaImage file, or a folder with one DICOM series.
        geometry: the volume's grid.
        labels: keep these values only and set all others to 0; None keeps all.
        resample: carry labels from another grid to this one, nearest neighbour in patient space; 0 outside.
        other_grid_remedy: what to do where another grid is refused.

    Returns:
        (z, y, x), the smallest integer type that holds the values.

    Raises:
        InputError: unreadable; values that are not whole numbers; another grid and ``resample`` not asked for (both
            grids are printed); resampled, and no labelled voxel comes to lie on the volume's grid.
    """
    volume, _ = read_volume(path)
    values = _whole_numbers(volume.array, Path(path))
    if labels is not None:
        values = np.where(np.isin(values, np.asarray(labels, dtype=np.int64)), values, values.dtype.type(0))
    order = grids.order_onto(volume.geometry, geometry)
    if order is not None:
        return np.ascontiguousarray(order.apply(values))
    if not resample:
        raise _other_grid(Path(path), volume.geometry, geometry, other_grid_remedy)
    resampled = resample_labels(Volume(values, volume.geometry), geometry)
    if values.any() and not resampled.any():
        raise InputError(
            f"None of the {int(np.count_nonzero(values))} labelled voxels of {path} lies inside the volume:\n"
            + grids.side_by_side("volume", geometry, "this file", volume.geometry)
            + "\n",
            "Check that both belong to the same patient and scan.",
        )
    return resampled


def check_same_voxels(path: Path, found: Geometry, geometry: Geometry, other_grid_remedy: str) -> None:
    """Refuse a label file that does not lie on the volume's grid, in whatever axis order.

    Args:
        path: of the label file.
        found: its grid.
        geometry: the volume's.
        other_grid_remedy: what to do about it.

    Raises:
        InputError: it lies on another grid; both are printed.
    """
    if grids.order_onto(found, geometry) is None:
        raise _other_grid(path, found, geometry, other_grid_remedy)


def _other_grid(path: Path, found: Geometry, geometry: Geometry, remedy: str) -> InputError:
    return InputError(
        f"{path} lies on another grid than the volume ('!' marks what differs):\n"
        + grids.side_by_side("volume", geometry, "this file", found)
        + "\n",
        remedy,
    )


def check_ground_truth(labels: npt.NDArray[np.integer], volume: Volume, path: Path | str) -> None:
    """Refuse an image in the place of a label file: scores against "every value > 0" of it would look real.

    Raises:
        InputError: it has negative values, or those of the volume.
    """
    if np.array_equal(labels, volume.array):
        raise InputError(
            f"The ground truth {path} holds the values of the volume: it is the image itself.",
            "Give the segmentation that belongs to it.",
        )
    lowest = int(labels.min())
    if lowest < 0:
        raise InputError(
            f"The ground truth {path} has values from {lowest} to {int(labels.max())}, so it is no label file.",
            "Give a segmentation: 0 where nothing is marked, whole numbers above 0 elsewhere.",
        )


def resample_labels(labels: Volume, geometry: Geometry) -> Labels:
    """Label values at the voxel centres of another grid, nearest neighbour; 0 where the labels do not reach.

    A label voxel reaches half a voxel beyond its centre.
    """
    to_index = np.linalg.inv(labels.geometry.affine_lps) @ geometry.affine_lps
    size = np.array(labels.geometry.size)
    result = np.zeros(geometry.shape, dtype=labels.array.dtype)
    x, y = np.arange(geometry.size[0]), np.arange(geometry.size[1])
    for z in range(geometry.size[2]):
        nearest, inside = [], np.ones(geometry.shape[1:], dtype=bool)
        for axis in range(3):
            row = to_index[axis]
            index = np.rint((row[0] * x)[None, :] + (row[1] * y)[:, None] + (row[2] * z + row[3])).astype(np.int64)
            inside &= (index >= 0) & (index < size[axis])
            nearest.append(index)
        i, j, k = (index[inside] for index in nearest)
        result[z][inside] = labels.array[k, j, i]
    return result


def _whole_numbers(array: npt.NDArray, path: Path) -> Labels:
    if array.dtype.kind == "f":
        for plane in array:
            fractions = plane != np.rint(plane)
            if fractions.any():
                raise InputError(
                    f"{path} has values that are not whole numbers, such as {float(plane[fractions][0]):g}, so it is "
                    "no label file.",
                    "Give a segmentation; a probability map must be thresholded first.",
                )
    low, high = int(array.min()), int(array.max())
    if low < -(2**31) or high >= 2**32:
        raise InputError(f"{path} has values from {low} to {high}, which are no labels.", "Give a segmentation.")
    return array.astype(np.promote_types(np.min_scalar_type(low), np.min_scalar_type(high)), copy=False)
