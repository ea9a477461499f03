"""A volume: an array with its geometry in patient space. Nothing guesses an orientation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import nibabel

#: Written into every image made from a phantom, where its format has room for a description. NIfTI keeps 79 characters.
PHANTOM_DESCRIPTION = "UMambaXAI phantom (synthetic, not a patient)"


@dataclass(frozen=True)
class Geometry:
    """Where voxels lie, in SimpleITK's convention (LPS, axes x, y, z).

    Args:
        size: voxels along x, y, z.
        spacing_mm: (x, y, z).
        origin_mm: LPS position of the first voxel's centre.
        direction: 3 x 3 row-major direction cosines; column i is the direction of array axis x, y or z.
    """

    size: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    origin_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Array shape (z, y, x)."""
        return self.size[::-1]

    @property
    def affine_lps(self) -> npt.NDArray[np.float64]:
        """4 x 4 matrix from voxel indices (x, y, z) to LPS mm."""
        affine = np.eye(4)
        affine[:3, :3] = np.reshape(self.direction, (3, 3)) * np.asarray(self.spacing_mm)
        affine[:3, 3] = self.origin_mm
        return affine

    @property
    def affine_ras(self) -> npt.NDArray[np.float64]:
        """4 x 4 matrix from voxel indices (x, y, z) to RAS mm."""
        return np.diag([-1.0, -1.0, 1.0, 1.0]) @ self.affine_lps

    @property
    def superior_axis(self) -> int:
        """Array axis (0 = z, 1 = y, 2 = x) that lies nearest to superior-inferior; slices are counted along it."""
        superior = np.abs(np.reshape(self.direction, (3, 3))[2])
        return 2 - int(np.argmax(superior))


@dataclass(frozen=True)
class Volume:
    """An image and where it lies.

    Args:
        array: (z, y, x), real-valued.
        geometry: its grid.
        is_phantom: it was generated, or derived from something generated: no patient.
        nifti_header: the header of the NIfTI file it was read from, so that results carry the very same position
            fields; None otherwise.
    """

    array: npt.NDArray
    geometry: Geometry
    is_phantom: bool = False
    nifti_header: nibabel.Nifti1Header | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.array.shape != self.geometry.shape:
            raise ValueError(f"array of shape {self.array.shape} on a grid of shape {self.geometry.shape}")
