"""Whether two images hold the same voxels, without keeping either."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt


def voxels_sha256(array: npt.NDArray) -> str:
    """SHA-256 of the voxels as little-endian float32 in the array's order.

    Values are what counts, not the type that a format stores them in: the same series read from DICOM and from a NIfTI
    or NRRD file made of it without interpolation have the same one, once they are in the same order.

    Args:
        array: (z, y, x), real-valued.
    """
    digest = hashlib.sha256()
    for plane in array:  # a plane at a time: no second copy of the whole array
        digest.update(np.ascontiguousarray(plane.astype("<f4") + np.float32(0)).data)  # -0.0 becomes 0.0
    return digest.hexdigest()
