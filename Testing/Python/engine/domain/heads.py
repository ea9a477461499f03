"""Small synthetic heads and grids for the tests of domain statistics."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from UMambaXAILogic.engine.volume import Geometry

SHAPE = (24, 96, 96)
GEOMETRY = Geometry(SHAPE[::-1], (1.0, 1.0, 2.0))
AIR, BRAIN, BONE = -1000.0, 40.0, 1000.0


def clean_head(shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """HU of an upright elliptic cylinder of brain in a shell of bone, in air, slightly blurred."""
    _, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    radius = np.hypot((y - shape[1] / 2) / (0.31 * shape[1]), (x - shape[2] / 2) / (0.27 * shape[2]))
    plane = np.where(radius < 0.85, BRAIN, np.where(radius < 1, BONE, AIR))
    return np.repeat(gaussian_filter(plane, (0, 0.7, 0.7)), shape[0], axis=0)


def white_noise(seed: int = 0, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    """Standard normal noise."""
    return np.random.default_rng(seed).normal(size=shape)


def whole(array: np.ndarray) -> np.ndarray:
    """As a scanner stores it."""
    return np.rint(array).astype(np.int16)
