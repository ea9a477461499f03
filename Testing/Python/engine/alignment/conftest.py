"""Small volumes whose overlaps are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from UMambaXAILogic.engine.volume import Geometry


@pytest.fixture
def grid() -> Callable[..., Geometry]:
    """A geometry for an array shape (z, y, x)."""

    def make(shape: tuple[int, int, int], spacing_mm=(1.0, 1.0, 1.0), **options) -> Geometry:
        return Geometry(size=shape[::-1], spacing_mm=spacing_mm, **options)

    return make


@pytest.fixture
def mask_of() -> Callable[..., np.ndarray]:
    """A mask of shape (z, y, x) with the given boxes of slices filled."""

    def make(shape: tuple[int, int, int], *boxes: tuple[slice, slice, slice]) -> np.ndarray:
        mask = np.zeros(shape, bool)
        for box in boxes:
            mask[box] = True
        return mask

    return make
