"""A box of voxels: the evaluation region of a public case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class Box:
    """Voxels ``low`` (included) to ``high`` (not included) along the array axes z, y, x."""

    low: Triple
    high: Triple

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index of the box in an array (z, y, x)."""
        z, y, x = (slice(low, high) for low, high in zip(self.low, self.high, strict=True))
        return z, y, x

    @property
    def voxels(self) -> int:
        """How many voxels it holds."""
        z, y, x = (max(0, high - low) for low, high in zip(self.low, self.high, strict=True))
        return z * y * x

    def within(self, other: Box) -> Box:
        """What both boxes hold."""
        return Box(_triple(map(max, self.low, other.low)), _triple(map(min, self.high, other.high)))

    def grown(self, voxels: Triple) -> Box:
        """Larger by so many voxels on either side of each axis."""
        return Box(
            _triple(low - more for low, more in zip(self.low, voxels, strict=True)),
            _triple(high + more for high, more in zip(self.high, voxels, strict=True)),
        )

    def mask(self, shape: Triple) -> npt.NDArray[np.bool_]:
        """True inside, on an array of ``shape``."""
        mask = np.zeros(shape, dtype=bool)
        mask[self.slices] = True
        return mask

    def to_json(self) -> dict[str, list[int]]:
        """First and last voxel, both included, along x, y, z."""
        return {"first": list(self.low[::-1]), "last": [high - 1 for high in self.high[::-1]]}


def whole(shape: Triple) -> Box:
    """Every voxel of an array."""
    return Box((0, 0, 0), shape)


def _triple(values) -> Triple:  # type: ignore[no-untyped-def]
    z, y, x = (int(value) for value in values)
    return z, y, x
