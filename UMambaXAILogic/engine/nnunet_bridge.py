"""A volume in memory as nnU-Net's own readers would have read it from its file, and results back again.

nnU-Net reads files itself, in four ways that matter here: in storage order or turned to RAS, through SimpleITK or
through nibabel. Here a volume is read once and brought into the same form, so that a model sees the same numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import ModelError
from .grids import AxisOrder, order_towards, orientation_code, reordered
from .volume import Geometry, Volume

#: nnU-Net reader -> the orientation it turns images to; None where it keeps the storage order.
READERS: dict[str, str | None] = {
    "SimpleITKIO": None,
    "SimpleITKIOWithReorient": "RAS",
    "NibabelIO": None,
    "NibabelIOWithReorient": "RAS",
}
_PICTURE_READERS = ("NaturalImage2DIO", "Tiff3DIO")


def as_nnunet_input(volume: Volume, reader_writer_name: str) -> tuple[npt.NDArray[np.float32], dict[str, Any]]:
    """What nnU-Net's reader gives for a volume.

    Args:
        volume: as stored.
        reader_writer_name: ``image_reader_writer`` of the model's plans.

    Returns:
        float32 array (1, z, y, x) in the order the reader uses, possibly sharing memory with ``volume``, and the
        reader's properties: ``spacing`` (z, y, x) in mm, and what its writer needs.

    Raises:
        ModelError: the reader is for pictures, or not known.
    """
    array, properties = in_reader_order(volume, reader_writer_name)
    return array.astype(np.float32, copy=False), properties


def in_reader_order(volume: Volume, reader_writer_name: str) -> tuple[npt.NDArray, dict[str, Any]]:
    """The same in the volume's own type."""
    geometry = volume.geometry
    order = reader_order(geometry, reader_writer_name)
    array = np.ascontiguousarray(order.apply(volume.array)[None])
    placed = reordered(geometry, order)
    properties: dict[str, Any]
    if reader_writer_name.startswith("Nibabel"):
        # nibabel's spacings are float32, for they come from NIfTI headers.
        properties = {"nibabel_stuff": {"original_affine": geometry.affine_ras}}
        if READERS[reader_writer_name]:
            properties["nibabel_stuff"]["reoriented_affine"] = placed.affine_ras
        properties["spacing"] = [float(np.float32(spacing)) for spacing in placed.spacing_mm[::-1]]
    else:
        properties = {
            "sitk_stuff": {
                "spacing": placed.spacing_mm,
                "origin": placed.origin_mm,
                "direction": placed.direction,
            },
            "spacing": list(np.abs(placed.spacing_mm[::-1])),
        }
        if READERS[reader_writer_name]:
            properties["sitk_stuff"]["original_orientation"] = orientation_code(geometry)
    return array, properties


def from_nnunet_output(array: npt.NDArray, geometry: Geometry, reader_writer_name: str) -> npt.NDArray:
    """An array in the reader's order, (..., z, y, x), back in the storage order of a volume on ``geometry``."""
    return np.ascontiguousarray(reader_order(geometry, reader_writer_name).inverse.apply(array))


def reader_order(geometry: Geometry, reader_writer_name: str) -> AxisOrder:
    """The order in which a reader gives the voxels of a volume on ``geometry``.

    Raises:
        ModelError: the reader is for pictures, or not known.
    """
    if reader_writer_name in _PICTURE_READERS:
        raise ModelError(
            f"The model was trained on pictures without a position in a patient (reader {reader_writer_name}).",
            "Give a model trained on NIfTI, NRRD or MHA files.",
        )
    if reader_writer_name not in READERS:
        raise ModelError(f"The model's reader {reader_writer_name!r} is not known.", f"Known are {', '.join(READERS)}.")
    stored = orientation_code(geometry)
    return order_towards(stored, READERS[reader_writer_name] or stored)
