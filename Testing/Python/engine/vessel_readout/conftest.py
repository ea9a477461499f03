"""Tubes through a volume whose radius and axis are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest


@dataclass(frozen=True)
class Tube:
    """A straight tube through the middle of a volume.

    Args:
        mask: (z, y, x).
        across_mm: distance of every voxel centre from the axis.
        along_mm: its place along the axis, 0 in the middle.
    """

    mask: np.ndarray
    across_mm: np.ndarray
    along_mm: np.ndarray


@pytest.fixture
def make_tube() -> Callable[..., Tube]:
    def make(spacing_mm, direction, diameter_mm, size_mm=24.0, offset_mm=(0.0, 0.0, 0.0)) -> Tube:
        """``diameter_mm`` is a number, or a function of the place along the axis."""
        shape = [int(size_mm / step) | 1 for step in spacing_mm]
        axes = [(np.arange(count) - count // 2) * step for count, step in zip(shape, spacing_mm, strict=True)]
        points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1) - offset_mm
        unit = np.asarray(direction) / np.linalg.norm(direction)
        along = points @ unit
        across = np.linalg.norm(points - along[..., None] * unit, axis=-1)
        diameter = diameter_mm(along) if callable(diameter_mm) else diameter_mm
        return Tube(across <= diameter / 2, across, along)

    return make
