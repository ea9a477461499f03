"""Smooth random fields as sums of plane waves: the same at a point whatever grid it is evaluated on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


class PlaneWaves:
    """A zero-mean, unit-variance random scalar field over patient space.

    Args:
        generator: source of the waves' directions, lengths and phases.
        wavelength_mm: (shortest, longest).
        count: number of waves; more waves look less regular and cost more.
    """

    def __init__(self, generator: np.random.Generator, wavelength_mm: tuple[float, float], count: int = 16) -> None:
        directions = generator.normal(size=(count, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        lengths = generator.uniform(*wavelength_mm, size=(count, 1))
        self._wave_vectors = directions * (2 * np.pi / lengths)
        self._phases = generator.uniform(0, 2 * np.pi, size=count)
        self._amplitude = np.sqrt(2.0 / count)

    def at_points(self, points_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Values at points of shape (n, 3), in mm."""
        arguments = points_mm @ self._wave_vectors.T + self._phases
        return self._amplitude * np.cos(arguments).sum(axis=1)

    def on_grid(
        self, x_mm: npt.NDArray[np.float64], y_mm: npt.NDArray[np.float64], z_mm: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float32]:
        """Values on the grid spanned by three coordinate vectors, shape (z, y, x).

        A plane wave separates into a product over axes, which avoids a cosine for each voxel.
        """
        values = np.zeros((len(z_mm), len(y_mm), len(x_mm)), np.float32)
        for (kx, ky, kz), phase in zip(self._wave_vectors, self._phases, strict=True):
            in_plane = (ky * y_mm)[:, None] + (kx * x_mm)[None, :] + phase
            cosine, sine = np.cos(in_plane).astype(np.float32), np.sin(in_plane).astype(np.float32)
            for index, z in enumerate(z_mm):
                values[index] += np.float32(np.cos(kz * z)) * cosine - np.float32(np.sin(kz * z)) * sine
        return values * np.float32(self._amplitude)
